import type { InstanceId, RealmId } from '../base/ids.ts'

/** `list` holds ids of data or list blobs, `detail` what a point record keeps out of sight. */
export type BlobType = 'data' | 'tree' | 'list' | 'detail'
/** Data blobs never share a pack with the others. */
export type PackKind = 'data' | 'tree'

/** The version of the structures in this folder, and the suite of ciphers they are sealed with. */
export const FORMAT_VERSION = 1
export const SUITE = 1

export const PACK_HEADER_BYTES = 1224
export const SEALED_WRITER_KEY_BYTES = 1168
export const PACK_SALT_BYTES = 32
export const FRAME_TAG_BYTES = 16
export const PACK_TRAILER_BYTES = 12

export interface PackHeader {
  readonly realm: RealmId
  readonly generation: number
  /** HPKE encapsulation (1120 bytes), ciphertext and tag (48 bytes). */
  readonly sealedWriterKey: Uint8Array
  readonly salt: Uint8Array
}

/**
 * What lies where in a pack, column-wise. Row i of a `blob*` column belongs to blob i, in the order of the payloads:
 * the blobs of a frame follow each other from 0, and those of the next frame follow in the columns.
 */
export interface PackTables {
  /**
   * Four numbers a frame, frame number by frame number: offset of its ciphertext in the pack, bytes of ciphertext with
   * tag, bytes of decoded payload, number of blobs. A frame without blobs is padding.
   */
  readonly frames: Uint32Array
  /** 32 bytes a blob. */
  readonly blobIds: Uint8Array
  /** Numbers out of `BLOB_TYPE_NUMBERS`. */
  readonly blobTypes: Uint8Array
  readonly blobLengths: Uint32Array
}

/** Numbers of a frame's row in `PackTables.frames`. */
export const FRAME_COLUMNS = 4

/** No pack has a higher level. */
export const PACK_LEVEL_MAX = 0xffff_ffff

/** What a pack's footer says, without its signature. */
export interface PackFooterBody {
  readonly instance: InstanceId
  readonly kind: PackKind
  /** 0..PACK_LEVEL_MAX. Of the copies of a blob, the one in the pack of the highest level counts. */
  readonly level: number
  readonly tables: PackTables
}

export interface PackFooter extends PackFooterBody {
  /** The encoded `PackFooterBody`: what was signed. */
  readonly body: Uint8Array
  /** Ed25519 by the instance over `footerSignatureInput`. */
  readonly signature: Uint8Array
}

export const BLOB_TYPE_NUMBERS: Readonly<Record<BlobType, number>> = { data: 1, tree: 2, list: 3, detail: 4 }
export const PACK_KIND_NUMBERS: Readonly<Record<PackKind, number>> = { data: 1, tree: 2 }

/** Returns the blob type of a number out of `PackTables.blobTypes`, or `undefined`. */
export function blobTypeOf(number: number): BlobType | undefined {
  return BLOB_TYPES[number - 1]
}

/** Returns the pack kind of a number, or `undefined`. */
export function packKindOf(number: number): PackKind | undefined {
  return PACK_KINDS[number - 1]
}

const BLOB_TYPES: readonly BlobType[] = ['data', 'tree', 'list', 'detail']
const PACK_KINDS: readonly PackKind[] = ['data', 'tree']
