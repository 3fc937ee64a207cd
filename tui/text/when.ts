import { timespecOfMs } from '../../src/base/clock.ts'
import { formatTime } from '../../src/base/format.ts'

/** Returns a moment in local time, to the minute: `2026-11-21 08:04`. */
export function shownTime(ms: number): string {
  return formatTime(timespecOfMs(ms)).slice(0, -3)
}

/** Returns a moment soon in local time: `08:04` within a day, with the date beyond. */
export function shownClock(ms: number, nowMs: number): string {
  const time = shownTime(ms)
  return Math.abs(ms - nowMs) < DAY_MS ? time.slice('2026-11-21 '.length) : time
}

const DAY_MS = 86_400_000

const STEPS = [
  { ms: DAY_MS, word: 'd' },
  { ms: 3_600_000, word: 'h' },
  { ms: 60_000, word: 'min' },
  { ms: 1000, word: 's' },
] as const

/** Returns how far a moment is from now, roughly: `3 h ago`, `in 5 min`, `now`. */
export function shownDistance(ms: number, nowMs: number): string {
  const distance = Math.abs(ms - nowMs)
  const step = STEPS.find((candidate) => distance >= candidate.ms)
  if (step === undefined) return 'now'
  const amount = `${Math.floor(distance / step.ms)} ${step.word}`
  return ms < nowMs ? `${amount} ago` : `in ${amount}`
}
