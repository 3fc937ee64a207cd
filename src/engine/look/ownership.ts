import { assert } from '../../base/assert.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import { decodeList } from '../../format/list-codec.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { idAt } from '../point-view-layout.ts'

const NOBODY = 0
const SEVERAL = -1
const BLOBS_AT_ONCE = 256

export interface OwnershipOptions {
  readonly index: RepositoryIndex
  readonly blobs: BlobReader
  /** All of the index's realm. */
  readonly points: readonly PointInfo[]
  readonly signal: AbortSignal
  /** Told after each point how many are done. */
  readonly progress?: ((pointsDone: number) => void) | undefined
}

/**
 * Finds which blobs only one point needs.
 *
 * Returns, for each entry of the index: 0, nobody needs it; p + 1, only point p does; -1, several do. Four bytes a blob.
 * Every tree and list is read at most twice: when the first point is seen to need it, and when a second one is.
 * @throws {IntegrityError} a tree or list cannot be read. @throws {StorageError} @throws the signal's reason.
 */
export async function findOwners(options: OwnershipOptions): Promise<Int32Array> {
  const walk = new OwnerWalk(options)
  for (const [i, point] of options.points.entries()) {
    await walk.claim(point, i + 1)
    options.progress?.(i + 1)
  }
  return walk.owners
}

interface Pending {
  readonly id: BlobId
  /** -1: a tree; else a list whose ids are of that level. */
  readonly below: number
  readonly owner: number
}

class OwnerWalk {
  readonly owners: Int32Array
  readonly #options: OwnershipOptions
  readonly #pending: Pending[] = []

  constructor(options: OwnershipOptions) {
    this.#options = options
    this.owners = new Int32Array(options.index.blobs.entryBound)
  }

  async claim({ record }: PointInfo, owner: number): Promise<void> {
    this.#take(record.detail, 0, owner)
    for (const { trees } of record.parts) this.#enterTrees(trees, owner)
    while (this.#pending.length > 0) {
      this.#options.signal.throwIfAborted()
      const batch = this.#pending.splice(-BLOBS_AT_ONCE)
      await this.#read(
        batch.filter(({ below }) => below < 0),
        'tree',
      )
      await this.#read(
        batch.filter(({ below }) => below >= 0),
        'list',
      )
    }
  }

  async #read(batch: readonly Pending[], type: 'tree' | 'list'): Promise<void> {
    if (batch.length === 0) return
    const ids = batch.map(({ id }) => id)
    const plain = await this.#options.blobs.readAll(ids, type, this.#options.signal)
    for (const [i, { below, owner }] of batch.entries()) {
      const bytes = plain[i]
      assert(bytes !== undefined, 'as many blobs are read as were asked for')
      if (type === 'list') {
        this.#enterContent(decodeList(bytes), below, owner)
        continue
      }
      for (const entry of decodeTree(bytes).entries) {
        if (entry.kind === 'dir') this.#enterTrees(entry.trees, owner)
        else if (entry.kind === 'file') this.#enterContent(entry.content.ids, entry.content.level, owner)
      }
    }
  }

  #enterTrees(trees: Uint8Array, owner: number): void {
    for (let i = 0; i < trees.byteLength / BLOB_ID_BYTES; i++) {
      const taken = this.#take(trees, i * BLOB_ID_BYTES, owner)
      if (taken !== undefined) this.#pending.push({ id: idAt(trees, i), below: -1, owner: taken })
    }
  }

  #enterContent(ids: Uint8Array, level: number, owner: number): void {
    for (let i = 0; i < ids.byteLength / BLOB_ID_BYTES; i++) {
      const taken = this.#take(ids, i * BLOB_ID_BYTES, owner)
      if (taken !== undefined && level > 0) this.#pending.push({ id: idAt(ids, i), below: level - 1, owner: taken })
    }
  }

  /** Returns who owns a blob now, when that is another one than before: what is below it follows. */
  #take(ids: Uint8Array, at: number, owner: number): number | undefined {
    const entry = this.#options.index.blobs.find(ids, at)
    // What no index names is for `check` to tell; it has no size either.
    if (entry < 0) return undefined
    const before = this.owners[entry] ?? NOBODY
    if (before === owner || before === SEVERAL) return undefined
    const now = before === NOBODY ? owner : SEVERAL
    this.owners[entry] = now
    return now
  }
}
