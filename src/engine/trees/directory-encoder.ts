import { BLOB_BYTES_MAX } from '../../base/limits.ts'
import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { OwnerNames } from '../../base/posix/owners.ts'
import { deriveKey, KeyedHasher } from '../../crypto/blake3.ts'
import { CborWriter } from '../../format/cbor-writer.ts'
import { encodeTree } from '../../format/tree-codec.ts'
import { encodeTreeEntry } from '../../format/tree-entry-codec.ts'
import type { TreeEntry } from '../../format/tree.ts'

/** A directory with fewer entries is never cut. */
const CUT_AFTER_ENTRIES = 1024
/** Of the entries after that, one in so many ends a blob. */
const CUT_ONE_IN = 4096
const CUT_AT_ENTRIES = 16_384
const CUT_AT_BYTES = BLOB_BYTES_MAX / 2

interface EntryOwner {
  readonly uid: number
  readonly gid: number
}

/** Names of owners by number, for as long as a run lasts. */
export interface Owners {
  userName(uid: number): string | undefined
  groupName(gid: number): string | undefined
}

export function machineOwners(): Owners {
  return new OwnerNames()
}

/**
 * Encodes directories into tree blobs, one directory at a time: `begin`, its entries sorted by name, `end`.
 *
 * A directory with very many entries becomes several blobs. Where they are cut depends on names alone, under a key, so
 * a new entry changes one blob, and changed times move no cut.
 * @see docs/format.md, "Tree"
 */
export class DirectoryEncoder {
  readonly #owners: Owners
  readonly #cuts: KeyedHasher
  readonly #writer = new CborWriter()
  readonly #emit: (blob: Uint8Array) => void
  /** Entries in the writer, which holds them encoded. */
  #count = 0
  readonly #users = new Map<number, string | undefined>()
  readonly #groups = new Map<number, string | undefined>()
  #blobs = 0

  /** @param emit called with each tree blob, freshly allocated, in order. */
  constructor(chunkerSeed: Uint8Array, owners: Owners, emit: (blob: Uint8Array) => void) {
    this.#owners = owners
    this.#cuts = new KeyedHasher(deriveKey('tidemark v1 tree cuts', chunkerSeed))
    this.#emit = emit
  }

  /** Adds an entry. */
  add(entry: TreeEntry): void {
    const start = this.#writer.length
    encodeTreeEntry(this.#writer, entry)
    if (this.#count > 0 && this.#writer.length > CUT_AT_BYTES) {
      const last = this.#writer.bytes(start)
      this.#endBlob(start)
      this.#writer.raw(last)
    }
    this.#added(entry.name, entry)
  }

  /** Adds an entry that is encoded already, such as one that did not change. */
  addEncoded(name: ByteString, encoded: Uint8Array, owner: EntryOwner): void {
    if (this.#count > 0 && this.#writer.length + encoded.byteLength > CUT_AT_BYTES) this.#endBlob()
    this.#writer.raw(encoded)
    this.#added(name, owner)
  }

  /** Ends the directory; an empty one is a blob, too. */
  end(): void {
    if (this.#count > 0 || this.#blobs === 0) this.#endBlob()
    this.#blobs = 0
  }

  #added(name: ByteString, { uid, gid }: EntryOwner): void {
    this.#count++
    if (!this.#users.has(uid)) this.#users.set(uid, this.#owners.userName(uid))
    if (!this.#groups.has(gid)) this.#groups.set(gid, this.#owners.groupName(gid))
    if (this.#isCut(name)) this.#endBlob()
  }

  #isCut(name: ByteString): boolean {
    if (this.#count < CUT_AFTER_ENTRIES) return false
    if (this.#count >= CUT_AT_ENTRIES) return true
    const hash = this.#cuts.hash(bytesOf(name))
    return (((hash[0] ?? 0) | ((hash[1] ?? 0) << 8)) & (CUT_ONE_IN - 1)) === 0
  }

  /** Ends a blob with the entries in the first `end` bytes of the writer. */
  #endBlob(end = this.#writer.length): void {
    const entries = [this.#writer.view().subarray(0, end)]
    this.#emit(encodeTree({ entries, count: this.#count, users: known(this.#users), groups: known(this.#groups) }))
    this.#writer.reset()
    this.#users.clear()
    this.#groups.clear()
    this.#count = 0
    this.#blobs++
  }
}

function known(names: ReadonlyMap<number, string | undefined>): Map<number, string> {
  return new Map([...names].filter((entry): entry is [number, string] => entry[1] !== undefined))
}
