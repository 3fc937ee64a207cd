import { assert } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import type { RepositoryId } from '../base/ids.ts'
import { BLOB_ID_BYTES, hexId, idBytes, RANDOM_ID_BYTES } from '../base/ids.ts'
import { PACK_BLOBS_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { readExtensions } from './extensions.ts'
import { PACK_FRAMES_MAX } from './frame.ts'
import { packTablesProblem } from './pack-tables.ts'
import type { PackFooter, PackFooterBody, PackTables } from './pack.ts'
import { FRAME_COLUMNS, PACK_HEADER_BYTES, PACK_KIND_NUMBERS, PACK_LEVEL_MAX, packKindOf } from './pack.ts'
import { bytesOfU32s, u32sOfBytes } from './u32-column.ts'

const BODY_ITEMS = 7
const FOOTER_ITEMS = 2
const SIGNATURE_BYTES = 64
/** Key of the extension that holds the level of a pack; absent for level 0. */
const LEVEL = 1
const SIGNATURE_CONTEXT = utf8('tidemark v1 pack footer signature')

/**
 * Returns the encoded tables of a pack, which `footerSignatureInput` and `encodePackFooter` take.
 *
 * Takes columns as they are: no object is made for a blob. Tables that contradict themselves are an assertion failure.
 * Ownership: freshly allocated.
 * @see docs/format.md, "Footer"
 */
export function encodeFooterTables({ instance, kind, level, tables }: PackFooterBody): Uint8Array {
  const problem = packTablesProblem({ tables, kind, framesEnd: undefined })
  assert(problem === undefined, problem ?? '')
  const writer = new CborWriter(256 + tables.frames.byteLength + tables.blobTypes.length * (BLOB_ID_BYTES + 5))
  writer.writeArrayHeader(BODY_ITEMS)
  writer.writeBytes(idBytes(instance))
  writer.writeUint(PACK_KIND_NUMBERS[kind])
  writer.writeBytes(bytesOfU32s(tables.frames))
  writer.writeBytes(tables.blobIds)
  writer.writeBytes(tables.blobTypes)
  writer.writeBytes(bytesOfU32s(tables.blobLengths))
  writeLevel(writer, level)
  return writer.bytes()
}

function writeLevel(writer: CborWriter, level: number): void {
  assert(Number.isInteger(level) && level >= 0 && level <= PACK_LEVEL_MAX, 'the level of a pack has 32 bits')
  writer.writeMapHeader(level === 0 ? 0 : 1)
  if (level === 0) return
  writer.writeUint(LEVEL)
  writer.writeUint(level)
}

export interface FooterSignatureParts {
  readonly repository: RepositoryId
  /** The pack's first 1224 bytes. */
  readonly header: Uint8Array
  /** What `encodeFooterTables` returned, or `PackFooter.body`. */
  readonly body: Uint8Array
}

/** Returns what the writing instance signs about a pack: its repository, header and tables. */
export function footerSignatureInput({ repository, header, body }: FooterSignatureParts): Uint8Array {
  assert(header.byteLength === PACK_HEADER_BYTES, 'a pack header has 1224 bytes')
  return concatBytes(SIGNATURE_CONTEXT, idBytes(repository), header, body)
}

/** Returns a footer frame's payload from what `encodeFooterTables` returned and the signature over it. */
export function encodePackFooter({ body, signature }: Pick<PackFooter, 'body' | 'signature'>): Uint8Array {
  assert(signature.byteLength === SIGNATURE_BYTES, 'an Ed25519 signature has 64 bytes')
  const writer = new CborWriter(body.byteLength + 80)
  writer.writeArrayHeader(FOOTER_ITEMS)
  writer.writeBytes(body)
  writer.writeBytes(signature)
  return writer.bytes()
}

/**
 * Returns the footer that a footer frame's payload encodes. Its signature is the caller's to check.
 *
 * `framesEnd` is where the footer frame starts in the pack, and the last frame ends. Ownership: copies.
 * @throws {IntegrityError} MALFORMED: among others, frames that do not lie one after the other, lengths of blobs that do
 * not add up, numbers beyond the bounds.
 * @see docs/format.md, "Footer"
 */
export function decodePackFooter(bytes: Uint8Array, { framesEnd }: { readonly framesEnd: number }): PackFooter {
  const outer = new CborReader(bytes, 'pack footer')
  outer.readArrayHeader(FOOTER_ITEMS, FOOTER_ITEMS)
  const body = new Uint8Array(outer.readBytes())
  const signature = new Uint8Array(outer.readBytesExactly(SIGNATURE_BYTES))
  outer.expectEnd()

  const reader = new CborReader(body, 'pack footer')
  reader.readArrayHeader(BODY_ITEMS, BODY_ITEMS)
  const instance = hexId<PackFooter['instance']>(reader.readBytesExactly(RANDOM_ID_BYTES))
  const kind = packKindOf(reader.readUint())
  if (kind === undefined) throw reader.malformed('it is of an unknown kind')
  const tables = readTables(reader)
  const level = readLevel(reader)
  reader.expectEnd()
  const problem = packTablesProblem({ tables, kind, framesEnd })
  if (problem !== undefined) throw reader.malformed(problem)
  return { instance, kind, level, tables, body, signature }
}

function readLevel(reader: CborReader): number {
  let level = 0
  readExtensions(reader, {
    [LEVEL]: () => {
      level = reader.readUint(PACK_LEVEL_MAX)
      if (level === 0) throw reader.malformed('it spells out that its level is 0')
    },
  })
  return level
}

function readTables(reader: CborReader): PackTables {
  const frameRowBytes = FRAME_COLUMNS * 4
  const frames = reader.readBytes(PACK_FRAMES_MAX * frameRowBytes)
  if (frames.byteLength % frameRowBytes !== 0) throw reader.malformed('its table of frames is cut short')
  const blobIds = reader.readBytes(PACK_BLOBS_MAX * BLOB_ID_BYTES)
  if (blobIds.byteLength % BLOB_ID_BYTES !== 0) throw reader.malformed('its column of blob ids is cut short')
  const count = blobIds.byteLength / BLOB_ID_BYTES
  return {
    frames: u32sOfBytes(frames),
    blobIds: new Uint8Array(blobIds),
    blobTypes: new Uint8Array(reader.readBytesExactly(count)),
    blobLengths: u32sOfBytes(reader.readBytesExactly(count * 4)),
  }
}
