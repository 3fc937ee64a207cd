import { assert } from '../base/assert.ts'
import { RANDOM_ID_BYTES, hexId, idBytes, type RepositoryId } from '../base/ids.ts'
import type { CborReader } from './cbor-reader.ts'
import type { CborWriter } from './cbor-writer.ts'
import { readExtensions } from './extensions.ts'
import type { OriginalRecord, PointRecord } from './records.ts'

const ORIGINAL = 1
const PUBLIC_KEY_BYTES = 32
/** Half of what a record may have: the rest is the copy's own. */
export const ORIGINAL_BYTES_MAX = 8 << 20

/** What few points have, and the extension map of a point's record therefore holds. */
export type PointExtensions = Pick<PointRecord, 'original'>

/** Appends a point's extension map: a key only for what it has. */
export function writePointExtensions(writer: CborWriter, { original }: PointExtensions): void {
  writer.writeMapHeader(original === undefined ? 0 : 1)
  if (original === undefined) return
  assert(original.inner.byteLength <= ORIGINAL_BYTES_MAX, 'the record of a copied point is bounded')
  assert(original.publicKey.byteLength === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  writer.writeUint(ORIGINAL)
  writer.writeArrayHeader(3)
  writer.writeBytes(idBytes(original.repository))
  writer.writeBytes(original.inner)
  writer.writeBytes(original.publicKey)
}

/** Reads a point's extension map, passing over keys of later versions. Ownership: copies. */
export function readPointExtensions(reader: CborReader): PointExtensions {
  let original: OriginalRecord | undefined
  readExtensions(reader, {
    [ORIGINAL]: () => {
      reader.readArrayHeader(3, 3)
      original = {
        repository: hexId<RepositoryId>(reader.readBytesExactly(RANDOM_ID_BYTES)),
        inner: new Uint8Array(reader.readBytes(ORIGINAL_BYTES_MAX)),
        publicKey: new Uint8Array(reader.readBytesExactly(PUBLIC_KEY_BYTES)),
      }
    },
  })
  return original === undefined ? {} : { original }
}
