import type { HostData, JobData, WaitData } from '../../src/service/application/shown.ts'
import { shownClock } from './when.ts'

/** Returns what a job waits for, and until when, as far as that is known. */
export function shownWait(wait: WaitData, nowMs: number): string {
  const until = wait.untilMs === undefined ? '' : `, not before ${shownClock(wait.untilMs, nowMs)}`
  switch (wait.for) {
    case 'daemon':
      return `waits for a daemon${until}`
    case 'unlock':
      return `waits until ${wait.repository ?? ''} is unlocked: Ctrl+U${until}`
    case 'job':
      return `waits for job ${wait.job ?? ''} of its plan${until}`
    case 'time':
      return wait.untilMs === undefined ? 'begins now' : `next try at ${shownClock(wait.untilMs, nowMs)}`
    case 'turn':
      return 'waits for its turn'
  }
}

/** Returns what keeps a step of a plan from running that is due, or is queued: never a time that is past. */
export function shownDue(plan: string, jobs: readonly JobData[], { host, nowMs }: Due): string {
  const ofPlan = jobs.filter((job) => job.plan === plan)
  if (ofPlan.some(({ state, left }) => state === 'running' && left === undefined)) return 'due now: the plan runs'
  // Those behind it wait for the one that was queued first, and jobs come with the newest first.
  const wait = ofPlan.findLast((job) => job.wait !== undefined)?.wait
  if (wait?.for === 'time') return shownWait(wait, nowMs)
  if (wait !== undefined) return `due now, ${shownWait(wait, nowMs)}`
  return host.kind === 'daemon' ? 'due now' : 'due now, waits for a daemon'
}

interface Due {
  readonly host: HostData
  readonly nowMs: number
}
