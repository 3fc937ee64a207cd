import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { sealed } from '../../src/crypto/aead.ts'
import { hpkeOpen, hpkePublicKey, hpkeSeal } from '../../src/crypto/hpke.ts'
import { xWingDecapsulate, xWingEncapsulate, xWingPublicKey } from '../../src/crypto/x-wing.ts'
import { libraryAead, libraryOpen, libraryPublicKey, librarySeal } from '../support/hpke-library.ts'
import { encapsulationRandomness, seededRandomness } from '../support/seeded-randomness.ts'

function vector(name: string): (field: string) => Uint8Array {
  const path = new URL(`../vectors/hpke/${name}.json`, import.meta.url)
  const fields = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  return (field) => present(fromHex(present(fields[field], field)), field)
}

const seed = new Uint8Array(32).fill(3)
const info = utf8('somewhere')
const plain = new Uint8Array(32).fill(7)
const publicKey = hpkePublicKey(seed)

/** Points of X25519 from which every secret key comes to zero: the last three are others of the first, written longer. */
const POINTS_TO_ZERO = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
].map((hex) => present(fromHex(hex), hex))

describe('X-Wing', () => {
  it.each(['x-wing-1', 'x-wing-2', 'hpke-pq-a5'])('agrees with the published vector %s', (name) => {
    const field = vector(name)
    expect(toHex(xWingPublicKey(field('seed')))).toBe(toHex(field('publicKey')))
    const made = xWingEncapsulate(field('publicKey'), encapsulationRandomness(field('encapsulationSeed')))
    expect(toHex(present(made, 'a secret').encapsulation)).toBe(toHex(field('encapsulation')))
    expect(toHex(present(made, 'a secret').secret)).toBe(toHex(field('sharedSecret')))
    const secret = present(xWingDecapsulate(field('encapsulation'), field('seed')), 'a secret')
    expect(toHex(secret)).toBe(toHex(field('sharedSecret')))
  })

  it('gives a secret of nobody else for an encapsulation that was changed', () => {
    const { secret, encapsulation } = present(xWingEncapsulate(publicKey, systemRandomness), 'a secret')
    expect(xWingDecapsulate(encapsulation, seed)).toEqual(secret)
    // X25519 by itself takes no notice of the last bit.
    const last = encapsulation.with(1119, present(encapsulation[1119], 'byte') ^ 0x80)
    for (const changed of [...[0, 1087, 1088, 1119].map((at) => flipped(encapsulation, at)), last]) {
      const other = present(xWingDecapsulate(changed, seed), 'a secret')
      expect(other).toHaveLength(32)
      expect(other).not.toEqual(secret)
    }
  })
})

