import { assert } from '../base/assert.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { skipExtensions } from './extensions.ts'
import { KEY_SET_BYTES_MAX } from './key-set.ts'
import { malformed } from './malformed.ts'
import { SLOT_CONTENT_BYTES, type SlotContent } from './slot.ts'

/** UTF-8 bytes of a slot's label. */
export const SLOT_LABEL_BYTES_MAX = 128
const LENGTH_BYTES = 4
const SEED_BYTES = 32
const NANOSECONDS_MAX = 999_999_999

/**
 * Returns the plaintext of a slot: length (u32, little-endian), CBOR, zeros.
 *
 * Shape: 8192 bytes whatever it holds, so that a slot's size tells nothing; the caller wipes them.
 * @see docs/format.md, "Key slot"
 */
export function encodeSlotContent(content: SlotContent): Uint8Array {
  assert(Buffer.byteLength(content.label) <= SLOT_LABEL_BYTES_MAX, 'the label of a slot has at most 128 bytes')
  assert(content.sealingSeed.byteLength === SEED_BYTES, 'a sealing seed has 32 bytes')
  // Never grows, so that zeroing it below leaves nothing behind.
  const writer = new CborWriter(2 * SLOT_CONTENT_BYTES)
  writer.writeArrayHeader(6)
  writer.writeText(content.label)
  writer.writeInt(content.created.seconds)
  writer.writeUint(content.created.nanoseconds)
  writer.writeBytes(content.sealingSeed)
  writer.writeBytes(content.keySet)
  writer.writeMapHeader(0)
  const padded = Buffer.alloc(SLOT_CONTENT_BYTES)
  assert(writer.length + LENGTH_BYTES <= SLOT_CONTENT_BYTES, 'the content of a slot fits it')
  padded.writeUInt32LE(writer.length)
  padded.set(writer.view(), LENGTH_BYTES)
  writer.view().fill(0)
  return padded
}

/**
 * Returns what `encodeSlotContent` was given. Ownership: secrets are copies, which the caller wipes.
 * @throws {IntegrityError} MALFORMED
 */
export function decodeSlotContent(bytes: Uint8Array): SlotContent {
  if (bytes.byteLength !== SLOT_CONTENT_BYTES) throw malformed('slot content', `it has ${bytes.byteLength} bytes`)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.readUInt32LE()
  if (length > SLOT_CONTENT_BYTES - LENGTH_BYTES) throw malformed('slot content', 'its length lies outside')
  const padding = view.subarray(LENGTH_BYTES + length)
  if (padding.some((byte) => byte !== 0)) throw malformed('slot content', 'its padding is not zero')
  const reader = new CborReader(view.subarray(LENGTH_BYTES, LENGTH_BYTES + length), 'slot content')
  reader.readArrayHeader(6, 6)
  const content = {
    label: reader.readText(SLOT_LABEL_BYTES_MAX),
    created: { seconds: reader.readInt(), nanoseconds: reader.readUint(NANOSECONDS_MAX) },
    sealingSeed: Uint8Array.from(reader.readBytesExactly(SEED_BYTES)),
    keySet: Uint8Array.from(reader.readBytes(KEY_SET_BYTES_MAX)),
  }
  skipExtensions(reader)
  reader.expectEnd()
  return content
}
