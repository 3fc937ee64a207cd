import { IntegrityError, isNotFound } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type ObjectId } from '../../base/ids.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { PackRow } from '../../repository/pack-table.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'

/**
 * Tells which blobs the index has in frames of packs whose footers do not tell. Reads index files again for that: in
 * memory there are no whole ids. Holds the file that it read last, since many packs may be named by one.
 */
export class BlobsOfFrames {
  readonly #repository: Repository
  readonly #index: RepositoryIndex
  #last: { readonly id: ObjectId; readonly columns: IndexColumns } | undefined
  #asking: Promise<unknown> = Promise.resolve()

  constructor(repository: Repository, index: RepositoryIndex) {
    this.#repository = repository
    this.#index = index
  }

  /**
   * Returns the blobs in some frames of a pack, by their numbers within it: 32-byte ids, one after the other. None where
   * no index file that names the pack can be read any more.
   *
   * @throws {StorageError} the store does not answer.
   */
  async of(row: number, frames: ReadonlySet<number>): Promise<Uint8Array> {
    // One at a time: an index file is large.
    const found = this.#asking.then(() => this.#find(row, frames))
    this.#asking = found.catch(() => undefined)
    return found
  }

  async #find(row: number, frames: ReadonlySet<number>): Promise<Uint8Array> {
    const { packs } = this.#index
    for (const id of packs.namedBy(row)) {
      try {
        return idsIn(await this.#columns(id), packs.row(row), frames)
      } catch (error) {
        if (!(error instanceof IntegrityError || isNotFound(error))) throw error
      }
    }
    return new Uint8Array()
  }

  async #columns(id: ObjectId): Promise<IndexColumns> {
    if (this.#last?.id === id) return this.#last.columns
    this.#last = undefined
    const { record: columns } = await this.#repository.records.get('index', id)
    this.#last = { id, columns }
    return columns
  }
}

function idsIn(columns: IndexColumns, { id }: PackRow, frames: ReadonlySet<number>): Uint8Array {
  const { packs, framePacks, blobFrames, blobIds } = columns
  const pack = packs.findIndex((other) => other.id === id)
  const firstFrame = framePacks.indexOf(pack)
  const found: Uint8Array[] = []
  for (const [blob, frame] of blobFrames.entries()) {
    if (framePacks[frame] !== pack || !frames.has(frame - firstFrame)) continue
    found.push(blobIds.subarray(blob * BLOB_ID_BYTES, (blob + 1) * BLOB_ID_BYTES))
  }
  return new Uint8Array(Buffer.concat(found))
}
