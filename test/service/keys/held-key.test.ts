import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'

import { present } from '../../../src/base/assert.ts'
import { KeyError, UsageError } from '../../../src/base/errors.ts'
import type { ObjectId } from '../../../src/base/ids.ts'
import { GuardedSecret } from '../../../src/crypto/guarded-secret.ts'
import { BoxRecipient, sealTo } from '../../../src/crypto/sealed-box.ts'
import { decodeHeldKey, encodeHeldKey, type HeldKey } from '../../../src/service/keys/held-key.ts'
import { KeyAgent } from '../../../src/service/keys/key-agent.ts'

const SLOT = 'ab'.repeat(32) as ObjectId

function key(byte = 7): HeldKey {
  const credentials = new Map([['token', new Uint8Array(40).fill(byte)]] as const)
  return { kind: 'derived', slot: SLOT, bytes: new Uint8Array(32).fill(byte), credentials }
}

/** Gives a key to an agent as a command does. */
function give(agent: KeyAgent, location: string, { held = key(), sinceMs = 0 } = {}): void {
  agent.take(location, present(sealTo(agent.publicKey, encodeHeldKey(held)), 'what is sealed'), sinceMs)
}

/** Asks an agent as a command does. */
function keyOf(agent: KeyAgent, location: string): HeldKey | undefined {
  using command = new BoxRecipient()
  const sealed = agent.sealed(location, command.publicKey)
  return sealed === undefined ? undefined : command.open(sealed)?.use(decodeHeldKey)
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

test('an agent takes keys that are sealed to it, and gives them sealed to whoever asks', () => {
  using agent = new KeyAgent()
  using command = new BoxRecipient()
  agent.take('/a', sealTo(agent.publicKey, encodeHeldKey(key()))!, 1000)
  expect(agent.list()).toEqual([{ location: '/a', slot: SLOT, sinceMs: 1000 }])
  const sealed = agent.sealed('/a', command.publicKey)!
  expect(Buffer.from(sealed).includes(Buffer.from(key().bytes))).toBe(false)
  expect(command.open(sealed)?.use(decodeHeldKey)).toEqual(key())
  // No two answers are the same, and nobody else opens one.
  expect(agent.sealed('/a', command.publicKey)).not.toEqual(sealed)
  using other = new BoxRecipient()
  expect(other.open(sealed)).toBeUndefined()
})

test('what is sealed to somebody else, damaged or no key is not taken, and nothing is sealed to nobody', () => {
  using agent = new KeyAgent()
  using other = new BoxRecipient()
  const whole = sealTo(agent.publicKey, encodeHeldKey(key()))!
  const refused = [
    sealTo(other.publicKey, encodeHeldKey(key()))!,
    sealTo(agent.publicKey, Uint8Array.of(1, 2, 3))!,
    encodeHeldKey(key()),
    whole.map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
    ...Array.from({ length: whole.byteLength }, (_, length) => whole.subarray(0, length)),
  ]
  for (const bytes of refused) expect(() => agent.take('/a', bytes, 0)).toThrow(KeyError)
  expect(agent.list()).toEqual([])
  agent.take('/a', whole, 0)
  for (const nobody of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)]) {
    expect(() => agent.sealed('/a', nobody)).toThrow(UsageError)
  }
})

test('a guarded secret is read as often as it is asked for, and not at all once it was wiped', () => {
  const given = Uint8Array.of(1, 2, 3)
  const secret = GuardedSecret.of(given)
  expect(given).toEqual(new Uint8Array(3))
  expect(secret.use((bytes) => Uint8Array.from(bytes))).toEqual(Uint8Array.of(1, 2, 3))
  expect(secret.use((bytes) => bytes.byteLength)).toBe(3)
  secret[Symbol.dispose]()
  expect(() => secret.use(() => undefined)).toThrow('wiped')
  secret[Symbol.dispose]()
})

test('an agent takes keys over, gives them, and forgets what it is told to', () => {
  const agent = new KeyAgent()
  give(agent, '/a', { sinceMs: 1000 })
  give(agent, '/b', { held: key(8), sinceMs: 2000 })
  expect(keyOf(agent, '/a')).toEqual(key())
  expect(agent.list()).toEqual([
    { location: '/a', slot: SLOT, sinceMs: 1000 },
    { location: '/b', slot: SLOT, sinceMs: 2000 },
  ])
  expect(agent.forget('/a', 'cd'.repeat(32))).toBe(false)
  expect(agent.forget('/a', SLOT)).toBe(true)
  expect([agent.has('/a'), keyOf(agent, '/a'), agent.forget('/a')]).toEqual([false, undefined, false])
  expect(agent.lock()).toBe(1)
  expect(agent.list()).toEqual([])
})

test('what somebody locked stays so until it is unlocked, also if it never was; what opened nothing any more was not locked', () => {
  using agent = new KeyAgent()
  const { untilLocked } = agent
  give(agent, '/a')
  agent.forget('/a', SLOT)
  expect([agent.isLocked('/a'), untilLocked.aborted]).toEqual([false, false])
  expect(agent.forget('/a')).toBe(false)
  expect([agent.isLocked('/a'), agent.isLocked('/b'), untilLocked.aborted]).toEqual([true, false, true])
  expect(agent.untilLocked.aborted).toBe(false)
  give(agent, '/a')
  agent.forget('/a', SLOT)
  expect(agent.isLocked('/a')).toBe(false)
  expect(agent.lock()).toBe(0)
  expect([agent.isLocked('/a'), agent.isLocked('/b')]).toEqual([true, true])
  give(agent, '/b')
  expect([agent.isLocked('/a'), agent.isLocked('/b')]).toEqual([true, false])
})

test('an agent refuses more keys than it has memory for, and replaces one at its place', () => {
  using agent = new KeyAgent()
  for (let n = 0; n < 256; n++) give(agent, `/${n}`)
  expect(() => give(agent, '/more')).toThrow('256 repositories')
  give(agent, '/0', { held: key(9) })
  expect(keyOf(agent, '/0')).toEqual(key(9))
})
