import { fc } from '../support/fast-check.ts'
import { IntegrityError } from '../../src/base/errors.ts'

/** Returns the options of a property test. The environment may give the seed that a failure in the long tests was told with. */
export function propertyOptions({ runs }: { runs: number }): { numRuns: number; seed?: number } {
  const seed = process.env['TIDEMARK_TEST_SEED']
  return { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) }
}

/** Runs a decoder on hostile bytes: it may return or throw an IntegrityError; anything else is a bug. */
export function expectStrictDecoder(decode: () => void): void {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error
  }
}

/** Makes bytes near `bytes`: some flipped, cut off, doubled or put in. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat({ max: Math.max(bytes.byteLength - 1, 0) })
  const change = fc.oneof(
    fc.record({ op: fc.constant('set'), at, value: fc.nat({ max: 255 }) }),
    fc.record({ op: fc.constant('insert'), at, value: fc.nat({ max: 255 }) }),
    fc.record({ op: fc.constant('remove'), at, value: fc.constant(0) }),
    fc.record({ op: fc.constant('cut'), at, value: fc.constant(0) }),
  )
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const result = [...bytes]
    for (const { op, at: index, value } of changes) {
      if (op === 'set' && index < result.length) result[index] = value
      else if (op === 'insert') result.splice(index, 0, value)
      else if (op === 'remove') result.splice(index, 1)
      else if (op === 'cut') result.length = Math.min(index, result.length)
    }
    return Uint8Array.from(result)
  })
}
