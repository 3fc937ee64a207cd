import { UsageError } from './errors.ts'

const SIZE_FACTORS: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 }
const TIME_FACTORS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 }

/**
 * Returns the bytes of a size such as `64M`, `64MiB` or `1G`; units are powers of 1024.
 *
 * @throws {UsageError} BAD_ARGUMENT, naming `option`.
 */
export function parseSize(text: string, option: string): number {
  const match = /^(\d{1,15})\s*([KMG]?)(?:iB|B)?$/i.exec(text.trim())
  const factor = SIZE_FACTORS[match?.[2]?.toUpperCase() ?? '?']
  if (match === null || factor === undefined) throw notA(text, { option, example: 'a size such as 64M or 1G' })
  return Number(match[1]) * factor
}

/**
 * Returns the bytes a second of a rate such as `2MiB/s` or `500K`.
 *
 * @throws {UsageError} BAD_ARGUMENT, naming `option`.
 */
export function parseRate(text: string, option: string): number {
  const rate = parseSize(text.replace(/\/s$/i, ''), option)
  if (rate > 0) return rate
  throw notA(text, { option, example: 'a rate such as 2MiB/s' })
}

/**
 * Returns the seconds of a time such as `24h`, `90min` or `7d`.
 *
 * @throws {UsageError} BAD_ARGUMENT, naming `option`.
 */
export function parseSeconds(text: string, option: string): number {
  const match = /^(\d{1,9})\s*(s|m|min|h|d|w)$/i.exec(text.trim())
  const factor = TIME_FACTORS[match?.[2]?.toLowerCase() ?? '?']
  if (match === null || factor === undefined) throw notA(text, { option, example: 'a time such as 24h or 7d' })
  return Number(match[1]) * factor
}

/**
 * Returns a duration such as `30d`, `1y6m` or `36h`: years, months, days and hours, in this order.
 *
 * @throws {UsageError} BAD_ARGUMENT, naming `option`.
 */
export function parseCalendarDuration(
  text: string,
  option: string,
): Readonly<Record<'years' | 'months' | 'days' | 'hours', number>> {
  const match = /^(?:(\d{1,4})y)?(?:(\d{1,5})m)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?$/.exec(text.trim())
  const [years, months, days, hours] = (match ?? []).slice(1).map((digits) => Number(digits ?? 0))
  if (match === null || match[0] === '' || hours === undefined) {
    throw new UsageError('BAD_ARGUMENT', `"${text}" of ${option} is not a duration`, {
      hint: 'Write years, months, days and hours, such as 30d, 1y6m or 36h; m stands for months.',
    })
  }
  return { years: years ?? 0, months: months ?? 0, days: days ?? 0, hours }
}

function notA(text: string, about: { readonly option: string; readonly example: string }): UsageError {
  return new UsageError('BAD_ARGUMENT', `"${text}" of ${about.option} is not ${about.example}`, {
    hint: `Write ${about.example}.`,
  })
}
