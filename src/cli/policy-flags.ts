import { UsageError } from '../base/errors.ts'
import { parseCalendarDuration } from '../base/parse-quantity.ts'
import type { RetentionPolicy } from '../engine/care-types.ts'

/** Options that say which points to keep. */
export interface PolicyFlags {
  readonly keepLast?: string
  readonly keepHourly?: string
  readonly keepDaily?: string
  readonly keepWeekly?: string
  readonly keepMonthly?: string
  readonly keepYearly?: string
  readonly keepWithin?: string
  readonly keepTag?: readonly string[]
}

/**
 * Returns the policy that the options make up, or `undefined` when none of them is there.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function policyOf(flags: PolicyFlags): RetentionPolicy | undefined {
  const counts = {
    last: countOf(flags.keepLast, '--keep-last'),
    hourly: countOf(flags.keepHourly, '--keep-hourly'),
    daily: countOf(flags.keepDaily, '--keep-daily'),
    weekly: countOf(flags.keepWeekly, '--keep-weekly'),
    monthly: countOf(flags.keepMonthly, '--keep-monthly'),
    yearly: countOf(flags.keepYearly, '--keep-yearly'),
  }
  const within = flags.keepWithin === undefined ? undefined : parseCalendarDuration(flags.keepWithin, '--keep-within')
  const rules = { ...counts, within, tags: flags.keepTag }
  const given = Object.entries(rules).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

function countOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  if (text === 'unlimited') return Infinity
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError('BAD_ARGUMENT', `"${text}" of ${option} is not a number of points`, {
    hint: 'Write a number, or `unlimited`.',
  })
}
