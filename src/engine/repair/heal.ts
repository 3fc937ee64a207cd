import type { ByteString } from '../../base/byte-string.ts'
import { IntegrityError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import { decodeList } from '../../format/list-codec.ts'
import type { BlobType } from '../../format/pack.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import type { LostMetadata, Wound } from '../check/affected.ts'
import { idAt, splitIds } from '../point-view-layout.ts'
import { piecesOfBlob } from '../restore/restore-file.ts'
import { type BlobStore, blobKey } from './blob-store.ts'
import type { ContentCutter } from './cut-content.ts'
import type { HealSource, SourceFile } from './heal-source.ts'

/** Bytes of a lost blob that follow each other in a file. */
interface WantedPiece {
  readonly offset: number
  readonly length: number
}

interface WantedBlob {
  readonly id: BlobId
  readonly type: BlobType
  /** Where its bytes are in the first file that lost it, in order; none where that is not known. */
  readonly pieces: readonly WantedPiece[]
}

export interface HealOptions {
  readonly sources: readonly HealSource[]
  readonly blobs: BlobReader
  readonly store: BlobStore
  readonly cutter: ContentCutter
  /** Told how many blobs are still to be looked for. */
  readonly progress: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** What was lost, and at which paths of points it was. Memory: some 300 bytes a lost blob. */
export class Wanted {
  readonly #blobs = new Map<string, WantedBlob>()
  readonly #byPath = new Map<ByteString, Set<string>>()
  readonly #metadata = new Map<string, LostMetadata>()

  /** Adds what a file or directory lost; what other points lost of the same is added once. */
  add({ path, blobs, layout, metadata }: Wound): void {
    if (metadata !== undefined) this.#metadata.set(blobKey(metadata.ids), metadata)
    for (const id of blobs) {
      const key = blobKey(id)
      if (this.#blobs.has(key)) continue
      this.#blobs.set(key, { id, type: 'data', pieces: layout === undefined ? [] : placesOf(id, layout) })
      const known = this.#byPath.get(path)
      if (known === undefined) this.#byPath.set(path, new Set([key]))
      else known.add(key)
    }
  }

  get blobs(): number {
    return this.#blobs.size
  }

  /** Looks for everything in the sources, one after the other, and stores what is found; it is wanted no more. */
  async heal(options: HealOptions): Promise<void> {
    const total = this.#blobs.size
    for (const source of options.sources) {
      if (source.blob !== undefined) {
        await this.#healById(options, source.blob)
        await this.#healMetadata(options, source.blob)
      }
      for (const [path, keys] of this.#byPath) {
        options.signal.throwIfAborted()
        await this.#healFile(options, { source, path, keys })
        options.progress(total - this.#blobs.size, total)
      }
    }
  }

  async #healById({ store, signal }: HealOptions, blob: NonNullable<HealSource['blob']>): Promise<void> {
    for (const [key, { id, type }] of this.#blobs) {
      signal.throwIfAborted()
      const bytes = await blob(id, type)
      if (bytes !== undefined) await this.#take(store, { key, id, type, bytes })
    }
  }

  /** Trees, lists and details are wanted if they cannot be read here; lists lead to further ones. */
  async #healMetadata(options: HealOptions, blob: NonNullable<HealSource['blob']>): Promise<void> {
    const { store, signal } = options
    for (const { type, ids, level } of this.#metadata.values()) {
      const queue = splitIds(ids).map((id) => ({ id, level }))
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        signal.throwIfAborted()
        const known = await readable(options.blobs, next.id, type)
        const bytes = known ?? (await blob(next.id, type))
        if (bytes === undefined) continue
        const below = next.level - 1
        if (below > 0) queue.push(...splitIds(decodeList(bytes)).map((id) => ({ id, level: below })))
        if (known === undefined) await store.put(type, next.id, bytes)
      }
    }
  }

  async #healFile(
    { store, cutter }: HealOptions,
    { source, path, keys }: { source: HealSource; path: ByteString; keys: ReadonlySet<string> },
  ): Promise<void> {
    const isWanted = (): boolean => [...keys].some((key) => this.#blobs.has(key))
    if (!isWanted()) return
    for await (const file of source.files(path)) {
      // Where its bytes were is read first: a large file that lost little need not be read whole.
      for (const key of keys) {
        const wanted = this.#blobs.get(key)
        const bytes = wanted && (await readPieces(file, wanted.pieces))
        if (wanted === undefined || bytes === undefined) continue
        const id = store.idOf('data', bytes)
        if (blobKey(id) === key) await this.#take(store, { key, id, type: 'data', bytes })
      }
      if (!isWanted()) return
      for await (const bytes of cutter.cut(file)) {
        const id = store.idOf('data', bytes)
        const key = blobKey(id)
        if (this.#blobs.has(key)) await this.#take(store, { key, id, type: 'data', bytes })
      }
      if (!isWanted()) return
    }
  }

  async #take(
    store: BlobStore,
    { key, id, type, bytes }: { key: string; id: BlobId; type: BlobType; bytes: Uint8Array },
  ): Promise<void> {
    this.#blobs.delete(key)
    await store.put(type, id, bytes)
  }
}

function placesOf(id: BlobId, layout: NonNullable<Wound['layout']>): WantedPiece[] {
  const { ids } = layout
  for (let blob = 0; blob * BLOB_ID_BYTES < ids.byteLength; blob++) {
    if (Buffer.compare(idAt(ids, blob), id) === 0) return piecesOfBlob(layout, blob)
  }
  return []
}

async function readPieces(file: SourceFile, pieces: readonly WantedPiece[]): Promise<Uint8Array | undefined> {
  if (pieces.length === 0) return undefined
  const parts: Uint8Array[] = []
  for (const { offset, length } of pieces) {
    const part = await file.read(offset, length)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

async function readable(blobs: BlobReader, id: BlobId, type: BlobType): Promise<Uint8Array | undefined> {
  try {
    return await blobs.read(id, type)
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error
    return undefined
  }
}
