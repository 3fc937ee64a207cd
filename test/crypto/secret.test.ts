import { describe, expect, it } from 'vitest'
import { keepSecret, wipe } from '../../src/crypto/secret.ts'

describe('secrets', () => {
  it('are zero once wiped, and their neighbours are not', () => {
    const slab = new Uint8Array(10).fill(5)
    wipe(slab.subarray(2, 8))
    expect([...slab]).toEqual([5, 5, 0, 0, 0, 0, 0, 0, 5, 5])
  })

  it('move to memory of their own and leave zeros behind', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const kept = keepSecret(bytes)
    expect([...kept]).toEqual([1, 2, 3])
    expect([...bytes]).toEqual([0, 0, 0])
  })
})
