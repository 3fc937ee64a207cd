import { createHash } from 'node:crypto'
import type { Randomness } from '../../src/base/random.ts'

/** Returns bytes that depend on `seed` and the calls before alone: for vectors and reproducible tests. */
export function seededRandomness(seed: string): Randomness {
  let counter = 0
  return {
    bytes: (length) => {
      const input = `${seed} ${counter++}`
      return Uint8Array.from(
        createHash('shake256', { outputLength: Math.max(1, length) })
          .update(input)
          .digest(),
      ).subarray(0, length)
    },
  }
}
