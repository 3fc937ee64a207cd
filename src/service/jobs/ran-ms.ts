import type { Job } from './job.ts'
import type { JobStanding } from './job-standing.ts'
import { LEASE_MS } from './leased-run.ts'

/**
 * Returns how long a job ran, or has run so far, without what it waited between its runs; `undefined` before the first.
 */
export function ranMsOf(
  { lease, ranMs, runStartedMs, startedMs }: Pick<Job, 'lease' | 'ranMs' | 'runStartedMs' | 'startedMs'>,
  { left, nowMs }: Pick<JobStanding, 'left' | 'nowMs'>,
): number | undefined {
  if (startedMs === undefined) return undefined
  if (runStartedMs === undefined) return ranMs
  // The last word of a worker that ended was that it has the job for so long.
  const endMs = left !== undefined && lease !== undefined ? Math.min(nowMs, lease.untilMs - LEASE_MS) : nowMs
  return ranMs + Math.max(0, endMs - runStartedMs)
}
