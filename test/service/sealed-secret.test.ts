import { expect, test } from 'vitest'

import { utf8 } from '../../src/base/bytes.ts'
import { openCredential, sealCredential } from '../../src/service/sealed-secret.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'

const randomness = seededRandomness('sealed credentials')
const kdf = { memoryKib: 8 << 10, passes: 1, lanes: 1 }
const password = utf8('correct horse')
const secret = utf8('AKIA/very+secret')

async function seal(): Promise<Uint8Array> {
  return sealCredential(secret, { kind: 'token', password, randomness, kdf })
}

test('a sealed credential opens with its password, and is another one each time', async () => {
  const [one, other] = [await seal(), await seal()]
  expect(await openCredential(one, { kind: 'token', password })).toEqual(secret)
  expect(await openCredential(other, { kind: 'token', password })).toEqual(secret)
  expect(Buffer.compare(one, other)).not.toBe(0)
  expect(Buffer.from(one).includes(Buffer.from(secret))).toBe(false)
})

test('it opens neither with another password nor as another credential', async () => {
  const sealed = await seal()
  for (const input of [
    { kind: 'token', password: utf8('wrong') },
    { kind: 'sftp-password', password },
  ] as const) {
    await expect(openCredential(sealed, input)).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  }
})

test('every changed byte and every lost end is refused', async () => {
  const sealed = await seal()
  // The cost of the derivation (bytes 1 to 6) has a test of its own.
  for (const at of [0, 7, 22, 23, 30, sealed.length - 1]) {
    const changed = sealed.slice()
    changed[at]! ^= 1
    await expect(openCredential(changed, { kind: 'token', password }), `byte ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/^(WRONG_PASSWORD|SLOT_DAMAGED)$/) as string,
    })
  }
  for (const length of [0, 1, 22, 23, 39]) {
    const cut = openCredential(sealed.subarray(0, length), { kind: 'token', password })
    await expect(cut).rejects.toMatchObject({ code: 'SLOT_DAMAGED' })
  }
  const long = openCredential(new Uint8Array(10_000).fill(1), { kind: 'token', password })
  await expect(long).rejects.toMatchObject({ code: 'SLOT_DAMAGED' })
})

test('a cost that nobody sane wrote is refused before any of it is paid', async () => {
  const sealed = await seal()
  for (const [at, value] of [
    [4, 0xff],
    [5, 0xff],
    [6, 0],
  ] as const) {
    const changed = sealed.slice()
    changed[at] = value
    const started = process.cpuUsage()
    await expect(openCredential(changed, { kind: 'token', password })).rejects.toMatchObject({ code: 'KDF_BOUNDS' })
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(1000)
  }
})
