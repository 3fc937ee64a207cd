import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import type { RepositoryId } from '../../src/base/ids.ts'
import { CHUNKER_DEFAULT } from '../../src/format/chunker-parameters.ts'
import { decodeSlotContent, encodeSlotContent } from '../../src/format/slot-content.ts'
import { decodeSlot, encodeSlotHeader, SLOT_BYTES, type SlotHeader } from '../../src/format/slot.ts'
import { expectStrictDecoder, propertyOptions } from './strict-decoder.ts'

const header: SlotHeader = {
  kind: 'password',
  keySet: 'backup-only',
  repository: '0a'.repeat(16) as RepositoryId,
  salt: new Uint8Array(32).fill(1),
  kdf: { memoryKib: 65_536, passes: 3, lanes: 4 },
  chunker: CHUNKER_DEFAULT,
  graceSeconds: 86_400,
  ownerPublicKey: new Uint8Array(32).fill(2),
  sealingPublicKey: new Uint8Array(1216).fill(3),
  commitment: new Uint8Array(32).fill(4),
}

function slotOf(changed: Partial<SlotHeader> = {}): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES)
  bytes.set(encodeSlotHeader({ ...header, ...changed }))
  return bytes
}

const content = fc.record({
  label: fc.string({ maxLength: 32, unit: 'grapheme' }).filter((label) => Buffer.byteLength(label) <= 128),
  created: fc.record({ seconds: fc.maxSafeInteger(), nanoseconds: fc.nat({ max: 999_999_999 }) }),
  sealingSeed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  keySet: fc.uint8Array({ maxLength: 7680, size: 'max' }),
})

describe('the header of a slot', () => {
  it('is what it was, decoded', () => {
    const { header: decoded, headerBytes, sealed } = decodeSlot(slotOf())
    expect({ ...decoded }).toEqual({
      ...header,
      ...Object.fromEntries(
        (['salt', 'ownerPublicKey', 'sealingPublicKey', 'commitment'] as const).map((name) => [
          name,
          Buffer.from(header[name]),
        ]),
      ),
    })
    expect(headerBytes.length).toBe(1368)
    expect(sealed.length).toBe(8208)
  })

  it('believes no bytes', () => {
    const at = fc.nat({ max: 1367 })
    fc.assert(
      fc.property(at, fc.nat({ max: 255 }), (offset, value) =>
        expectStrictDecoder(() => decodeSlot(slotOf().with(offset, value))),
      ),
      propertyOptions({ runs: 500 }),
    )
    fc.assert(
      fc.property(fc.nat({ max: SLOT_BYTES }), (length) => {
        if (length === SLOT_BYTES) return
        expect(() => decodeSlot(slotOf().subarray(0, length))).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
      }),
      propertyOptions({ runs: 50 }),
    )
  })
})

describe('the content of a slot', () => {
  it('is what it was, decoded, and always of one length', () => {
    fc.assert(
      fc.property(content, (value) => {
        const bytes = encodeSlotContent(value)
        expect(bytes.length).toBe(8192)
        expect(decodeSlotContent(bytes)).toEqual(value)
      }),
      propertyOptions({ runs: 50 }),
    )
  })

  it('refuses padding that is not zero, and a length beyond its end', () => {
    const sealingSeed = new Uint8Array(32)
    const bytes = encodeSlotContent({
      label: '',
      created: { seconds: 0, nanoseconds: 0 },
      sealingSeed,
      keySet: new Uint8Array(),
    })
    const malformed = expect.objectContaining({ code: 'MALFORMED' }) as Error
    expect(() => decodeSlotContent(Uint8Array.from(bytes).with(8191, 1))).toThrow(malformed)
    expect(() => decodeSlotContent(Uint8Array.from(bytes).with(1, 255))).toThrow(malformed)
    expect(() => decodeSlotContent(bytes.subarray(1))).toThrow(malformed)
  })
})
