import { fc } from '../../support/fast-check.ts'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeDevice } from '../../../fuse/protocol/attributes.ts'
import { FUSE_KERNEL_MINOR_VERSION, FUSE_MAX_PAGES, FUSE_POSIX_ACL } from '../../../fuse/protocol/constants.ts'
import { negotiate } from '../../../fuse/protocol/init.ts'
import { MessageBuffer } from '../../../fuse/protocol/message-buffer.ts'
import { ProtocolError } from '../../../fuse/protocol/protocol-error.ts'
import { fromHex } from '../../../src/base/bytes.ts'
import { mutated, propertyOptions } from '../../format/strict-decoder.ts'
import { readRequest } from './read-request.ts'

const folder = join(import.meta.dirname, '../../vectors/fuse')
const good = readdirSync(folder)
  .filter((name) => name.startsWith('request-'))
  .map((name) => fromHex((JSON.parse(readFileSync(join(folder, name), 'utf8')) as { bytes: string }).bytes)!)

/** A message whose header is right, so that its body is looked at, and whose body is anything. */
const anyBody = fc
  .record({ opcode: fc.integer({ min: 0, max: 60 }), body: fc.uint8Array({ maxLength: 400 }) })
  .map(({ opcode, body }) => {
    const bytes = new Uint8Array(40 + body.byteLength)
    bytes.set(body, 40)
    new DataView(bytes.buffer).setUint32(0, bytes.byteLength, true)
    new DataView(bytes.buffer).setUint32(4, opcode, true)
    return bytes
  })

describe('a request', () => {
  test('is decoded or refused with an error number, whatever bytes it has', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      anyBody,
      fc.constantFrom(...good).chain((bytes) => mutated(bytes)),
    )
    let refused = 0
    let decoded = 0
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          readRequest(bytes)
          decoded++
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
          expect((error as ProtocolError).errno).toBeGreaterThan(0)
          refused++
        }
      }),
      propertyOptions({ runs: 3000 }),
    )
    expect(Math.min(refused, decoded)).toBeGreaterThan(100)
  })

  test('never says anything of what an earlier one left in the buffer', () => {
    fc.assert(
      fc.property(anyBody, (bytes) => {
        const twice = [0x00, 0xff].map((left) => {
          try {
            readRequest(new Uint8Array(2000).fill(left))
          } catch {
            // Only its bytes matter, which now lie behind the next one's.
          }
          try {
            return readRequest(bytes)
          } catch (error) {
            return (error as Error).message
          }
        })
        expect(twice[0]).toEqual(twice[1])
      }),
      propertyOptions({ runs: 1000 }),
    )
  })
})

describe('a word of 64 bits', () => {
  test('is written and read as the same number, also when it is negative', () => {
    const message = new MessageBuffer(new Uint8Array(16))
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        message.setU64(8, value)
        expect(new DataView(message.bytes.buffer).getBigInt64(8, true)).toBe(BigInt(value))
        if (value >= 0) expect(message.u64(8)).toBe(value)
      }),
      propertyOptions({ runs: 500 }),
    )
  })
})

describe('a device number', () => {
  test('has the bits where the kernel looks for them', () => {
    // new_encode_dev of linux/kdev_t.h
    expect(encodeDevice({ major: 8, minor: 1 })).toBe(0x801)
    expect(encodeDevice({ major: 0xfff, minor: 0xfffff })).toBe(0xffffffff)
    expect(encodeDevice({ major: 259, minor: 0x12345 })).toBe(0x12310345)
  })
})

describe('the agreement with the kernel', () => {
  const offer = { major: 7, minor: 45, maxReadaheadBytes: 131_072, flags: 0x7fff_ffff }

  test('never has what the kernel did not offer', () => {
    expect(negotiate({ ...offer, flags: FUSE_MAX_PAGES }, { posixAcl: true })?.flags).toBe(FUSE_MAX_PAGES)
    expect(negotiate({ ...offer, minor: 31 }, { posixAcl: false })?.minor).toBe(31)
    expect(negotiate({ ...offer, minor: 99 }, { posixAcl: false })?.minor).toBe(FUSE_KERNEL_MINOR_VERSION)
  })

  test('has the kernel mind access lists where it was asked to', () => {
    const flags = (posixAcl: boolean): number => (negotiate(offer, { posixAcl })?.flags ?? 0) & FUSE_POSIX_ACL
    expect([flags(true), flags(false)]).toEqual([FUSE_POSIX_ACL, 0])
  })

  test('fails for a kernel that is too old', () => {
    expect(() => negotiate({ ...offer, minor: 22 }, { posixAcl: false })).toThrow(ProtocolError)
    expect(() => negotiate({ ...offer, major: 6 }, { posixAcl: false })).toThrow(ProtocolError)
  })
})
