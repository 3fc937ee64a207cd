import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { hpkeChaCha20Poly1305 } from '../../src/crypto/hpke-aead.ts'
import { hpkeOpen, hpkePublicKey, hpkeSeal, loadHpke } from '../../src/crypto/hpke.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'

function vector(name: string): (field: string) => Uint8Array {
  const path = new URL(`../vectors/hpke/${name}.json`, import.meta.url)
  const fields = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  return (field) => present(fromHex(present(fields[field], field)), field)
}

const buffer = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

describe('HPKE', () => {
  it.each(['x-wing-1', 'x-wing-2'])('agrees with the published vector %s', async (name) => {
    const field = vector(name)
    expect(toHex(await hpkePublicKey(field('seed')))).toBe(toHex(field('publicKey')))
    const { kem } = await loadHpke()
    const recipientPublicKey = await kem.deserializePublicKey(buffer(field('publicKey')))
    const made = await kem.encap({ recipientPublicKey, ekm: buffer(field('encapsulationSeed')) })
    expect(toHex(new Uint8Array(made.enc))).toBe(toHex(field('encapsulation')))
    expect(toHex(new Uint8Array(made.sharedSecret))).toBe(toHex(field('sharedSecret')))
    const recipientKey = await kem.deserializePrivateKey(buffer(field('seed')))
    const secret = await kem.decap({ recipientKey, enc: buffer(field('encapsulation')) })
    expect(toHex(new Uint8Array(secret))).toBe(toHex(field('sharedSecret')))
  })

  it('runs the key schedule of RFC 9180 with our cipher', async () => {
    const field = vector('rfc9180-a2-1')
    const kem = new DhkemX25519HkdfSha256()
    const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: hpkeChaCha20Poly1305 })
    const recipientKey = await kem.deserializePrivateKey(buffer(field('privateKey')))
    const enc = buffer(field('encapsulation'))
    const recipient = await suite.createRecipientContext({ recipientKey, enc, info: field('info') })
    const plain = await recipient.open(buffer(field('ciphertext')), buffer(field('associatedData')))
    expect(toHex(new Uint8Array(plain))).toBe(toHex(field('plain')))
  })

  it('seals 32 bytes into 1168, for one seed and one info alone', async () => {
    const seed = new Uint8Array(32).fill(3)
    const info = utf8('somewhere')
    const plain = new Uint8Array(32).fill(7)
    const publicKey = await hpkePublicKey(seed)
    const sealed = await hpkeSeal(plain, { publicKey, info, randomness: seededRandomness('hpke') })
    expect(sealed.length).toBe(1168)
    expect(await hpkeOpen(sealed, { seed, info })).toEqual(plain)
    expect(await hpkeOpen(sealed, { seed, info: utf8('elsewhere') })).toBeUndefined()
    expect(await hpkeOpen(sealed, { seed: new Uint8Array(32), info })).toBeUndefined()
    expect(await hpkeOpen(sealed.subarray(0, 1000), { seed, info })).toBeUndefined()
    for (const at of [0, 1100, 1119, 1120, 1167]) {
      const changed = Uint8Array.from(sealed)
      changed[at] = present(changed[at], 'byte') ^ 1
      expect(await hpkeOpen(changed, { seed, info })).toBeUndefined()
    }
  })

  it('leaves the seed as it was', async () => {
    const seed = new Uint8Array(32).fill(9)
    await hpkePublicKey(seed)
    expect(seed).toEqual(new Uint8Array(32).fill(9))
  })
})
