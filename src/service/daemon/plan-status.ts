import { z } from 'zod'

import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Job } from '../jobs/job.ts'
import type { Plan, RaisedEvent, Step } from '../plans/plan.ts'
import { greatest } from '../schedule/firings.ts'
import { stepTimes } from '../schedule/plan-schedule.ts'
import { type PlanHistory, seenFirst } from '../schedule/schedule.ts'
import { type MissedPromise, missedPromises } from './missed-promises.ts'

/** How a plan stands. Times are milliseconds since 1970. */
export interface PlanStatus {
  readonly plan: Plan
  /** In the plan's order. */
  readonly steps: readonly StepStatus[]
  /** When a point was made last, as far as that is known. */
  readonly lastPointMs: number | undefined
  /** The last proof that all comes back, of all its steps `prove`. */
  readonly proof: ProofStatus | undefined
  /** Promises that it does not keep now. */
  readonly missed: readonly MissedPromise[]
}

export interface StepStatus {
  readonly step: Step
  /** The job that was added last for it. */
  readonly last: Job | undefined
  /** When it was done last. */
  readonly doneMs: number | undefined
  /**
   * When it is due next by the clock: past or now when it is due. `undefined`: its plan is paused, it runs, or it waits for
   * an event or for another step.
   */
  readonly nextMs: number | undefined
}

export interface ProofStatus {
  readonly atMs: number
  /** How long a restore of everything would take. */
  readonly wouldTakeMs: number
  readonly repository: string
}

export interface PlanStatusQuestion {
  readonly plans: readonly Plan[]
  readonly jobs: Pick<JobStore, 'histories' | 'list'>
  readonly instance: InstanceId
  readonly raised: readonly RaisedEvent[]
  readonly nowMs: number
  /** IANA name of this machine's zone. */
  readonly timeZone: string
}

/** Tells how plans stand, with a daemon or without one. @throws {StorageError} whatever the store says. */
export async function planStatuses(question: PlanStatusQuestion): Promise<readonly PlanStatus[]> {
  const { plans, jobs, instance, nowMs } = question
  const names = plans.map(({ name }) => name)
  const histories = await jobs.histories(instance, names, nowMs)
  return Promise.all(
    plans.map(async (plan) => planStatus(plan, question, histories.get(plan.name) ?? seenFirst(nowMs))),
  )
}

/** Of a finished `tidemark prove`: docs/json.md. */
const proven = z.object({ proven: z.boolean(), wouldTakeMs: z.int().nonnegative() })

/** Returns how long a restore would take, by a job that proved it; `undefined` where it did not. */
export function provenMs({ state, result }: Job): number | undefined {
  const summary = state === 'done' ? proven.safeParse(result?.summary) : undefined
  return summary?.data?.proven === true ? summary.data.wouldTakeMs : undefined
}

async function planStatus(plan: Plan, question: PlanStatusQuestion, history: PlanHistory): Promise<PlanStatus> {
  const times = plan.paused ? new Map<string, number>() : stepTimes(plan, history, question)
  const looked = await Promise.all(
    plan.steps.map(async (step) => {
      const [last, done] = await lastJobs(plan, step, question)
      return { done, status: { step, last, doneMs: done?.finishedMs, nextMs: times.get(step.name) } }
    }),
  )
  const points = looked.flatMap(({ status: { step, doneMs } }) => {
    return doneMs !== undefined && (step.kind === 'full' || step.kind === 'incremental') ? [doneMs] : []
  })
  const proofs = looked.flatMap(({ status: { step }, done }) => (done === undefined ? [] : proofsOf(step, done)))
  const lastPointMs = greatest(points)
  const proof = proofs.toSorted((a, b) => a.atMs - b.atMs).at(-1)
  const kept = { sinceMs: history.sinceMs, lastPointMs, wouldTakeMs: proof?.wouldTakeMs, nowMs: question.nowMs }
  return { plan, steps: looked.map(({ status }) => status), lastPointMs, proof, missed: missedPromises(plan, kept) }
}

/** Returns the job of a step that was added last, and the one that was done last. */
async function lastJobs(
  plan: Plan,
  step: Step,
  { jobs, instance }: PlanStatusQuestion,
): Promise<readonly (Job | undefined)[]> {
  const of = { instance, plan: plan.name, step: step.name, limit: 1 }
  const pages = await Promise.all([jobs.list(of), jobs.list({ ...of, states: ['done'] })])
  return pages.map((page) => page.jobs[0])
}

function proofsOf(step: Step, done: Job): ProofStatus[] {
  const wouldTakeMs = provenMs(done)
  if (step.kind !== 'prove' || wouldTakeMs === undefined || done.finishedMs === undefined) return []
  return [{ atMs: done.finishedMs, wouldTakeMs, repository: step.repository }]
}
