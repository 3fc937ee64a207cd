import { setTimeout as sleep } from 'node:timers/promises'

import { DaemonError, UsageError } from '../../base/errors.ts'
import type { StatusDocument } from '../../service/control/documents.ts'
import type { CliContext } from '../context.ts'
import { shownOf, shownTime } from '../control-format.ts'
import { findDaemon, requireDaemon } from '../open-desk.ts'

/** What runs is given time to store what it has. */
const STOP_MS_MAX = 90_000
const LOOK_MS = 100

/** Tells how the daemon stands. */
export async function daemonStatus(context: CliContext): Promise<undefined> {
  const { output } = context
  await using daemon = await requireDaemon(context)
  const status = await daemon.status()
  if (output.json) output.document(status)
  else for (const line of statusLines(status)) output.line(line)
}

function statusLines(status: StatusDocument): string[] {
  const { pid, version, started, plans, jobsRunning, jobsQueued, mistake, notificationsActive } = status
  const rows: [string, string][] = [
    ['Daemon', `${status.stopping ? 'is stopping' : 'runs'}: process ${pid}, version ${shownOf(version)}`],
    ['Since', shownTime(started)],
    ['Plans', String(plans)],
    ['Next', shownTime(status.next)],
    ['Jobs', `${jobsRunning} running, ${jobsQueued} queued`],
    ['Unlocked', status.unlocked.map(({ location }) => shownOf(location)).join(', ')],
    ['Waits', status.locked.map((repository) => `for \`tidemark unlock ${shownOf(repository)}\``).join(', ')],
    ['To tell', notificationsActive === 0 ? '' : `${notificationsActive}: see \`tidemark notification list\``],
    ...(mistake?.message ?? '')
      .split('\n')
      .map((line, at): [string, string] => [at === 0 ? 'Mistake' : '', shownOf(line)]),
  ]
  return rows.filter(([, text]) => text !== '').map(([title, text]) => `${title.padEnd(8)}  ${text}`)
}

/** Ends the daemon; what runs stores what it has, and goes on the next time. Returns once it is gone. */
export async function stopDaemon(context: CliContext): Promise<undefined> {
  const { clock, output, signal } = context
  const { pid } = await requestStop(context)
  const endMs = clock.monotonicMs() + STOP_MS_MAX
  while (await answers(context)) {
    if (clock.monotonicMs() > endMs) {
      throw new DaemonError('DAEMON_FAILED', `the daemon (process ${pid}) is still stopping`, {
        context: { pid },
        retry: 'transient',
        hint: 'It waits for its jobs to store what they have; `tidemark daemon status` tells.',
      })
    }
    await sleep(LOOK_MS, undefined, { signal })
  }
  if (output.json) output.document({ pid, stopped: true })
  else output.message('The daemon has ended.')
}

async function requestStop(context: CliContext): Promise<StatusDocument> {
  await using daemon = await requireDaemon(context)
  const status = await daemon.status()
  await daemon.stop()
  return status
}

async function answers(context: CliContext): Promise<boolean> {
  await using daemon = await findDaemon(context)
  return daemon !== undefined
}

/** Has the daemon read its configuration again. */
export async function reloadDaemon(context: CliContext): Promise<undefined> {
  const { output } = context
  await using daemon = await requireDaemon(context)
  const { mistake } = await daemon.reload()
  if (mistake !== null) {
    throw new UsageError('BAD_CONFIGURATION', mistake.message, {
      hint: mistake.hint ?? 'What was in force before stays so.',
    })
  }
  if (output.json) output.document({ reloaded: true })
  else output.message('The configuration was read again.')
}
