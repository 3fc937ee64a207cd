import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { blake3, deriveKey, keyedBlake3, KeyedHasher, objectIdOf } from '../../src/crypto/blake3.ts'

// From BLAKE3's test_vectors.json: input bytes count 0..250 and start over.
const KEY = utf8('whats the Elvish word for friend')
const CONTEXT = 'BLAKE3 2019-12-27 16:29:52 test vectors context'
const EMPTY = new Uint8Array()

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251)
}

describe('BLAKE3', () => {
  it('agrees with the published vectors of all three modes', () => {
    expect(toHex(blake3(EMPTY))).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262')
    expect(toHex(keyedBlake3(KEY, EMPTY))).toBe('92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26')
    expect(toHex(deriveKey(CONTEXT, EMPTY))).toBe('2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d')
  })

  it('hashes parts as if they were one', () => {
    const whole = pattern(5000)
    const parts = [whole.subarray(0, 1), whole.subarray(1, 1), whole.subarray(1, 4097), whole.subarray(4097)]
    expect(blake3(...parts)).toEqual(blake3(whole))
    expect(objectIdOf(...parts)).toBe(toHex(blake3(whole)))
    expect(keyedBlake3(KEY, ...parts)).toEqual(keyedBlake3(KEY, whole))
    expect(deriveKey(CONTEXT, ...parts)).toEqual(deriveKey(CONTEXT, whole))
  })

  it('gives a reused hasher the same answers as a fresh one, also in shared memory', () => {
    const hasher = new KeyedHasher(KEY)
    const out = new Uint8Array(new SharedArrayBuffer(100))
    const shared = new Uint8Array(new SharedArrayBuffer(3000))
    for (const length of [0, 1, 64, 1024, 1025, 3000]) {
      shared.set(pattern(length))
      const expected = keyedBlake3(KEY, pattern(length))
      hasher.hashInto(out, 7, shared.subarray(0, length))
      expect(out.slice(7, 39)).toEqual(expected)
      expect(hasher.hash(pattern(length))).toEqual(expected)
      expect(hasher.hashHex(pattern(length))).toBe(toHex(expected))
    }
    expect(out[6]).toBe(0)
    expect(out[39]).toBe(0)
  })
})
