import { type ByteString, joinPath } from '../../base/byte-string.ts'
import { BitSet } from '../../base/bit-set.ts'
import { toHex } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import { decodeList } from '../../format/list-codec.ts'
import type { BlobType } from '../../format/pack.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import type { Content, FileEntry } from '../../format/tree.ts'
import { blobNotIndexed } from '../../repository/blob-missing.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { idAt } from '../point-view-layout.ts'

/** Tree or list blobs that are read with one request. */
const BLOBS_AT_ONCE = 256

/** What a point needs and cannot have: below which path of it, and why. */
export interface ReachProblem {
  /** The first of the points, in the order in which they were given, that needs it. */
  readonly point: PointInfo
  /** The file or directory, from the root of its part on; `/` for the root and for the point's detail. */
  readonly path: ByteString
  /** BLOB_MISSING: no index names it. Else what reading it failed with. */
  readonly error: IntegrityError
}

export interface ReachOptions {
  /** Holds the blobs of the points' realm. */
  readonly index: RepositoryIndex
  /** Reads blobs of that index. */
  readonly blobs: BlobReader
  /** All of the index's realm. */
  readonly points: readonly PointInfo[]
  /** Told of each blob that is missing, and of each tree or list that cannot be read; what lies below it is not found. */
  readonly onProblem: (problem: ReachProblem) => void
  /** Given each file of each tree, once, whichever points share it. */
  readonly onFile?: ((file: FileEntry) => void) | undefined
  /** Told of each blob as it is first needed: point by point, and mostly in the order of their paths. */
  readonly onNeeded?: ((entry: number, point: PointInfo) => void) | undefined
  /** Told now and then how many trees and lists were read. */
  readonly progress?: ((blobsRead: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Finds the blobs that points need, data and all, as entries of the index.
 *
 * Every tree and list is read and decoded once, whichever points share it; data is not read. Memory: two bits a blob of
 * the index, and the directories that are still to be read.
 * @throws {StorageError} the store does not answer. @throws the signal's reason.
 */
export async function reach(options: ReachOptions): Promise<BitSet> {
  const walk = new Walk(options)
  await walk.run()
  return walk.needed
}

/** A file or directory of a point. */
interface Place {
  readonly point: PointInfo
  readonly path: ByteString
}

/** A tree or list blob that is still to be read. */
interface Pending extends Place {
  readonly id: BlobId
}

interface PendingList extends Pending {
  /** What the list's ids are of: 0 for data blobs, else lists of that level. */
  readonly below: number
}

class Walk {
  readonly needed: BitSet
  readonly #options: ReachOptions
  /** Trees that were read or are about to be: a blob may be needed as data before it turns out to be a tree as well. */
  readonly #entered: BitSet
  /** The levels at which lists were entered: they mean something else at another. */
  readonly #listLevels = new Map<number, number>()
  /** A stack: what lies together in a point lies together in packs. */
  readonly #trees: Pending[] = []
  readonly #lists: PendingList[] = []
  #blobsRead = 0

  constructor(options: ReachOptions) {
    this.#options = options
    const entries = options.index.blobs.entryBound
    this.needed = new BitSet(entries)
    this.#entered = new BitSet(entries)
  }

  async run(): Promise<void> {
    for (const point of this.#options.points) {
      this.#need({ id: point.record.detail as BlobId, point, path: ROOT })
      for (const part of point.record.parts.toReversed()) this.#enterTrees(part.trees, { point, path: ROOT })
      while (this.#trees.length > 0 || this.#lists.length > 0) {
        if (this.#lists.length >= BLOBS_AT_ONCE || this.#trees.length === 0) await this.#readLists()
        else await this.#readTrees()
      }
    }
  }

  async #readTrees(): Promise<void> {
    // The end of the stack is what comes next: a batch from there keeps to the order of the paths.
    const batch = this.#trees.splice(-BLOBS_AT_ONCE).reverse()
    const found: { readonly trees: Uint8Array; readonly at: Place }[] = []
    await this.#read(batch, 'tree', (bytes, { point, path }) => {
      for (const entry of decodeTree(bytes).entries) {
        if (entry.kind === 'dir') found.push({ trees: entry.trees, at: { point, path: joinPath(path, entry.name) } })
        else if (entry.kind === 'file') {
          // Of nearly no file the path is wanted.
          this.#needContent(entry.content, point, () => joinPath(path, entry.name))
          this.#options.onFile?.(entry)
        }
      }
    })
    for (const { trees, at } of found.reverse()) this.#enterTrees(trees, at)
  }

  async #readLists(): Promise<void> {
    const batch = this.#lists.splice(-BLOBS_AT_ONCE)
    await this.#read(batch, 'list', (bytes, { point, path, below }) => {
      this.#needContent({ level: below, ids: decodeList(bytes) }, point, () => path)
    })
  }

  /** Reads blobs at once; when that fails, one by one, so that the damage of one hides no other. */
  async #read<Blob extends Pending>(
    batch: readonly Blob[],
    type: BlobType,
    onBlob: (bytes: Uint8Array, blob: Blob) => void,
  ): Promise<void> {
    const { blobs, signal, progress } = this.#options
    signal?.throwIfAborted()
    if (batch.length === 0) return
    const results = await blobs
      .readAll(
        batch.map(({ id }) => id),
        type,
        signal,
      )
      .catch(passIntegrity)
    for (const [i, blob] of batch.entries()) {
      try {
        onBlob(results?.[i] ?? (await blobs.read(blob.id, type, signal)), blob)
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error
        this.#tell(blob, error)
      }
    }
    this.#blobsRead += batch.length
    progress?.(this.#blobsRead)
  }

  #enterTrees(trees: Uint8Array, { point, path }: Place): void {
    for (let i = trees.byteLength / BLOB_ID_BYTES - 1; i >= 0; i--) {
      const blob = { id: idAt(trees, i), point, path }
      const entry = this.#need(blob)
      if (entry >= 0 && this.#entered.add(entry)) this.#trees.push(blob)
    }
  }

  #needContent({ level, ids }: Content, point: PointInfo, pathOf: () => ByteString): void {
    const { index } = this.#options
    for (let at = 0; at < ids.byteLength; at += BLOB_ID_BYTES) {
      const entry = index.blobs.find(ids, at)
      if (entry >= 0 && level === 0) {
        this.#add(entry, point)
        continue
      }
      const id = ids.subarray(at, at + BLOB_ID_BYTES) as BlobId
      const blob = { id, point, path: pathOf(), below: level - 1 }
      if (entry < 0) this.#tell(blob, blobNotIndexed(blob.id))
      else this.#enterList(entry, blob)
    }
  }

  #enterList(entry: number, list: PendingList): void {
    this.#add(entry, list.point)
    const level = this.#listLevels.get(entry)
    if (level === undefined) {
      this.#listLevels.set(entry, list.below)
      this.#lists.push(list)
    } else if (level !== list.below) {
      this.#tell(list, new IntegrityError('MALFORMED', `the list ${toHex(list.id)} is used at two levels`))
    }
  }

  /** Takes note that a blob is needed; returns its entry, or -1. */
  #need(blob: Pending): number {
    const entry = this.#options.index.blobs.find(blob.id)
    if (entry < 0) this.#tell(blob, blobNotIndexed(blob.id))
    else this.#add(entry, blob.point)
    return entry
  }

  #add(entry: number, point: PointInfo): void {
    if (this.needed.add(entry)) this.#options.onNeeded?.(entry, point)
  }

  #tell({ point, path }: Pending, error: IntegrityError): void {
    this.#options.onProblem({ point, path, error })
  }
}

const ROOT = '/' as ByteString

/** Damage is told for each blob; everything else ends the walk. */
function passIntegrity(error: unknown): undefined {
  if (!(error instanceof IntegrityError)) throw error
  return undefined
}
