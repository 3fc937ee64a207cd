import { present } from '../base/assert.ts'
import { type ByteString, byteString } from '../base/byte-string.ts'
import { IntegrityError } from '../base/errors.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import { PromiseCache } from '../base/promise-cache.ts'
import { decodeTree } from '../format/tree-codec.ts'
import type { TreeEntry } from '../format/tree.ts'
import { type PointBlobs, splitIds } from './point-view-layout.ts'

/** A directory of a point. */
export interface DirectoryListing {
  /** In the order of their names, each of which is there once. */
  readonly entries: readonly TreeEntry[]
  /** Names of the users and groups that the entries name by number, where the machine knew them. */
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
}

/** Entries of decoded directories that are kept unless told otherwise, at some 600 bytes each. */
const ENTRIES_KEPT = 65_536
/** Directories that are read with one request. */
export const DIRECTORIES_AT_ONCE = 256

/** Decodes directories, and keeps the ones used last: all directories with the same tree ids are one. */
export class DirectoryReader {
  readonly #blobs: PointBlobs
  /** By tree ids. */
  readonly #kept: PromiseCache<DirectoryListing>

  constructor(blobs: PointBlobs, options: { readonly entriesKeptMax?: number } = {}) {
    this.#blobs = blobs
    this.#kept = new PromiseCache({
      weightMax: options.entriesKeptMax ?? ENTRIES_KEPT,
      weigh: ({ entries }, key) => entries.length + key.length / BLOB_ID_BYTES,
    })
  }

  /**
   * Returns the directory that the tree blobs named by `trees`, 32-byte ids one after the other, make up.
   *
   * @throws {IntegrityError} BLOB_MISSING, AUTH_FAILED, ID_MISMATCH, MALFORMED
   */
  async read(trees: Uint8Array): Promise<DirectoryListing> {
    const kept = this.#kept.get(byteString(trees))
    if (kept !== undefined) return kept
    const [listing] = this.#fetch([trees])
    return present(listing, 'the directory asked for')
  }

  /** Reads directories that will be asked for soon, with one request; what fails then fails when it is asked for. */
  async prepare(directories: readonly Uint8Array[]): Promise<void> {
    const missing = new Map<string, Uint8Array>()
    for (const trees of directories) {
      const key = byteString(trees)
      if (!this.#kept.has(key)) missing.set(key, trees)
    }
    if (missing.size > 0) await Promise.allSettled(this.#fetch([...missing.values()]))
  }

  #fetch(directories: readonly Uint8Array[]): Promise<DirectoryListing>[] {
    const ids = directories.map(splitIds)
    const plain = this.#blobs.readAll(ids.flat(), 'tree')
    let first = 0
    return directories.map((trees, i) => {
      const from = first
      first += ids[i]?.length ?? 0
      const to = first
      // Where one of many cannot be read, the others still can.
      const blobs = plain.then(
        (all) => all.slice(from, to),
        (error: unknown) => {
          if (directories.length === 1) throw error
          return this.#blobs.readAll(splitIds(trees), 'tree')
        },
      )
      return this.#kept.keep(byteString(trees), blobs.then(mergeTrees))
    })
  }
}

/** Tree blobs of one directory that are read at once where it is read in parts. */
const TREES_AT_ONCE = 4

/**
 * Yields a directory in the order of its names, as many entries at a time as one tree blob has: for who must not decode
 * all of a large one at once. Nothing of it is kept.
 *
 * @throws {IntegrityError} BLOB_MISSING, AUTH_FAILED, ID_MISMATCH, MALFORMED
 */
export async function* readInParts(
  blobs: Pick<PointBlobs, 'readAll'>,
  trees: Uint8Array,
): AsyncGenerator<DirectoryListing> {
  const ids = splitIds(trees)
  let last: TreeEntry | undefined
  for (let i = 0; i < ids.length; i += TREES_AT_ONCE) {
    for (const plain of await blobs.readAll(ids.slice(i, i + TREES_AT_ONCE), 'tree')) {
      const part = decodeTree(plain)
      const [first] = part.entries
      if (last !== undefined && first !== undefined && last.name >= first.name) throw outOfOrder()
      last = part.entries.at(-1) ?? last
      yield part
    }
  }
}

/** Returns the entry called `name`. */
export function findEntry(entries: readonly TreeEntry[], name: ByteString): TreeEntry | undefined {
  let low = 0
  let high = entries.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const entry = present(entries[middle], 'an entry of the directory')
    if (entry.name === name) return entry
    if (entry.name < name) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

function mergeTrees(plain: readonly Uint8Array[]): DirectoryListing {
  const trees = plain.map(decodeTree)
  const [first, ...others] = trees
  if (first !== undefined && others.length === 0) return first
  const entries = trees.flatMap((tree) => tree.entries)
  for (let i = 1; i < entries.length; i++) {
    if (present(entries[i - 1], 'an entry').name >= present(entries[i], 'an entry').name) throw outOfOrder()
  }
  return {
    entries,
    users: new Map(trees.flatMap((tree) => [...tree.users])),
    groups: new Map(trees.flatMap((tree) => [...tree.groups])),
  }
}

function outOfOrder(): IntegrityError {
  return new IntegrityError('MALFORMED', 'a directory split over several blobs is out of order', {
    hint: 'Run `tidemark check` to see what else is damaged.',
  })
}
