import type { Timespec } from './clock.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/** Returns a number of bytes for people: `0 B`, `999 B`, `1.5 KiB`, `12 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 1023.95 would be shown as 1024.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}

/** Returns a duration for people: `0.4 s`, `59 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const pair = (large: number, small: number): [number, string] => [
    Math.floor(whole / large),
    String(Math.floor((whole % large) / small)).padStart(2, '0'),
  ]
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return pair(60, 1).join(' min ') + ' s'
  if (whole < 86_400) return pair(3600, 60).join(' h ') + ' min'
  return pair(86_400, 3600).join(' d ') + ' h'
}

/** Returns a moment in local time, to the second: `2026-11-21 08:04:59`. */
export function formatTime(time: Timespec): string {
  const date = new Date(time.seconds * 1000)
  if (Number.isNaN(date.getTime())) return '?'
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** Returns a moment as RFC 3339 in UTC with nanoseconds: `2026-11-21T08:04:59.000000123Z`. */
export function formatTimestamp(time: Timespec): string {
  const date = new Date(time.seconds * 1000)
  if (Number.isNaN(date.getTime())) return `@${time.seconds}`
  return `${date.toISOString().slice(0, -5)}.${String(time.nanoseconds).padStart(9, '0')}Z`
}

/** Returns a moment in UTC, to the second: `2026-11-21T08:04:59Z`. */
export function formatUtc({ seconds }: Timespec): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString().replace(/\.\d+Z$/, 'Z')
}
