import { assert } from '../base/assert.ts'
import type { BitSet } from '../base/bit-set.ts'
import type { TidemarkError } from '../base/errors.ts'
import type { ObjectId, RepositoryId } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import type { Listed } from '../storage/list-in-turn.ts'
import type { BlobIndex, BlobLocation } from './blob-index.ts'
import {
  doubtAbsentPacks,
  doubtFrame,
  doubtfulEntries,
  doubtLost,
  doubtPack,
  doubtUnnamedPacks,
  doubtUnneeded,
  preferSound,
} from './doubts.ts'
import type { CopyTable } from './copy-table.ts'
import type { FrameLocation } from './frame-table.ts'
import type { IndexTables } from './index-tables.ts'
import type { RealmKeys } from './key-ring.ts'
import type { LocalCache } from './local-cache.ts'
import { keptIndexes, loadTables } from './load-tables.ts'
import { MergedFile } from './merged-file.ts'
import type { PackRow, PackTable } from './pack-table.ts'
import { readDoubts } from './read-doubts.ts'
import type { RecordStore } from './record-store.ts'
import type { TreePackKeys } from './tree-pack-keys.ts'
import { WriterKeys } from './writer-keys.ts'

/** Kinds that say where blobs are, and what is against that. */
export type IndexKind = 'dead' | 'index' | 'lost' | 'marks' | 'packs'

export interface IndexLoadOptions {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly records: RecordStore
  readonly realm: RealmKeys
  readonly cache?: LocalCache | undefined
  /** Looks at `packs/` too, so that what an index names and the store lacks is stored again. */
  readonly forWriting?: boolean
  /** What the store was seen to list; it is listed now where this is absent. */
  readonly listed?: Listed<IndexKind> | undefined
  /** Index files that are in the store even if its listing, which may be late, does not show them yet. */
  readonly stored?: readonly ObjectId[]
  /**
   * Also what the local cache knows of index files that are gone: a listing that is late may not show yet what took their place.
   * Packs that no other file names are in doubt: whether one is there, the store has to be asked.
   */
  readonly withGone?: boolean
  /**
   * Fetches every index file again, whatever is kept, and holds against packs only what check said: that they are marked
   * does not keep them from being read.
   */
  readonly forCheck?: boolean
  /**
   * Told of each index file, mark or lost record that cannot be used; loading then goes on without it. A writer that
   * goes on stores again what it named, which is how that heals. Without it the first problem is thrown.
   */
  readonly onProblem?: ((problem: TidemarkError) => void) | undefined
  /** Opens packs of trees that the key set does not. */
  readonly treePackKeys?: TreePackKeys | undefined
  readonly signal?: AbortSignal | undefined
}

/** Where a blob lies, down to the pack. */
export interface BlobPlace extends BlobLocation {
  readonly frameLocation: FrameLocation
}

/** What a repository's index files say, merged, and the keys of the packs they name. Disposing of it wipes those. */
export class RepositoryIndex implements Disposable {
  readonly blobs: BlobIndex
  readonly packs: PackTable
  /** The index files that the store listed when it was loaded, also those that are damaged; in no order. */
  readonly listedIds: readonly ObjectId[]
  /** When it was loaded for writing: entries of blobs that the store lost, as a check said or as its packs show; often none. */
  readonly lost: BitSet | undefined
  readonly #tables: IndexTables
  readonly #writerKeys: WriterKeys
  readonly #treePackKeys: TreePackKeys | undefined

  private constructor(
    tables: IndexTables,
    parts: {
      readonly listed: Listed<IndexKind>
      readonly lost: BitSet | undefined
      readonly writerKeys: WriterKeys
      readonly treePackKeys: TreePackKeys | undefined
    },
  ) {
    const { listed, lost, writerKeys, treePackKeys } = parts
    this.lost = lost
    this.listedIds = listed.index.map(({ name }) => name.id)
    this.#tables = tables
    this.blobs = tables.blobs
    this.packs = tables.packs
    this.#writerKeys = writerKeys
    this.#treePackKeys = treePackKeys
  }

