import { homedir } from 'node:os'

import { formatDuration } from '../../base/format.ts'
import type { PlanDocument } from '../../service/control/documents.ts'
import { pausePlan } from '../../service/plans/edit-plans.ts'
import type { CliContext } from '../context.ts'
import { placesOf, shownOf, shownTime, stateOf } from '../control-format.ts'
import { EXIT_DONE, EXIT_USAGE } from '../exit-codes.ts'
import { findDaemon, NO_DAEMON_RUNS, openDesk, requireDaemon } from '../open-desk.ts'
import { missedLines, sayInForce } from '../plan-format.ts'
import { table } from '../table.ts'

export interface RunPlanFlags {
  readonly step?: string
}

/** Lists the plans with what each of their steps did last, and does next. */
export async function listPlans(context: CliContext): Promise<number> {
  const { output } = context
  await using open = await openDesk(context)
  const { plans } = await open.desk.plans()
  // Without a daemon, reading the plans has failed with it.
  const { mistake } = (await open.daemon?.status()) ?? { mistake: null }
  if (output.json) output.document({ plans, daemon: open.daemon !== undefined, mistake })
  else if (plans.length > 0 || mistake === null) tellPlans(context, plans, open.daemon !== undefined)
  if (mistake === null) return EXIT_DONE
  for (const line of mistake.message.split('\n')) output.error(`tidemark: ${shownOf(line)}`)
  output.error(`hint: ${sayInForce(plans.length)} Correct the file: it is taken up at once.`)
  return EXIT_USAGE
}

function tellPlans({ clock, output }: CliContext, plans: readonly PlanDocument[], isDaemonThere: boolean): void {
  if (plans.length === 0) {
    output.message('There is no plan yet: examples/plans.yaml shows what the configuration says of one.')
    return
  }
  for (const line of [...planLines(plans, clock.nowMs()), ...missedLines(plans)]) output.line(line)
  if (!isDaemonThere) {
    output.message(NO_DAEMON_RUNS)
  }
}

function planLines(plans: readonly PlanDocument[], nowMs: number): string[] {
  const rows = plans.flatMap((plan) => plan.steps.map((step, at) => ({ plan, step, isFirst: at === 0 })))
  return table(
    [
      { title: 'Plan', value: ({ plan, isFirst }) => (isFirst ? plan.name : '') },
      { title: 'Step', value: ({ step }) => step.name },
      { title: 'Repository', value: ({ step }) => placesOf(step) },
      { title: 'Done', value: ({ step }) => shownTime(step.done) },
      { title: 'Last', value: ({ step }) => lastOf(step) },
      { title: 'Next', value: ({ plan, step }) => (plan.paused ? 'paused' : nextText(step.next, nowMs)) },
      { title: '', value: ({ plan, isFirst }) => (isFirst ? remarkOn(plan) : '') },
    ],
    rows,
  )
}

/** What is due is begun at once, or waits: the list of jobs says what for. */
function nextText(next: string | null, nowMs: number): string {
  return next !== null && Date.parse(next) <= nowMs ? 'now' : shownTime(next)
}

function lastOf({ lastState, lastExitCode }: PlanDocument['steps'][number]): string {
  return lastState === null ? '' : stateOf({ state: lastState, exitCode: lastExitCode })
}

function remarkOn({ triggers, proof }: PlanDocument): string {
  const when = triggers.length === 0 ? 'only by hand' : shownOf(triggers.join('; '))
  return proof === null
    ? when
    : `${when}; back in ${formatDuration(proof.wouldTakeMs)}, proven ${shownTime(proof.time)}`
}

/** Has the daemon run a plan now. */
export async function runPlan(context: CliContext, name: string, { step }: RunPlanFlags): Promise<undefined> {
  const { output } = context
  await using daemon = await requireDaemon(context)
  const { jobs } = await daemon.runPlan(name, step)
  if (output.json) {
    output.document({ plan: name, jobs })
    return
  }
  for (const { id, command, step: of } of jobs) output.line(`Job ${id}: ${shownOf(command)} (${shownOf(of)})`)
  output.message('`tidemark job show ID --follow` shows how they go.')
}

/** Pauses a plan, or lets it go on: in the configuration, so that it holds whether a daemon runs or not. */
export async function setPaused(context: CliContext, name: string, paused: boolean): Promise<undefined> {
  const { output, paths } = context
  await using daemon = await findDaemon(context)
  if (daemon === undefined) await pausePlan({ file: paths.configFile, home: homedir() }, name, paused)
  else await daemon.pausePlan(name, paused)
  if (output.json) output.document({ plan: name, paused })
  else output.message(paused ? `"${name}" is paused: nothing of it runs by itself.` : `"${name}" goes on.`)
}
