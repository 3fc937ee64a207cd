import type { EngineFixture } from './engine-fixture.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Lets time pass for everything that a fixture does from now on; a negative time is a clock that is set back. */
export function passTime(f: EngineFixture, ms: number): void {
  const { clock } = f
  f.clock = { nowMs: () => clock.nowMs() + ms, monotonicMs: () => clock.monotonicMs() + Math.max(0, ms) }
}
