import type { Plan } from '../plans/plan.ts'

/** As the configuration names them. */
export const PROMISES = ['recovery', 'no-success-since'] as const

/** A promise that a plan does not keep: what it promises, and what is so instead. */
export interface MissedPromise {
  readonly promise: (typeof PROMISES)[number]
  readonly promisedMs: number
  readonly actualMs: number
}

/** What is known of a plan; times are milliseconds since 1970. */
export interface Kept {
  /** When it was first known: a new plan is not late before its time has passed once. */
  readonly sinceMs: number
  readonly lastPointMs: number | undefined
  /** How long a restore of everything would take by the last proof. */
  readonly wouldTakeMs: number | undefined
  readonly nowMs: number
}

/** Returns the promises that a plan does not keep; one that is paused promises no points. */
export function missedPromises({ paused, promise }: Pick<Plan, 'paused' | 'promise'>, kept: Kept): MissedPromise[] {
  const { recoveryMs, noSuccessMs } = promise
  const sinceMs = kept.nowMs - (kept.lastPointMs ?? kept.sinceMs)
  return [
    ...missed('recovery', recoveryMs, kept.wouldTakeMs),
    ...missed('no-success-since', noSuccessMs, paused ? undefined : sinceMs),
  ]
}

function missed(
  promise: MissedPromise['promise'],
  promisedMs: number | undefined,
  actualMs: number | undefined,
): MissedPromise[] {
  if (promisedMs === undefined || actualMs === undefined || actualMs <= promisedMs) return []
  return [{ promise, promisedMs, actualMs }]
}
