import { assert } from '../base/assert.ts'
import { hexId, idBytes, REALM_ID_BYTES } from '../base/ids.ts'
import { utf8 } from '../base/bytes.ts'
import { malformed, unsupportedVersion } from './malformed.ts'
import type { PackHeader } from './pack.ts'
import {
  FORMAT_VERSION,
  PACK_HEADER_BYTES,
  PACK_SALT_BYTES,
  PACK_TRAILER_BYTES,
  SEALED_WRITER_KEY_BYTES,
  SUITE,
} from './pack.ts'

const HEADER_MAGIC = utf8('TDMKP')
const TRAILER_MAGIC = utf8('TDMKPEND')
const REALM_AT = 8
const GENERATION_AT = 20
const SEALED_WRITER_KEY_AT = 24
const SALT_AT = 1192

/** A footer's ciphertext is at least the codec byte and the tag, and bounded as every frame is. */
const FOOTER_STORED_BYTES_MIN = 17
/** Bytes of a footer frame's ciphertext with tag: its tables are bounded by the numbers of frames and blobs. */
const FOOTER_STORED_BYTES_MAX = 4 << 20

/**
 * Returns the 1224 bytes that start a pack, freshly allocated.
 *
 * @see docs/format.md, "Pack"
 */
export function encodePackHeader(header: PackHeader): Uint8Array {
  assert(header.sealedWriterKey.byteLength === SEALED_WRITER_KEY_BYTES, 'a sealed writer key has 1168 bytes')
  assert(header.salt.byteLength === PACK_SALT_BYTES, "a pack's salt has 32 bytes")
  const bytes = new Uint8Array(PACK_HEADER_BYTES)
  bytes.set(HEADER_MAGIC)
  bytes[5] = FORMAT_VERSION
  bytes[6] = SUITE
  bytes.set(idBytes(header.realm), REALM_AT)
  viewOf(bytes).setUint32(GENERATION_AT, header.generation, true)
  bytes.set(header.sealedWriterKey, SEALED_WRITER_KEY_AT)
  bytes.set(header.salt, SALT_AT)
  return bytes
}

/**
 * Returns the header at the start of `bytes`, which may be longer. Ownership: copies.
 *
 * @throws {IntegrityError} MALFORMED; UNSUPPORTED_VERSION: a later version or another suite.
 * @see docs/format.md, "Pack"
 */
export function decodePackHeader(bytes: Uint8Array): PackHeader {
  if (bytes.byteLength < PACK_HEADER_BYTES) throw malformed('pack header', `it has ${bytes.byteLength} bytes`)
  if (!startsWith(bytes, HEADER_MAGIC)) throw malformed('pack header', 'it does not start with the magic of a pack')
  if (bytes[5] !== FORMAT_VERSION) throw unsupportedVersion('pack', `its version is ${bytes[5] ?? 0}`)
  if (bytes[6] !== SUITE) throw unsupportedVersion('pack', `its cipher suite is ${bytes[6] ?? 0}`)
  if (bytes[7] !== 0) throw malformed('pack header', 'a reserved byte is set')
  const generation = viewOf(bytes).getUint32(GENERATION_AT, true)
  if (generation === 0) throw malformed('pack header', 'its key generation is 0')
  return {
    realm: hexId(bytes.subarray(REALM_AT, REALM_AT + REALM_ID_BYTES)),
    generation,
    sealedWriterKey: new Uint8Array(bytes.subarray(SEALED_WRITER_KEY_AT, SALT_AT)),
    salt: new Uint8Array(bytes.subarray(SALT_AT, PACK_HEADER_BYTES)),
  }
}

/** Returns the 12 bytes that end a pack whose footer frame has `footerStoredBytes` of ciphertext with tag. */
export function encodePackTrailer(footerStoredBytes: number): Uint8Array {
  assert(
    footerStoredBytes >= FOOTER_STORED_BYTES_MIN && footerStoredBytes <= FOOTER_STORED_BYTES_MAX,
    "a footer's size is bounded",
  )
  const bytes = new Uint8Array(PACK_TRAILER_BYTES)
  viewOf(bytes).setUint32(0, footerStoredBytes, true)
  bytes.set(TRAILER_MAGIC, 4)
  return bytes
}

/**
 * Returns the size of the footer's ciphertext with tag, which lies right before the trailer that ends `bytes`.
 *
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "Pack"
 */
export function decodePackTrailer(bytes: Uint8Array): number {
  const trailer = bytes.subarray(Math.max(0, bytes.byteLength - PACK_TRAILER_BYTES))
  if (trailer.byteLength < PACK_TRAILER_BYTES) throw malformed('pack trailer', `it has ${trailer.byteLength} bytes`)
  if (!startsWith(trailer.subarray(4), TRAILER_MAGIC)) throw malformed('pack trailer', 'its magic is wrong')
  const footerStoredBytes = viewOf(trailer).getUint32(0, true)
  if (footerStoredBytes < FOOTER_STORED_BYTES_MIN || footerStoredBytes > FOOTER_STORED_BYTES_MAX) {
    throw malformed('pack trailer', `it tells of a footer of ${footerStoredBytes} bytes`)
  }
  return footerStoredBytes
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
