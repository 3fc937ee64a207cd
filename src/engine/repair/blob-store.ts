import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import type { BlobType } from '../../format/pack.ts'
import type { RealmKeys } from '../../repository/key-ring.ts'
import type { BytesJob } from '../backup/backup-jobs.ts'
import type { RunStore } from '../run/run-store.ts'

/** Blobs that are cut apart of larger files have a frame of their own; smaller ones share frames. */
const JOB_BYTES = 4 << 20

/** Puts blobs back that were lost, each once. Without a store it only takes note of them. */
export class BlobStore {
  readonly #store: RunStore | undefined
  readonly #hashers = new Map<BlobType, KeyedHasher>()
  readonly #realm: RealmKeys
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  readonly #keys: Set<string>
  blobs = 0
  bytes = 0

  /** @param keys takes what was put, by `blobKey`; what is in it is not put again. */
  constructor(realm: RealmKeys, store: RunStore | undefined, keys: Set<string>) {
    this.#realm = realm
    this.#store = store
    this.#keys = keys
  }

  /** Returns the id that `bytes` have as a blob of `type`, 32 bytes. */
  idOf(type: BlobType, bytes: Uint8Array): BlobId {
    let hasher = this.#hashers.get(type)
    if (hasher === undefined) {
      hasher = new KeyedHasher(this.#realm.idKey(type))
      this.#hashers.set(type, hasher)
    }
    return hasher.hash(bytes) as BlobId
  }

  /** Stores a blob whose id the caller has verified, unless it did so before. The bytes are the store's from now on. */
  async put(type: BlobType, id: Uint8Array, bytes: Uint8Array): Promise<void> {
    const key = blobKey(id)
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.blobs++
    this.bytes += bytes.byteLength
    if (this.#store === undefined) return
    if (type !== 'data') {
      await this.#store.putBlob(type, bytes)
      return
    }
    if (this.#pendingBytes + bytes.byteLength > JOB_BYTES) await this.flush()
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.byteLength
  }

  /** Hands on what was collected; to be called before the store is finished. */
  async flush(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    if (pending.length === 0 || this.#store === undefined) return
    const lengths = pending.map(({ byteLength }) => byteLength)
    const bytes = new Uint8Array(Buffer.concat(pending))
    await this.#store.run({ type: 'bytes', bytes, lengths, frames: 'shared' } satisfies BytesJob)
  }
}

/** Names a blob in a map. */
export function blobKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, BLOB_ID_BYTES).toString('latin1')
}
