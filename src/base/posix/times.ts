import type { Timespec } from '../clock.ts'

/** Bytes that `futimens` and `utimensat` take: two times of two signed 64-bit numbers each. */
export const TIMES_BYTES = 32

export interface FileTimes {
  readonly modified: Timespec
  /** The same as `modified` when not given. */
  readonly accessed?: Timespec
}

/** Writes times as `futimens` takes them into `words`, TIMES_BYTES / 4 of them; the seconds may be negative. */
export function encodeTimes({ modified, accessed = modified }: FileTimes, words: Int32Array): void {
  encodeTime(accessed, words, 0)
  encodeTime(modified, words, 4)
}

function encodeTime({ seconds, nanoseconds }: Timespec, words: Int32Array, index: number): void {
  const high = Math.floor(seconds / 2 ** 32)
  words[index] = seconds - high * 2 ** 32
  words[index + 1] = high
  words[index + 2] = nanoseconds
  words[index + 3] = 0
}
