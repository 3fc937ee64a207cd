import type { BlobId, InstanceId, RealmId } from '../base/ids.ts'

/** `list` holds ids of data or list blobs, `detail` what a point record keeps out of sight. */
export type BlobType = 'data' | 'tree' | 'list' | 'detail'
/** Data blobs never share a pack with the others. */
export type PackKind = 'data' | 'tree'

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

/** One frame of a pack. Its blobs lie in its payload one after the other, from 0. */
export interface PackFrame {
  /** Where its ciphertext starts in the pack. */
  readonly offset: number
  /** Ciphertext with tag. */
  readonly storedBytes: number
  /** Decoded payload. */
  readonly rawBytes: number
  readonly blobs: readonly PackBlob[]
}

export interface PackBlob {
  readonly id: BlobId
  readonly type: BlobType
  readonly length: number
}

/** What a pack's footer says. */
export interface PackFooter {
  readonly frames: readonly PackFrame[]
  readonly instance: InstanceId
  /** Ed25519 over `footerSignatureInput`. */
  readonly signature: Uint8Array
}
