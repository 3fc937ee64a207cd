import type { Clock } from '../../src/base/clock.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { RepositoryPorts } from '../../src/repository/repository.ts'
import type { SlotSecret } from '../../src/repository/slot-key.ts'
import type { Driver } from '../../src/storage/driver.ts'

const HOUR_MS = 3_600_000

/** Opens the repositories of tests; costs no key derivation. */
export const testSecret: SlotSecret = { kind: 'key-file', bytes: new Uint8Array(32).fill(7) }

/** An hour ahead, so that no file counts as touched just now. */
export const aheadClock: Clock = {
  nowMs: () => Date.now() + HOUR_MS,
  monotonicMs: () => performance.now(),
}

/** A machine without a cache, whose instance lives as long as these ports. */
export function testPorts(driver: Driver): RepositoryPorts {
  let saved: Uint8Array | undefined
  return {
    driver,
    instanceStore: {
      load: async () => saved?.slice(),
      save: async (bytes) => {
        saved = bytes.slice()
      },
    },
    describeInstance: () => ({ name: 'machine', host: 'host', user: 'user' }),
    clock: aheadClock,
    randomness: systemRandomness,
  }
}
