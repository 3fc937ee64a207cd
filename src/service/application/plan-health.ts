import { lstatSync } from 'node:fs'

import { errnoOf } from '../../base/errors.ts'
import { formatDuration } from '../../base/format.ts'
import { MountAnswers } from '../../base/posix/mount-answers.ts'
import { numberOf } from '../../base/number-of.ts'
import type { InstanceId } from '../../base/ids.ts'
import { missedPromises } from '../daemon/missed-promises.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Plan } from '../plans/plan.ts'
import type { HealthFinding } from './shown.ts'
import { shownText } from './shown-text.ts'

/** What is known of a plan, to tell how it is. */
export interface PlanHealth {
  readonly plan: Plan
  /** Folders and files that it keeps, and that are not there. */
  readonly gone: readonly string[]
  /** When the last point of it was made; `undefined`: this machine knows of none. */
  readonly lastPointMs: number | undefined
  /** How long a restore of everything would take by the last proof. */
  readonly wouldTakeMs: number | undefined
}

/** Looks at what a plan keeps, and at what became of its jobs. */
export async function planHealth(
  plan: Plan,
  { store, instance }: { readonly store: JobStore; readonly instance: InstanceId },
): Promise<Omit<PlanHealth, 'wouldTakeMs'>> {
  const steps = plan.steps.filter(({ kind }) => kind === 'full' || kind === 'incremental')
  const lists = await Promise.all(
    steps.map(({ name }) => store.list({ instance, plan: plan.name, step: name, states: ['done'], limit: 1 })),
  )
  const times = lists.flatMap(({ jobs: [last] }) => last?.finishedMs ?? [])
  const paths = plan.source.kind === 'paths' ? plan.source.paths : []
  const answers = new MountAnswers()
  const gone: string[] = []
  for (const path of paths) if ((await answers.reaches(path)) && isGone(path)) gone.push(path)
  return { plan, gone, lastPointMs: times.length === 0 ? undefined : Math.max(...times) }
}

/** Returns what is wrong with a plan: what it keeps is gone, or what it promises is not so. */
export function planFindings({ plan, gone, lastPointMs, wouldTakeMs }: PlanHealth, nowMs: number): HealthFinding[] {
  if (plan.paused) return []
  const { name, repository } = plan
  const red = (message: string): HealthFinding => {
    return { color: 'red', message: shownText(message), fix: 'plans', repository: shownText(repository) }
  }
  const [first] = gone
  const others = gone.length > 1 ? ` (and ${numberOf(gone.length - 1, 'other')})` : ''
  // A plan that made no point yet is late for nothing.
  const kept = { sinceMs: nowMs, lastPointMs, wouldTakeMs, nowMs }
  return [
    ...(first === undefined ? [] : [red(`${first}${others} is gone, which the plan "${name}" keeps`)]),
    ...missedPromises(plan, kept).map(({ promise, promisedMs, actualMs }) => {
      const [promised, actual] = [formatDuration(promisedMs), formatDuration(actualMs)]
      return promise === 'recovery'
        ? red(`the plan "${name}" promises a restore in ${promised}, and it would take ${actual}`)
        : red(`the plan "${name}" promises a point each ${promised}, and the last is ${actual} old`)
    }),
  ]
}

/** What cannot be looked at for another reason is the backup's to tell. */
function isGone(path: string): boolean {
  try {
    lstatSync(path)
    return false
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    return errno === 'ENOENT' || errno === 'ENOTDIR'
  }
}
