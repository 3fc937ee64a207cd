import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Job } from '../jobs/job.ts'
import type { Plan, StepKind } from '../plans/plan.ts'
import { type BackupOutcome, backupOutcomeOf } from './backup-outcome.ts'
import {
  coverage,
  COVERAGE_POINTS,
  failure,
  failureKey,
  noSuccess,
  noSuccessKey,
  partial,
  partialKey,
  promiseKey,
  promiseMissed,
  storeFull,
  storeFullKey,
  success,
  tripwire,
  unreachableKey,
} from './conditions.ts'
import type { Notifier } from './notifier.ts'

const BACKUP_KINDS: ReadonlySet<StepKind> = new Set(['full', 'incremental'])

export interface PlanWatchOptions {
  readonly jobs: JobStore
  readonly instance: InstanceId
  readonly notifier: Notifier
}

export interface MeasuredSpace {
  readonly repository: string
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Finds in what plans do, and fail to do, what somebody should hear of. */
export class PlanWatch {
  readonly #options: PlanWatchOptions

  constructor(options: PlanWatchOptions) {
    this.#options = options
  }

  /** A job of a plan came to its end: it is done, errored or was cancelled. Saying so twice says nothing new. */
  async jobEnded(job: Job, plan: Plan): Promise<void> {
    const { notifier } = this.#options
    const step = plan.steps.find(({ name }) => name === job.step)
    if (step === undefined) return
    const where = { plan: plan.name, step: step.name }
    if (job.state === 'errored' && isUnreachable(job)) {
      // Once for all steps of the plan: they fail for the same reason.
      await notifier.raise({ ...failure(job, where), key: unreachableKey(plan.name) }, plan.notify)
      return
    }
    if (job.state === 'errored') {
      await notifier.raise(failure(job, where), plan.notify)
      return
    }
    if (job.state !== 'done') return
    await notifier.resolve(failureKey(where), plan.notify)
    if (await this.#isReached(plan)) await notifier.resolve(unreachableKey(plan.name), plan.notify)
    if (plan.notify.on.includes('success')) await notifier.tell(success(job, where), plan.notify)
    if (!BACKUP_KINDS.has(step.kind)) return
    await notifier.resolve(noSuccessKey(plan.name), plan.notify)
    const outcome = backupOutcomeOf(job.result?.summary)
    if (outcome !== undefined) await this.#pointMade(job, plan, outcome)
  }

  /** Looks whether a plan has made no point for longer than it promises. */
  async look(plan: Plan, { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number }): Promise<void> {
    const { noSuccessMs } = plan.promise
    if (plan.paused || noSuccessMs === undefined) return
    const [last] = await this.#backups(plan, 1)
    // A new plan is not late before its time has passed once.
    const lastMs = last?.finishedMs ?? sinceMs
    if (nowMs - lastMs <= noSuccessMs) return
    await this.#options.notifier.raise(noSuccess(plan.name, { sinceMs: lastMs, nowMs }), plan.notify)
  }

  /** Takes in how much room a store has that a plan fills. */
  async spaceMeasured(plan: Plan, { repository, ...space }: MeasuredSpace): Promise<void> {
    const { notifier } = this.#options
    const condition = storeFull(plan.name, repository, space)
    if (condition === undefined) await notifier.resolve(storeFullKey(repository), plan.notify)
    else await notifier.raise(condition, plan.notify)
  }

  /** Takes in how long a restore of everything would take, by a sample that was restored. */
  async recoveryProven(plan: Plan, wouldTakeMs: number): Promise<void> {
    const { notifier } = this.#options
    const { recoveryMs } = plan.promise
    if (recoveryMs === undefined || wouldTakeMs <= recoveryMs)
      await notifier.resolve(promiseKey(plan.name), plan.notify)
    else await notifier.raise(promiseMissed(plan.name, { wouldTakeMs, promisedMs: recoveryMs }), plan.notify)
  }

  /** Tells whether no step of a plan ended last because a store could not be reached. */
  async #isReached({ name: plan, steps }: Plan): Promise<boolean> {
    const { jobs, instance } = this.#options
    for (const { name: step } of steps) {
      const last = await jobs.list({ instance, plan, step, states: ['done', 'errored'], limit: 1 })
      if (last.jobs.some((job) => job.state === 'errored' && isUnreachable(job))) return false
    }
    return true
  }

  async #pointMade(job: Job, plan: Plan, outcome: BackupOutcome): Promise<void> {
    const { notifier } = this.#options
    const where = { plan: plan.name, step: job.step ?? '' }
    if (outcome.unreadable > outcome.missingRoots) await notifier.raise(partial(job, where, outcome), plan.notify)
    else await notifier.resolve(partialKey(where), plan.notify)
    if (outcome.suspect.length > 0) await notifier.raise(tripwire(plan.name, outcome), plan.notify)
    const before = await this.#backups(plan, COVERAGE_POINTS, job)
    const entries = before.flatMap(({ result }) => backupOutcomeOf(result?.summary)?.entries ?? [])
    const less = coverage(plan.name, outcome, entries)
    if (less !== undefined) await notifier.raise(less, plan.notify)
  }

  /** Returns the last jobs of a plan that made a point, the newest first; with `before`, those older than it. */
  async #backups(plan: Plan, limit: number, before?: Job): Promise<readonly Job[]> {
    const { jobs, instance } = this.#options
    const steps = plan.steps.filter(({ kind }) => BACKUP_KINDS.has(kind))
    const pages = await Promise.all(
      steps.map(async ({ name }) =>
        jobs.list({
          instance,
          plan: plan.name,
          step: name,
          states: ['done'],
          limit,
          ...(before === undefined ? {} : { before: before.id }),
        }),
      ),
    )
    return pages
      .flatMap((page) => page.jobs)
      .sort((a, b) => b.id - a.id)
      .slice(0, limit)
  }
}

/** Tells whether a job failed because a store is not where it should be, or does not answer. */
function isUnreachable({ result }: Job): boolean {
  const code = result?.error?.code
  return code === 'STORE_UNAVAILABLE' || code === 'NO_REPOSITORY'
}
