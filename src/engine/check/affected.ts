import { type ByteString, byteString, joinPath } from '../../base/byte-string.ts'
import { toHex } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import type { BlobType } from '../../format/pack.ts'
import type { DirEntry, EntryKind, FileEntry, TreeEntry } from '../../format/tree.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { type FileLayout, idAt } from '../point-view-layout.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'
import { DIRECTORIES_AT_ONCE } from '../point-view-directory.ts'
import type { AffectedEntry } from './check-types.ts'

const ROOT = '/' as ByteString

/** What of an entry cannot be had. */
export interface Wound extends AffectedEntry {
  /** Data blobs of a file that cannot be had; none where it is not even known which it has. */
  readonly blobs: readonly BlobId[]
  /** Where the blobs of the file are in it, as far as that is known. */
  readonly layout: FileLayout | undefined
  readonly metadata: LostMetadata | undefined
}

/** Trees, lists or the detail, of which one at least cannot be read, or a list that they lead to. */
export interface LostMetadata {
  readonly type: Exclude<BlobType, 'data'>
  /** 32-byte ids, one after the other. */
  readonly ids: Uint8Array
  /** Of lists: how many levels of them lie above the data. */
  readonly level: number
}

export interface AffectedOptions {
  readonly blobs: BlobReader
  readonly points: readonly PointInfo[]
  /** Tells whether a data blob can be had. */
  readonly isSound: (blob: BlobId) => boolean
  /** Trees of directories that were found whole, which are not entered; it takes those that are found now. */
  readonly sound?: Set<string>
  readonly signal: AbortSignal
}

/**
 * Yields every file and directory of the points that cannot be had whole, point by point in their order, by path.
 *
 * A directory that was found whole in one point is not entered in another. Memory: the ids of those directories.
 * @throws {StorageError} the store does not answer.
 */
export async function* findAffected(options: AffectedOptions): AsyncGenerator<Wound> {
  const { sound = new Set() } = options
  for (const point of options.points) yield* new PointWalk(options, point, sound).wounds()
}

class PointWalk {
  readonly #options: AffectedOptions
  readonly #point: PointInfo
  readonly #view: OpenPointView
  readonly #sound: Set<string>

  constructor(options: AffectedOptions, point: PointInfo, sound: Set<string>) {
    this.#options = options
    this.#point = point
    this.#view = openPointView(options.blobs, point.record.parts)
    this.#sound = sound
  }

  async *wounds(): AsyncGenerator<Wound> {
    const { blobs, signal } = this.#options
    try {
      await blobs.read(this.#point.record.detail as BlobId, 'detail', signal)
    } catch (error) {
      const metadata = { type: 'detail', ids: this.#point.record.detail, level: 0 } as const
      yield this.#wound(ROOT, 'dir', damageOf(error), { metadata })
    }
    yield* this.#directory(ROOT, this.#view.root)
  }

  /** Yields what is wrong below a directory; returns whether anything is. */
  async *#directory(path: ByteString, directory: DirEntry): AsyncGenerator<Wound, boolean> {
    this.#options.signal.throwIfAborted()
    // The root of a point is put together from those of its parts.
    const key = path === ROOT ? undefined : byteString(directory.trees)
    if (key !== undefined && this.#sound.has(key)) return false
    let entries: readonly TreeEntry[]
    try {
      entries = await this.#view.entries(directory)
    } catch (error) {
      yield this.#wound(path, 'dir', damageOf(error), { metadata: { type: 'tree', ids: directory.trees, level: 0 } })
      return true
    }
    let isWounded = false
    for (let first = 0; first < entries.length; first += DIRECTORIES_AT_ONCE) {
      const some = entries.slice(first, first + DIRECTORIES_AT_ONCE)
      await this.#view.prepare(some.filter((entry) => !this.#isSoundDirectory(entry)))
      for (const entry of some) {
        const below = joinPath(path, entry.name)
        if (entry.kind === 'dir') isWounded = (yield* this.#directory(below, entry)) || isWounded
        else if (entry.kind === 'file') {
          const wound = await this.#file(below, entry)
          if (wound === undefined) continue
          isWounded = true
          yield wound
        }
      }
    }
    if (!isWounded && key !== undefined) this.#sound.add(key)
    return isWounded
  }

  async #file(path: ByteString, file: FileEntry): Promise<Wound | undefined> {
    const { isSound } = this.#options
    try {
      const layout = await this.#view.layout(file)
      const blobs = lostOf(layout.ids, isSound)
      const [first] = blobs
      return first && this.#wound(path, 'file', lostBlobs(first, blobs.length), { blobs, layout })
    } catch (error) {
      const { level, ids } = file.content
      // Which of its blobs no index names is known even if it is not known where they would begin.
      const known = level === 0 ? { blobs: lostOf(ids, isSound) } : { metadata: { type: 'list', ids, level } as const }
      return this.#wound(path, 'file', damageOf(error), known)
    }
  }

  #isSoundDirectory(entry: TreeEntry): boolean {
    return entry.kind !== 'dir' || this.#sound.has(byteString(entry.trees))
  }

  #wound(
    path: ByteString,
    kind: EntryKind,
    problem: IntegrityError,
    { blobs = [], layout, metadata }: Partial<Pick<Wound, 'blobs' | 'layout' | 'metadata'>>,
  ): Wound {
    return { point: this.#point, path, kind, problem, blobs, layout, metadata }
  }
}

function lostOf(ids: Uint8Array, isSound: (blob: BlobId) => boolean): BlobId[] {
  const lost = new Map<string, BlobId>()
  for (let i = 0; i < ids.byteLength / BLOB_ID_BYTES; i++) {
    const id = idAt(ids, i)
    if (!isSound(id)) lost.set(byteString(id), id.slice() as BlobId)
  }
  return [...lost.values()]
}

function lostBlobs(first: BlobId, count: number): IntegrityError {
  const message = count === 1 ? `its blob ${toHex(first)} cannot be read` : `${count} of its blobs cannot be read`
  return new IntegrityError('BLOB_MISSING', message, { context: { blob: toHex(first), blobs: count } })
}

function damageOf(error: unknown): IntegrityError {
  if (error instanceof IntegrityError) return error
  throw error
}
