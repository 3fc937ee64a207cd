import { tuiCommand } from './commands/tui.ts'
import { type ProcessParts, runCommand } from './run-command.ts'

/**
 * Runs the dashboard as `tidemark tui` does, to its end. Whoever types `tidemark` alone waits for it: no other command is
 * even defined.
 */
export async function runDashboard(parts: ProcessParts): Promise<number> {
  return runCommand(parts, { progress: true }, tuiCommand)
}
