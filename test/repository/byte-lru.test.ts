import { expect, test } from 'vitest'
import { ByteLru } from '../../src/repository/byte-lru.ts'

test('what was not used for longest goes first, and the bound is on bytes', () => {
  const lru = new ByteLru<number>(100)
  lru.set(1, new Uint8Array(40))
  lru.set(2, new Uint8Array(40))
  lru.get(1)
  lru.set(3, new Uint8Array(40))
  expect(lru.get(2)).toBeUndefined()
  expect(lru.get(1)?.byteLength).toBe(40)
  expect(lru.bytes).toBe(80)
})

test('replacing counts once, and what is too large is not kept', () => {
  const lru = new ByteLru<string>(10)
  lru.set('a', new Uint8Array(4))
  lru.set('a', new Uint8Array(6))
  expect(lru.bytes).toBe(6)
  lru.set('a', new Uint8Array(11))
  expect(lru.get('a')).toBeUndefined()
  expect(lru.bytes).toBe(0)
})
