/** A moment or a duration split as the kernel splits it: nanoseconds are 0..999,999,999, also before 1970. */
export interface Timespec {
  readonly seconds: number
  readonly nanoseconds: number
}

/** Where time comes from; injected, so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since 1970, wall clock: may jump. */
  nowMs(): number
  /** Milliseconds from an arbitrary start: never goes back. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

export function timespecOfMs(ms: number): Timespec {
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanoseconds: Math.round((ms - seconds * 1000) * 1e6) }
}

export function msOfTimespec(time: Timespec): number {
  return time.seconds * 1000 + time.nanoseconds / 1e6
}

/** Returns a negative, zero or positive number as `a` is before, at or after `b`. */
export function compareTimespec(a: Timespec, b: Timespec): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds
}
