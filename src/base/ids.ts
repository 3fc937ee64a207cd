import { toHex } from './bytes.ts'

/** The BLAKE3-256 of an object's stored bytes: 64 lower-case hexadecimal digits. */
export type ObjectId = string & { readonly __brand: 'ObjectId' }
/** The keyed BLAKE3-256 of a blob's plaintext under the id key of its type: 32 bytes. */
export type BlobId = Uint8Array & { readonly __brand: 'BlobId' }
/** Random, 16 bytes as 32 hexadecimal digits. */
export type RepositoryId = string & { readonly __brand: 'RepositoryId' }
/** Random, 12 bytes as 24 hexadecimal digits. */
export type RealmId = string & { readonly __brand: 'RealmId' }
/** Random, 16 bytes as 32 hexadecimal digits. */
export type InstanceId = string & { readonly __brand: 'InstanceId' }
/** Random, 16 bytes as 32 hexadecimal digits. */
export type ChainId = string & { readonly __brand: 'ChainId' }
/** Random, 16 bytes as 32 hexadecimal digits. */
export type PointId = string & { readonly __brand: 'PointId' }
/** Random, 16 bytes as 32 hexadecimal digits. */
export type RunId = string & { readonly __brand: 'RunId' }

export const BLOB_ID_BYTES = 32
export const OBJECT_ID_BYTES = 32
export const REPOSITORY_ID_BYTES = 16
export const REALM_ID_BYTES = 12
export const RANDOM_ID_BYTES = 16

/** Returns `text` as an object id, or `undefined` when it is none. */
export function parseObjectId(text: string): ObjectId | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as ObjectId) : undefined
}

/** Returns the beginning of a point's, chain's or instance's id by which lists and messages name it. */
export function shortId(id: PointId | ChainId | InstanceId): string {
  return id.slice(0, 8)
}

/** Brands the hexadecimal digits of `bytes`; the caller answers for their number. */
export function hexId<Id extends string>(bytes: Uint8Array): Id {
  return toHex(bytes) as Id
}

/** Returns the bytes that a hexadecimal id stands for, freshly allocated. */
export function idBytes(id: ObjectId | RepositoryId | RealmId | InstanceId | ChainId | PointId | RunId): Uint8Array {
  return new Uint8Array(Buffer.from(id, 'hex'))
}
