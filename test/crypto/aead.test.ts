import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { present } from '../../src/base/assert.ts'
import { type AeadInput, open, opened, seal, sealed } from '../../src/crypto/aead.ts'

const hex = (text: string): Uint8Array => present(fromHex(text), 'hex')

// RFC 8439, section 2.8.2
const RFC: AeadInput = {
  key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
  nonce: hex('070000004041424344454647'),
  associatedData: hex('50515253c0c1c2c3c4c5c6c7'),
}
const PLAIN = utf8(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
)

describe('ChaCha20-Poly1305', () => {
  it('agrees with RFC 8439 and with node:crypto', () => {
    const bytes = sealed(PLAIN, RFC)
    expect(toHex(bytes.subarray(-16))).toBe('1ae10b594f09e26a7e902ecbd0600691')
    const cipher = createCipheriv('chacha20-poly1305', RFC.key, RFC.nonce, { authTagLength: 16 })
    cipher.setAAD(RFC.associatedData, { plaintextLength: PLAIN.length })
    const theirs = Buffer.concat([cipher.update(PLAIN), cipher.final(), cipher.getAuthTag()])
    expect(toHex(bytes)).toBe(theirs.toString('hex'))
  })

  it('seals and opens inside shared memory', () => {
    const slab = new Uint8Array(new SharedArrayBuffer(1024))
    const place = slab.subarray(100, 100 + PLAIN.length + 16)
    seal(place, PLAIN, RFC)
    const out = new Uint8Array(new SharedArrayBuffer(PLAIN.length))
    expect(open(out, place, RFC)).toBe(true)
    expect(out).toEqual(PLAIN)
    expect(slab[99]).toBe(0)
    expect(slab[100 + PLAIN.length + 16]).toBe(0)
  })

  it('opens nothing after any single change', () => {
    const bytes = sealed(PLAIN, RFC)
    for (let i = 0; i < bytes.length; i++) {
      const changed = Uint8Array.from(bytes)
      changed[i] = present(changed[i], 'byte') ^ 1
      expect(opened(changed, RFC)).toBeUndefined()
    }
    expect(opened(bytes, { ...RFC, associatedData: utf8('x') })).toBeUndefined()
    expect(opened(bytes, { ...RFC, nonce: new Uint8Array(12) })).toBeUndefined()
    expect(opened(bytes.subarray(0, 15), RFC)).toBeUndefined()
    expect(opened(bytes, RFC)).toEqual(PLAIN)
  })

  it('leaves no plaintext behind when the tag does not fit', () => {
    const bytes = sealed(PLAIN, RFC)
    bytes[0] = present(bytes[0], 'byte') ^ 1
    const out = new Uint8Array(PLAIN.length).fill(7)
    expect(open(out, bytes, RFC)).toBe(false)
    expect(Buffer.from(out).includes('sunscreen')).toBe(false)
  })

  it('seals an empty message', () => {
    const bytes = sealed(new Uint8Array(), RFC)
    expect(bytes.length).toBe(16)
    expect(opened(bytes, RFC)).toEqual(new Uint8Array())
  })
})
