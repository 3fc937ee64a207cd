import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { present } from '../../src/base/assert.ts'
import { sign, signingKeyPair, verify } from '../../src/crypto/ed25519.ts'

const hex = (text: string): Uint8Array => present(fromHex(text), 'hex')

// RFC 8032, section 7.1, test 2
const SEED = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
const PUBLIC = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'
const SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'

describe('Ed25519', () => {
  it('agrees with RFC 8032', () => {
    const pair = signingKeyPair(SEED)
    expect(toHex(pair.publicKey)).toBe(PUBLIC)
    expect(toHex(sign(Uint8Array.of(0x72), pair.secretKey))).toBe(SIGNATURE)
  })

  it('refuses a changed message, signature or key, and wrong lengths', () => {
    const pair = signingKeyPair(SEED)
    const message = utf8('a message')
    const signature = sign(message, pair.secretKey)
    expect(verify(message, { signature, publicKey: pair.publicKey })).toBe(true)
    expect(verify(utf8('a massage'), { signature, publicKey: pair.publicKey })).toBe(false)
    const other = signingKeyPair(new Uint8Array(32))
    expect(verify(message, { signature, publicKey: other.publicKey })).toBe(false)
    expect(verify(message, { signature: signature.subarray(1), publicKey: pair.publicKey })).toBe(false)
    expect(verify(message, { signature, publicKey: pair.publicKey.subarray(1) })).toBe(false)
    const changed = Uint8Array.from(signature)
    changed[63] = present(changed[63], 'byte') ^ 0x10
    expect(verify(message, { signature: changed, publicKey: pair.publicKey })).toBe(false)
  })

  it('verifies a message that is part of a larger buffer', () => {
    const pair = signingKeyPair(SEED)
    const slab = new Uint8Array(100).fill(9)
    const signature = sign(new Uint8Array(10).fill(9), pair.secretKey)
    expect(verify(slab.subarray(40, 50), { signature, publicKey: pair.publicKey })).toBe(true)
    expect(verify(slab.subarray(40, 51), { signature, publicKey: pair.publicKey })).toBe(false)
  })
})
