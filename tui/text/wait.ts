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
      return 'waits until another job has ended'
  }
}

/** Returns what keeps a step of a plan from running that is due: never a time that is past. */
export function shownDue(plan: string, jobs: readonly JobData[], { host, nowMs }: Due): string {
  const ofPlan = jobs.filter((job) => job.plan === plan)
  if (ofPlan.some(({ state, left }) => state === 'running' && left === undefined)) return 'now: the plan runs'
  const wait = ofPlan.find((job) => job.wait !== undefined)?.wait
  if (wait !== undefined) return `now, ${shownWait(wait, nowMs)}`
  return host.kind === 'daemon' ? 'now' : 'now, waits for a daemon'
}

interface Due {
  readonly host: HostData
  readonly nowMs: number
}
