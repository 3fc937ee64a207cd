import { leaveMemoryOutOfCoreDumps } from './core-dumps.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { takeSecretVariables } from './secret-variables.ts'
import { toolVersion } from './version.ts'

/** Runs the command line `words` (without interpreter and script) and ends the process with its exit code. */
export async function main(words: readonly string[]): Promise<void> {
  // Asked for in scripts and by people who wait: answered before anything is loaded.
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${toolVersion()}\n`)
    return
  }
  leaveMemoryOutOfCoreDumps()
  const variables = takeSecretVariables(process.env)
  const parts = { environment: process.env, variables }
  const { exitCode, output } =
    words.length === 0 && process.stdin.isTTY && process.stdout.isTTY
      ? await (await import('./run-dashboard.ts')).runDashboard(parts)
      : await (await import('./run-program.ts')).runProgram({ words, ...parts })
  process.exitCode = exitCode
  await output?.flushed()
  // Nothing is left to do: not waiting for idle threads and handles makes every command a little faster.
  if (exitCode !== EXIT_DONE || process.stdout.writableLength === 0) process.exit()
}
