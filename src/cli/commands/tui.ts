import { statSync } from 'node:fs'
import { homedir } from 'node:os'

import { UsageError } from '../../base/errors.ts'
import type { Application } from '../../service/application/port.ts'
import type { CliContext } from '../context.ts'
import { sayLater } from '../say-later.ts'
import { terminalLooks } from '../terminal-looks.ts'

/** Opens the dashboard and returns when it is left. */
export async function tuiCommand(context: CliContext): Promise<undefined> {
  const { clock, sayWhenInterrupted, signal, surroundings } = context
  const { stdin, stdout, stderr } = process
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new UsageError('BAD_ARGUMENT', 'the dashboard needs a terminal', {
      hint: 'Without one, commands do the same: see `tidemark help`.',
    })
  }
  sayWhenInterrupted('the dashboard is closed')
  const { openDashboard } = await import('../../../tui/open-dashboard.tsx')
  const looks = terminalLooks(surroundings.environment)
  const beginning = { home: homedir(), hasNothing: hasNothing(context) }
  await sayLater(context, async (quiet) => {
    const open = async (): Promise<Application> => (await import('../open-application.ts')).openApplication(quiet)
    await openDashboard(open, { stdin, stdout, stderr }, { ...looks, ...beginning, clock, signal })
  })
  return undefined
}

/** Nothing was named, and there is no configuration: known without the code that reads one. */
function hasNothing({ paths, repository }: CliContext): boolean {
  if (repository !== undefined) return false
  try {
    return statSync(paths.configFile, { throwIfNoEntry: false }) === undefined
  } catch {
    // Why it cannot be looked at is told by what reads it.
    return false
  }
}
