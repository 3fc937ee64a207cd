import type { Plan, RaisedEvent } from '../plans/plan.ts'
import { planSchedule } from './plan-schedule.ts'

/** One run of a step, or the attempt at one. */
export interface StepRun {
  /** The firing that it answers, as `DueStep` gave it: milliseconds since 1970. It never changes with retries. */
  readonly dueMs: number
  /** When it ended. */
  readonly endedMs: number
}

/**
 * What is known of a step. Kept as long as its plan has the step, however old: an interval may be longer than any
 * history of jobs.
 */
export interface StepHistory {
  /** The firing that was answered last, whatever came of it: the newest by order of making, not by its date. */
  readonly attemptDueMs: number | undefined
  /** Its job is queued, running, or waits to be tried again. */
  readonly active: boolean
  /** The newest by order of making. */
  readonly success: StepRun | undefined
}

export interface PlanHistory {
  /** When the plan was seen first: what would have fired before was not missed. */
  readonly sinceMs: number
  /** By name of the step; none that never ran. */
  readonly steps: ReadonlyMap<string, StepHistory>
  /** The firing of which somebody cancelled a step last: what is still to be done for it is left out. */
  readonly cancelledDueMs: number | undefined
}

/** Returns the history of a plan that was never seen before. */
export function seenFirst(nowMs: number): PlanHistory {
  return { sinceMs: nowMs, steps: new Map(), cancelledDueMs: undefined }
}

export interface ScheduleInput {
  readonly plans: readonly Plan[]
  /** By name of the plan; one that is not in here is taken as seen first at `nowMs`. */
  readonly history: ReadonlyMap<string, PlanHistory>
  /** The newest of each kind and name is enough; one of the future has not happened yet. */
  readonly raised: readonly RaisedEvent[]
  /** Milliseconds since 1970; it may have jumped either way since the last look. */
  readonly nowMs: number
  /** IANA name of this machine's zone. */
  readonly timeZone: string
  /** Spreads what may happen at any moment of a window: the instance's id. */
  readonly instance: string
}

export interface DueStep {
  readonly plan: string
  readonly step: string
  /** The newest firing, which the run answers together with all that were missed before it: goes into its history. */
  readonly dueMs: number
  /** The first firing that was not answered. */
  readonly sinceMs: number
  /** The step of the same plan that has to end first: to be started only when there is none, and asked again then. */
  readonly waitsFor: string | undefined
}

export interface Schedule {
  /** By plan, in the order in which they are to run. */
  readonly due: readonly DueStep[]
  /**
   * When the next step becomes due if nothing is raised and no job ends before: milliseconds since 1970, after `nowMs`,
   * or `undefined` for never. Timers stand still while a machine sleeps and know of no jump of the clock: look at the
   * clock every minute while waiting for it.
   */
  readonly lookAgainMs: number | undefined
}

/** Tells which steps are due, and when to look again. Pure: the same answer for the same question. */
export function schedule({ plans, history, nowMs, ...context }: ScheduleInput): Schedule {
  const all = plans
    .filter(({ paused }) => !paused)
    .map((plan) => {
      const known = history.get(plan.name) ?? seenFirst(nowMs)
      return planSchedule(plan, known, { ...context, nowMs })
    })
  const looks = all.map(({ lookAgainMs }) => lookAgainMs).filter((ms) => ms !== undefined)
  return { due: all.flatMap(({ due }) => due), lookAgainMs: looks.length === 0 ? undefined : Math.min(...looks) }
}
