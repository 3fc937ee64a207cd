import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Job } from '../jobs/job.ts'
import type { PlanWatch } from '../notifications/plan-watch.ts'
import type { Plan } from '../plans/plan.ts'
import { provenMs } from './plan-status.ts'

export interface EndedJobsOptions {
  readonly jobs: Pick<JobStore, 'untold' | 'told'>
  readonly instance: InstanceId
  readonly watch: Pick<PlanWatch, 'jobEnded' | 'recoveryProven'>
  /** Told of each repository that a job of a plan added to: its store is fuller now. */
  readonly onStored: (plan: Plan, repository: string) => void
}

/**
 * Has everybody hear of jobs that ended, once: what ended while no daemon ran, or just before one was killed, is told by
 * the next. A job is marked as told afterwards; what is said twice by that says nothing new.
 */
export async function tellOfEndedJobs(plans: readonly Plan[], options: EndedJobsOptions): Promise<void> {
  const { jobs, instance } = options
  for (let ended = await jobs.untold(instance); ended.length > 0; ended = await jobs.untold(instance)) {
    for (const job of ended) {
      const plan = plans.find(({ name }) => name === job.plan)
      if (plan !== undefined) await tell(job, plan, options)
      await jobs.told(job.id)
    }
  }
}

async function tell(job: Job, plan: Plan, { watch, onStored }: EndedJobsOptions): Promise<void> {
  await watch.jobEnded(job, plan)
  const step = plan.steps.find(({ name }) => name === job.step)
  const wouldTakeMs = step?.kind === 'prove' ? provenMs(job) : undefined
  if (wouldTakeMs !== undefined) await watch.recoveryProven(plan, wouldTakeMs)
  if (job.state !== 'done') return
  if (step?.kind === 'full' || step?.kind === 'incremental') onStored(plan, plan.repository)
  if (step?.kind === 'copy') onStored(plan, step.to)
}
