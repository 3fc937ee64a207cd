import fc from 'fast-check'
import { expect, test } from 'vitest'

import { KeyError } from '../../../src/base/errors.ts'
import type { ObjectId } from '../../../src/base/ids.ts'
import { GuardedSecret } from '../../../src/crypto/guarded-secret.ts'
import { decodeHeldKey, encodeHeldKey, type HeldKey } from '../../../src/service/keys/held-key.ts'
import { KeyAgent } from '../../../src/service/keys/key-agent.ts'

const SLOT = 'ab'.repeat(32) as ObjectId

function key(byte = 7): HeldKey {
  const credentials = new Map([['token', new Uint8Array(40).fill(byte)]] as const)
  return { kind: 'derived', slot: SLOT, bytes: new Uint8Array(32).fill(byte), credentials }
}

test('a held key comes out of its bytes as it went in, as copies', () => {
  const encoded = Buffer.from(encodeHeldKey(key()))
  const decoded = decodeHeldKey(encoded)
  encoded.fill(0)
  expect(decoded).toEqual(key())
})

test('bytes that are no held key are refused, whatever they are', () => {
  const whole = encodeHeldKey(key())
  for (let length = 0; length < whole.byteLength; length++) {
    expect(() => decodeHeldKey(whole.subarray(0, length))).toThrow(KeyError)
  }
  expect(() => decodeHeldKey(Uint8Array.of(...whole, 0))).toThrow(KeyError)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(() => decodeHeldKey(bytes)).toThrow(KeyError)
    }),
  )
})

test('a guarded secret is copied as often as it is asked for, and not at all once it was wiped', () => {
  const given = Uint8Array.of(1, 2, 3)
  const secret = new GuardedSecret(given)
  expect(given).toEqual(new Uint8Array(3))
  secret.copy().fill(9)
  expect(secret.copy()).toEqual(Uint8Array.of(1, 2, 3))
  secret[Symbol.dispose]()
  expect(() => secret.copy()).toThrow('wiped')
  secret[Symbol.dispose]()
})

test('an agent takes keys over, gives copies, and forgets what it is told to', () => {
  const agent = new KeyAgent()
  const given = key()
  agent.hold('/a', given, 1000)
  expect(given.bytes).toEqual(new Uint8Array(32))
  expect([...given.credentials.values()]).toEqual([new Uint8Array(40)])
  agent.hold('/b', key(8), 2000)
  expect(decodeHeldKey(agent.encoded('/a')!)).toEqual(key())
  expect(agent.list()).toEqual([
    { location: '/a', slot: SLOT, sinceMs: 1000 },
    { location: '/b', slot: SLOT, sinceMs: 2000 },
  ])
  expect(agent.forget('/a', 'cd'.repeat(32))).toBe(false)
  expect(agent.forget('/a', SLOT)).toBe(true)
  expect([agent.has('/a'), agent.encoded('/a'), agent.forget('/a')]).toEqual([false, undefined, false])
  expect(agent.lock()).toBe(1)
  expect(agent.list()).toEqual([])
})

test('an agent refuses more keys than it has memory for, and replaces one at its place', () => {
  using agent = new KeyAgent()
  for (let n = 0; n < 256; n++) agent.hold(`/${n}`, key(), 0)
  expect(() => agent.hold('/more', key(), 0)).toThrow('256 repositories')
  agent.hold('/0', key(9), 5)
  expect(decodeHeldKey(agent.encoded('/0')!)).toEqual(key(9))
})
