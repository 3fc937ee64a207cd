import { present } from '../../base/assert.ts'
import type { TreeEntry } from '../../format/tree.ts'
import { DIRECTORIES_AT_ONCE, type DirectoryListing, DirectoryReader } from '../point-view-directory.ts'
import { type PointBlobs, splitIds } from '../point-view-layout.ts'
import type { OpenPointView } from '../point-view.ts'

/** Bytes of tree blobs that are decoded ahead: as objects they take about eight times as much. */
const AHEAD_BYTES_MAX = 128 << 10

/**
 * Lists directories one after the other, some read ahead with one request.
 *
 * A listing is held until it is taken and no longer: a restore comes by each directory once.
 */
export class ListingQueue {
  readonly #view: OpenPointView
  readonly #directories: readonly TreeEntry[]
  /** Listings of the directories from `#first` on; those that were taken are gone. */
  #ahead: (Promise<DirectoryListing> | undefined)[] = []
  #first = 0

  constructor(view: OpenPointView, directories: readonly TreeEntry[]) {
    this.#view = view
    this.#directories = directories
  }

  /**
   * Returns the listing of directory `i`; each is asked for once, in ascending order.
   *
   * @throws {IntegrityError} BLOB_MISSING, AUTH_FAILED, ID_MISMATCH, MALFORMED
   */
  async take(i: number): Promise<DirectoryListing> {
    const directory = present(this.#directories[i], 'a directory to list')
    // Only the view knows what its root is made of.
    if (directory.kind !== 'dir' || directory.name === '') return this.#view.listing(directory)
    if (i >= this.#first + this.#ahead.length) await this.#readAhead(i)
    const listing = present(this.#ahead[i - this.#first], 'a listing that was not taken before')
    this.#ahead[i - this.#first] = undefined
    return listing
  }

  async #readAhead(first: number): Promise<void> {
    const { blobs } = this.#view
    const trees: Uint8Array[] = []
    let bytes = 0
    for (let i = first; i < this.#directories.length && trees.length < DIRECTORIES_AT_ONCE; i++) {
      const directory = this.#directories[i]
      if (directory?.kind !== 'dir') break
      bytes += treeBytes(blobs, directory.trees)
      if (trees.length > 0 && bytes > AHEAD_BYTES_MAX) break
      trees.push(directory.trees)
    }
    const reader = new DirectoryReader(blobs)
    if (trees.length > 1) await reader.prepare(trees)
    this.#first = first
    this.#ahead = trees.map((ids) => {
      const listing = reader.read(ids)
      // Whoever takes it hears of it.
      listing.catch(() => undefined)
      return listing
    })
  }
}

function treeBytes({ index }: PointBlobs, ids: Uint8Array): number {
  let bytes = 0
  for (const id of splitIds(ids)) {
    const entry = index.find(id)
    bytes += (entry < 0 ? undefined : index.location(entry)?.length) ?? 0
  }
  return bytes
}
