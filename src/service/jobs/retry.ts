import type { Randomness } from '../../base/random.ts'
import type { Job } from './job.ts'

const DELAY_MS_FIRST = 60_000
const DELAY_MS_MAX = 3_600_000

/**
 * Returns how many milliseconds to wait before a job is tried again that failed `failures` times before: about one minute,
 * then four, sixteen, at most an hour. Between half and the whole of it: what one outage stopped must not all come back
 * at once.
 */
export function retryDelayMs(failures: number, randomness: Randomness): number {
  const longest = Math.min(DELAY_MS_FIRST * 4 ** failures, DELAY_MS_MAX)
  const [byte = 0] = randomness.bytes(1)
  return Math.round(longest * (0.5 + byte / 510))
}

/** Tells whether a job whose run failed now has come to its end. */
export function isLastTry({ failures, retriesMax }: Job, verdict: 'may-pass' | 'failed'): boolean {
  return verdict === 'failed' || failures >= retriesMax
}
