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
  #entries: Uint8Array[] = []
  #users = new Map<number, string>()
  #groups = new Map<number, string>()
  #bytes = 0
  #blobs = 0

  /** @param emit called with each tree blob, freshly allocated, in order. */
  constructor(chunkerSeed: Uint8Array, owners: Owners, emit: (blob: Uint8Array) => void) {
    this.#owners = owners
    this.#cuts = new KeyedHasher(deriveKey('tidemark v1 tree cuts', chunkerSeed))
    this.#emit = emit
  }

  /** Adds an entry. */
  add(entry: TreeEntry): void {
    this.#writer.reset()
    encodeTreeEntry(this.#writer, entry)
    this.addEncoded(entry.name, this.#writer.bytes(), entry)
  }

  /** Adds an entry that is encoded already, such as one that did not change. */
  addEncoded(name: ByteString, encoded: Uint8Array, owner: { readonly uid: number; readonly gid: number }): void {
    if (this.#entries.length > 0 && this.#bytes + encoded.byteLength > CUT_AT_BYTES) this.#endBlob()
    this.#entries.push(encoded)
    this.#bytes += encoded.byteLength
    remember(this.#users, owner.uid, () => this.#owners.userName(owner.uid))
    remember(this.#groups, owner.gid, () => this.#owners.groupName(owner.gid))
    if (this.#isCut(name)) this.#endBlob()
  }

  /** Ends the directory; an empty one is a blob, too. */
  end(): void {
    if (this.#entries.length > 0 || this.#blobs === 0) this.#endBlob()
    this.#blobs = 0
  }

  #isCut(name: ByteString): boolean {
    const count = this.#entries.length
    if (count < CUT_AFTER_ENTRIES) return false
    if (count >= CUT_AT_ENTRIES) return true
    const hash = this.#cuts.hash(bytesOf(name))
    return (((hash[0] ?? 0) | ((hash[1] ?? 0) << 8)) & (CUT_ONE_IN - 1)) === 0
  }

  #endBlob(): void {
    this.#emit(encodeTree({ entries: this.#entries, users: this.#users, groups: this.#groups }))
    this.#entries = []
    this.#users = new Map()
    this.#groups = new Map()
    this.#bytes = 0
    this.#blobs++
  }
}

function remember(names: Map<number, string>, id: number, find: () => string | undefined): void {
  if (names.has(id)) return
  const name = find()
  if (name !== undefined) names.set(id, name)
}
