import type * as MlKem from '@noble/post-quantum/ml-kem.js'
import { createHash, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Encapsulated, Randomness } from '../../src/base/random.ts'

const require = createRequire(import.meta.url)

/** Returns bytes that depend on `seed` and the calls before alone: for vectors and reproducible tests. */
export function seededRandomness(seed: string): Randomness {
  let counter = 0
  const bytes = (length: number): Uint8Array => {
    const input = `${seed} ${counter++}`
    return Uint8Array.from(
      createHash('shake256', { outputLength: Math.max(1, length) })
        .update(input)
        .digest(),
    ).subarray(0, length)
  }
  return { bytes, encapsulate: (publicKey) => encapsulateBy(bytes(32), publicKey) }
}

/** Returns the randomness of one encapsulation of X-Wing, of the 64 bytes that its draft gives to `EncapsulateDerand`. */
export function encapsulationRandomness(seed: Uint8Array): Randomness {
  return {
    bytes: () => seed.slice(32),
    encapsulate: (publicKey) => encapsulateBy(seed.subarray(0, 32), publicKey),
  }
}

/** OpenSSL takes random bytes from nobody, so here is another ML-KEM; most tests need none, and loading it costs 30 ms. */
function encapsulateBy(message: Uint8Array, publicKey: KeyObject): Encapsulated {
  const { ml_kem768 } = require('@noble/post-quantum/ml-kem.js') as typeof MlKem
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const { sharedSecret, cipherText } = ml_kem768.encapsulate(der.subarray(-1184), message)
  return { sharedKey: sharedSecret, ciphertext: cipherText }
}
