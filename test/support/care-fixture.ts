import { systemRandomness } from '../../src/base/random.ts'
import type { CareContext } from '../../src/engine/care-types.ts'
import { type EngineFixture, sharedPool } from './engine-fixture.ts'

export const HOUR_MS = 3_600_000

/** Lets time pass for everything that a fixture does from now on. */
export function passTime(f: EngineFixture, ms: number): void {
  const { clock } = f
  f.clock = { nowMs: () => clock.nowMs() + ms, monotonicMs: () => clock.monotonicMs() + ms }
}

/** Returns what looking after a fixture's repository stands on; nothing is renewed by itself. */
export function careContext(f: EngineFixture): CareContext {
  return {
    repository: f.repository,
    cache: f.cache,
    workers: sharedPool(),
    clock: f.clock,
    randomness: systemRandomness,
    scheduler: { every: () => () => undefined },
    tool: 'test',
  }
}