  /**
   * Loads the index: from the local cache as far as it fits the files now listed, the rest from the store.
   *
   * Memory: at most 36 bytes a blob, and a few index files.
   * @throws {IntegrityError} of a damaged or forged record, unless there is `onProblem`; UNSUPPORTED_* always.
   * @throws {StorageError} of the driver.
   */
  static async load(options: IndexLoadOptions): Promise<RepositoryIndex> {
    const { realm, repository, cache, treePackKeys } = options
    const { tables, isKept, listed } = await loadTables(options)
    const writerKeys = new WriterKeys({ repository, realm, cache })
    if (cache !== undefined && !isKept && options.forCheck !== true) {
      MergedFile.write(cache, tables)
      keptIndexes(options)?.forget(tables.indexIds)
      writerKeys.forgetAllBut(tables.packs.writerKeys)
      treePackKeys?.forgetAllBut(tables.packs)
    }
    // After the merged file is written: doubts are of today, and no part of what it keeps.
    const doubts = await readDoubts(options, listed)
    doubtLost(tables, doubts)
    if (options.forWriting === true) doubtAbsentPacks(tables, listed.packs)
    const lost = options.forWriting === true ? doubtfulEntries(tables, doubts) : undefined
    doubtUnneeded(tables, doubts)
    if (options.withGone === true)
      doubtUnnamedPacks(tables, new Set([...listed.index.map(({ name }) => name.id), ...(options.stored ?? [])]))
    return new RepositoryIndex(tables, { listed, lost, writerKeys, treePackKeys })
  }

  /** The index files that were loaded, in no order; damaged ones are not among them. */
  get indexIds(): readonly ObjectId[] {
    return this.#tables.indexIds
  }

  /** Where blobs lie beside the places that `blobs` names. */
  get copies(): CopyTable {
    return this.#tables.copies
  }

  /** The row for a pack that is about to be written. */
  reservePack(): number {
    return this.packs.reserve()
  }

  setPack(row: number, pack: PackRow): void {
    this.packs.set(row, pack)
  }

  /** Returns where the blob lies whose id starts at `offset` of `id`, or `undefined`. */
  locate(id: Uint8Array, offset = 0): BlobPlace | undefined {
    const entry = this.blobs.find(id, offset)
    const location = entry < 0 ? undefined : this.blobs.location(entry)
    return location === undefined ? undefined : this.#placeOf(location)
  }

  /** Returns where else a blob lies, freshly made. For when its place failed: it looks at every copy. */
  otherPlaces(id: Uint8Array, offset = 0): BlobPlace[] {
    const entry = this.blobs.find(id, offset)
    return entry < 0 ? [] : this.#tables.copies.of(entry).map((location) => this.#placeOf(location))
  }

  /** Tells whether a new point may rely on a blob: it is there, and neither marked nor lost nor absent. */
  isSound(id: Uint8Array, offset = 0): boolean {
    const entry = this.blobs.find(id, offset)
    const location = entry < 0 ? undefined : this.blobs.location(entry)
    return location !== undefined && !this.blobs.frames.isDoubtful(location.frame)
  }

  /** Returns a frame's number within its pack: what its nonce is made of. Not for packs of this run. */
  frameNumber(frame: number): number {
    const { firstFrame } = this.packs.row(this.blobs.frames.get(frame).pack)
    assert(firstFrame !== undefined, 'a frame is read after its index was loaded')
    return frame - firstFrame
  }

  /**
   * Returns the key of a pack, 32 bytes; the caller wipes it.
   *
   * @throws {KeyError} KEY_NOT_FULL, WRONG_KEY
   * @throws {IntegrityError} AUTH_FAILED: its writer key was not sealed to this realm and repository.
   */
  packKey(row: number): Uint8Array {
    const pack = this.packs.row(row)
    const kept = pack.kind === 'tree' ? this.#treePackKeys?.read(pack.salt) : undefined
    if (kept !== undefined) return kept
    const writerKey = this.packs.writerKeys[pack.writerKey]
    assert(writerKey !== undefined, "a pack's writer key is in the table")
    return this.#writerKeys.packKey(writerKey, pack.salt)
  }

  /**
   * Takes note of what cannot be read: frames, or all of a pack. Copies elsewhere take the places of their blobs, as far
   * as there are sound ones.
   */
  doubtStored({ frames, packs }: { readonly frames: Iterable<number>; readonly packs: Iterable<number> }): void {
    for (const frame of frames) doubtFrame(this.#tables, frame)
    for (const row of packs) doubtPack(this.#tables, row)
    preferSound(this.#tables)
  }

  /** Takes note that a blob could not be read: whoever has its content stores it again, in another pack. */
  doubt(id: Uint8Array, offset = 0): void {
    const entry = this.blobs.find(id, offset)
    const location = entry < 0 ? undefined : this.blobs.location(entry)
    if (location !== undefined) doubtFrame(this.#tables, location.frame)
  }

  [Symbol.dispose](): void {
    this.#writerKeys[Symbol.dispose]()
  }

  #placeOf(location: BlobLocation): BlobPlace {
    return { ...location, frameLocation: this.blobs.frames.get(location.frame) }
  }
}
