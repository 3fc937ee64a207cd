const PATTERN =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<hour>\d\d)[:-](?<minute>\d\d)(?:[:-](?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/

/** The first and the last millisecond, counted from 1970, of a time that somebody named. */
export interface NamedTime {
  readonly startMs: number
  readonly endMs: number
}

/**
 * Returns the day, minute, second or moment that `text` names, such as `2026-01-31`, `2026-01-31 14:05` or
 * `2026-01-31T14:05:00+02:00`; `undefined` when it names none. Without a zone it is local time.
 */
export function namedTime(text: string): NamedTime | undefined {
  const groups = PATTERN.exec(text)?.groups
  if (groups === undefined) return undefined
  const { year, month, day, hour, minute, second, fraction, zone } = groups
  const fields = [year, month, day, hour ?? 0, minute ?? 0, second ?? 0].map(Number)
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = fields
  const utc = Date.UTC(y, mo - 1, d, h, mi, s)
  // What rolls over, such as the 31st of February, names no day at all.
  const check = new Date(utc)
  const isReal = check.getUTCMonth() === mo - 1 && check.getUTCDate() === d && h < 24 && mi < 60 && s < 60
  if (!isReal) return undefined
  const startMs = zone === undefined ? startOfLocal([y, mo, d, h, mi, s]) : utc - offsetMs(zone)
  if (hour === undefined) {
    // Days are not all of 24 hours where clocks are set forward and back.
    return { startMs, endMs: new Date(y, mo - 1, d + 1).getTime() - 1 }
  }
  if (fraction !== undefined) {
    const momentMs = startMs + Math.floor(Number(`0.${fraction}`) * 1000)
    return { startMs: momentMs, endMs: momentMs }
  }
  return { startMs, endMs: startMs + (second === undefined ? 60_000 : 1000) - 1 }
}

function startOfLocal([y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0]: readonly number[]): number {
  return new Date(y, mo - 1, d, h, mi, s).getTime()
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
