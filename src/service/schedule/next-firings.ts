import type { Plan } from '../plans/plan.ts'
import { planFirings } from './plan-schedule.ts'

export interface NextFiringsQuestion {
  readonly afterMs: number
  /** IANA name of this machine's zone. */
  readonly timeZone: string
  readonly instance: string
  readonly count: number
}

/**
 * Returns the next times that the triggers of a plan fire, as far as clocks tell: milliseconds since 1970, at most
 * `count`. Which of its steps are due then depends on what ran when.
 */
export function nextFirings(plan: Plan, { afterMs, count, ...context }: NextFiringsQuestion): number[] {
  const firings = planFirings(plan, { ...context, raised: [] })
  const times: number[] = []
  for (let ms = firings.next(afterMs); ms !== undefined && times.length < count; ms = firings.next(ms)) times.push(ms)
  return times
}