describe('HPKE', () => {
  it('agrees with the published vector of its very suite', () => {
    const field = vector('hpke-pq-a5')
    const of = { key: field('key'), nonce: field('nonce') }
    expect(toHex(sealed(field('plain'), { ...of, associatedData: field('associatedData') }))).toBe(
      toHex(field('ciphertext')),
    )
    const randomness = encapsulationRandomness(field('encapsulationSeed'))
    const made = hpkeSeal(field('plain'), { publicKey: field('publicKey'), info: field('info'), randomness })
    const ciphertext = sealed(field('plain'), { ...of, associatedData: new Uint8Array(0) })
    expect(toHex(made)).toBe(toHex(concatBytes(field('encapsulation'), ciphertext)))
    expect(hpkeOpen(made, { seed: field('seed'), info: field('info') })).toEqual(field('plain'))
  })

  it('makes and opens what a library makes and opens', async () => {
    const random = seededRandomness('of a library')
    for (const length of [0, 1, 32, 7684]) {
      const [seed, encapsulationSeed] = [random.bytes(32), random.bytes(64)]
      const [info, plain] = [random.bytes(length % 100), random.bytes(length)]
      const publicKey = hpkePublicKey(seed)
      expect(toHex(publicKey)).toBe(toHex(await libraryPublicKey(seed)))
      const theirs = await librarySeal(plain, { publicKey, info, encapsulationSeed })
      const randomness = encapsulationRandomness(encapsulationSeed)
      expect(toHex(hpkeSeal(plain, { publicKey, info, randomness }))).toBe(toHex(theirs))
      expect(hpkeOpen(theirs, { seed, info })).toEqual(plain)
      const ours = hpkeSeal(plain, { publicKey, info, randomness: systemRandomness })
      expect(await libraryOpen(ours, { seed, info })).toEqual(plain)
    }
  })

  it('is measured by a library that agrees with RFC 9180', async () => {
    const field = vector('rfc9180-a2-1')
    const kem = new DhkemX25519HkdfSha256()
    const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: libraryAead })
    const recipientKey = await kem.deserializePrivateKey(field('privateKey').slice())
    const enc = field('encapsulation').slice()
    const recipient = await suite.createRecipientContext({ recipientKey, enc, info: field('info') })
    const opened = await recipient.open(field('ciphertext').slice(), field('associatedData').slice())
    expect(toHex(new Uint8Array(opened))).toBe(toHex(field('plain')))
  })

  it('seals 32 bytes into 1168, for one seed and one info alone, and each time otherwise', () => {
    const to = { publicKey, info, randomness: systemRandomness }
    const made = hpkeSeal(plain, to)
    expect(made.length).toBe(1168)
    expect(hpkeSeal(plain, to)).not.toEqual(made)
    expect(hpkeOpen(made, { seed, info })).toEqual(plain)
    expect(hpkeOpen(made, { seed, info: utf8('elsewhere') })).toBeUndefined()
    expect(hpkeOpen(made, { seed: new Uint8Array(32), info })).toBeUndefined()
    for (const at of [0, 1087, 1088, 1119, 1120, 1167]) {
      expect(hpkeOpen(flipped(made, at), { seed, info })).toBeUndefined()
    }
  })

  it('seals the same from the same seed of a test', () => {
    const seal = (): Uint8Array => hpkeSeal(plain, { publicKey, info, randomness: seededRandomness('hpke') })
    expect(seal()).toEqual(seal())
  })

  it('opens nothing that is too short, or empty, or of zeros', () => {
    const made = hpkeSeal(plain, { publicKey, info, randomness: systemRandomness })
    for (const length of [0, 1, 32, 1088, 1119, 1120, 1135, 1136, 1167]) {
      expect(hpkeOpen(made.subarray(0, length), { seed, info })).toBeUndefined()
    }
    expect(hpkeOpen(concatBytes(made, Uint8Array.of(0)), { seed, info })).toBeUndefined()
    expect(hpkeOpen(new Uint8Array(1168), { seed, info })).toBeUndefined()
    expect(hpkeOpen(made.fill(0, 0, 1088), { seed, info })).toBeUndefined()
  })

  it('takes no point of X25519 that makes the secret one that everybody knows', async () => {
    const made = hpkeSeal(plain, { publicKey, info, randomness: systemRandomness })
    for (const point of POINTS_TO_ZERO) {
      const forged = made.slice()
      forged.set(point, 1088)
      expect(xWingDecapsulate(forged.subarray(0, 1120), seed)).toBeUndefined()
      expect(hpkeOpen(forged, { seed, info })).toBeUndefined()
      const bad = publicKey.slice()
      bad.set(point, 1184)
      expect(() => hpkeSeal(plain, { publicKey: bad, info, randomness: systemRandomness })).toThrow(
        expect.objectContaining({ code: 'MALFORMED' }),
      )
    }
  })

  it('seals to no key of ML-KEM with numbers that are none modulo 3329', () => {
    const modulus = publicKey.slice()
    modulus.set([3329 & 0xff, (3329 >> 8) | (present(modulus[1], 'byte') & 0xf0)])
    for (const bad of [modulus, new Uint8Array(1216).fill(255), publicKey.with(1151, 255).with(1150, 255)]) {
      expect(() => hpkeSeal(plain, { publicKey: bad, info, randomness: systemRandomness })).toThrow(
        expect.objectContaining({ code: 'MALFORMED' }),
      )
    }
  })

  it('leaves what it is given as it was', () => {
    const made = hpkeSeal(plain, { publicKey, info, randomness: systemRandomness })
    const before = [seed, plain, info, publicKey, made].map(toHex)
    hpkePublicKey(seed)
    hpkeOpen(made, { seed, info })
    hpkeSeal(plain, { publicKey, info, randomness: systemRandomness })
    expect([seed, plain, info, publicKey, made].map(toHex)).toEqual(before)
  })
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, present(bytes[at], 'byte') ^ 1)
}
