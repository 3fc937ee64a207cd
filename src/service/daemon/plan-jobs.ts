import { isDeepStrictEqual } from 'node:util'

import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { JobStore, KeptEvent } from '../jobs/job-store.ts'
import { type Job, type JobId, JOB_STATES, type JobState } from '../jobs/job.ts'
import { answering, jobOfStep } from '../jobs/plan-commands.ts'
import type { Plan, Step } from '../plans/plan.ts'
import { type DueStep, schedule } from '../schedule/schedule.ts'

export interface PlanJobsOptions {
  readonly jobs: JobStore
  readonly instance: InstanceId
  readonly clock: Clock
  /** IANA name of this machine's zone. */
  readonly timeZone: string
  /** Told of each job that was added. */
  readonly onAdded: (job: JobId) => void
}

/** Adds the jobs of plans: those that are due, and those that somebody asks for. */
export class PlanJobs {
  readonly #options: PlanJobsOptions

  constructor(options: PlanJobsOptions) {
    this.#options = options
  }

  /** Adds jobs for the steps that are due and wait for no other; returns when others become due by the clock. */
  async addDue(plans: readonly Plan[]): Promise<number | undefined> {
    const { clock, instance, jobs, timeZone } = this.#options
    const nowMs = clock.nowMs()
    const names = plans.map(({ name }) => name)
    const [history, raised] = [await jobs.histories(instance, names, nowMs), await jobs.raised(instance)]
    const { due, lookAgainMs } = schedule({ plans, history, raised, nowMs, timeZone, instance })
    for (const step of due) if (step.waitsFor === undefined) await this.#answer(step, plans, raised)
    return lookAgainMs
  }

  /**
   * Adds jobs for all steps of a plan, or for one, unless they are under way; each waits for those before it. Of a full and
   * an incremental one for the latter, once the full one has been done: the first point is full in any case, and would be
   * made again as such.
   *
   * @throws {UsageError} BAD_ARGUMENT: there is no such step.
   */
  async ask(plan: Plan, step: string | undefined): Promise<readonly Job[]> {
    const asked: Job[] = []
    for (const each of await this.#stepsToRun(plan, step)) asked.push(await this.#ask(plan, each, asked[0]?.id))
    return asked
  }

  async #answer(due: DueStep, plans: readonly Plan[], raised: readonly KeptEvent[]): Promise<void> {
    const { clock, instance, jobs, onAdded } = this.#options
    const plan = plans.find(({ name }) => name === due.plan)
    const step = plan?.steps.find(({ name }) => name === due.step)
    if (plan === undefined || step === undefined) return
    const last = (await this.#last(plan, step))?.id
    const wanted = jobOfStep(plan, step, instance, eventOf(plan, due, raised))
    const job = await jobs.add(answering(wanted, due, last), clock.nowMs())
    onAdded(job.id)
  }

  async #ask(plan: Plan, step: Step, first: JobId | undefined): Promise<Job> {
    const { clock, instance, jobs, onAdded } = this.#options
    const last = await this.#last(plan, step)
    if (last?.state === 'queued' || last?.state === 'running') return last
    const runOf = first === undefined ? {} : { runOf: first }
    const job = await jobs.add({ ...jobOfStep(plan, step, instance), priority: 1, ...runOf }, clock.nowMs())
    onAdded(job.id)
    return job
  }

  async #stepsToRun(plan: Plan, wanted: string | undefined): Promise<readonly Step[]> {
    const { steps } = plan
    if (wanted !== undefined) return [stepOf(plan, wanted)]
    const full = steps.find(({ kind }) => kind === 'full')
    if (full === undefined || !steps.some(({ kind }) => kind === 'incremental')) return steps
    const isFullDone = (await this.#last(plan, full, ['done'])) !== undefined
    return steps.filter(({ kind }) => kind !== (isFullDone ? 'full' : 'incremental'))
  }

  /** Returns the job of a step that was added last, of those in `states`. */
  async #last(plan: Plan, step: Step, states: readonly JobState[] = JOB_STATES): Promise<Job | undefined> {
    const { instance, jobs } = this.#options
    const page = await jobs.list({ instance, plan: plan.name, step: step.name, states, limit: 1 })
    return page.jobs[0]
  }
}

/** Returns what happened last of that which a firing answers; `undefined` where it was the clock alone. */
function eventOf(plan: Plan, due: DueStep, raised: readonly KeptEvent[]): KeptEvent | undefined {
  return raised
    .filter(({ atMs }) => atMs >= due.sinceMs && atMs <= due.dueMs)
    .filter(({ event }) => plan.triggers.some((trigger) => isDeepStrictEqual(trigger, event)))
    .toSorted((a, b) => a.atMs - b.atMs)
    .at(-1)
}

function stepOf({ name, steps }: Plan, wanted: string): Step {
  const step = steps.find((each) => each.name === wanted)
  if (step !== undefined) return step
  throw new UsageError('BAD_ARGUMENT', `no step of the plan "${name}" is called "${wanted}"`, {
    hint: `There are ${steps.map((each) => each.name).join(', ')}.`,
  })
}
