import { blake3 } from '../../src/crypto/blake3.ts'
import { IntegrityError } from '../../src/base/errors.ts'
import type { BlobId } from '../../src/base/ids.ts'
import type { PointBlobs } from '../../src/engine/point-view-layout.ts'
import { CborWriter } from '../../src/format/cbor-writer.ts'
import type { BlobType } from '../../src/format/pack.ts'
import { encodeTree } from '../../src/format/tree-codec.ts'
import { encodeTreeEntry } from '../../src/format/tree-entry-codec.ts'
import type { TreeEntry } from '../../src/format/tree.ts'
import { BlobIndex } from '../../src/repository/blob-index.ts'

/** Blobs that lie nowhere but in memory, for tests of what only reads them. Their ids are not keyed. */
export class MemoryBlobs implements PointBlobs {
  readonly index = BlobIndex.create(4096)
  readonly #plain = new Map<string, Uint8Array>()
  /** How many blobs each call of `readAll` asked for. */
  readonly reads: { readonly type: BlobType; readonly count: number }[] = []

  /** Adds a blob and returns its id. */
  add(type: BlobType, plain: Uint8Array): BlobId {
    const id = blake3(Buffer.from(type), plain) as BlobId
    this.#plain.set(keyOf(id, type), plain)
    const entry = this.index.claim(id)
    if (entry >= 0) this.index.locate(entry, { frame: 0, offset: 0, length: plain.byteLength })
    return id
  }

  /** Adds a tree blob of `entries`, in any order, and returns its id. */
  addTree(
    entries: readonly TreeEntry[],
    owners: { readonly users?: ReadonlyMap<number, string>; readonly groups?: ReadonlyMap<number, string> } = {},
  ): BlobId {
    const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
    const encoded = sorted.map((entry) => {
      const writer = new CborWriter()
      encodeTreeEntry(writer, entry)
      return writer.bytes()
    })
    return this.add('tree', encodeTree({ entries: encoded, users: new Map(), groups: new Map(), ...owners }))
  }

  /** Makes a blob unreadable. */
  lose(type: BlobType, id: BlobId): void {
    this.#plain.delete(keyOf(id, type))
  }

  async readAll(ids: readonly BlobId[], type: BlobType): Promise<Uint8Array[]> {
    this.reads.push({ type, count: ids.length })
    return ids.map((id) => {
      const plain = this.#plain.get(keyOf(id, type))
      if (plain === undefined) throw new IntegrityError('BLOB_MISSING', `there is no ${type} blob ${keyOf(id, type)}`)
      return plain.slice()
    })
  }
}

function keyOf(id: BlobId, type: BlobType): string {
  return `${type} ${Buffer.from(id).toString('hex')}`
}
