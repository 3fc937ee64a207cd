import { assert, present } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import { IntegrityError, type TidemarkError } from '../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../base/ids.ts'
import { KeyedHasher } from '../crypto/blake3.ts'
import type { BlobType } from '../format/pack.ts'
import { packPath } from '../storage/driver.ts'
import type { BlobIndex } from './blob-index.ts'
import { blobNotIndexed } from './blob-missing.ts'
import { ByteLru } from './byte-lru.ts'
import { type FrameOutcome, FrameReader, type FrameReaderOptions } from './frame-reader.ts'
import type { RealmKeys } from './key-ring.ts'
import type { BlobPlace, RepositoryIndex } from './repository-index.ts'

const CACHE_BYTES_DEFAULT = 32 << 20

export interface BlobReaderOptions extends FrameReaderOptions {
  readonly realm: RealmKeys
  /** Bytes of decoded frames that are kept: 32 MiB by default. */
  readonly cacheBytesMax?: number
  /** Told when a blob's place failed and another copy of it did not. */
  readonly onProblem?: ((problem: TidemarkError) => void) | undefined
}

/** A blob that is wanted, and the places that are still to be tried. */
interface Wanted {
  readonly id: BlobId
  /** Where in the result it goes. */
  readonly rows: number[]
  readonly places: BlobPlace[]
  problem: TidemarkError | undefined
  /** Whether `places` had the blob's other copies added. */
  hasAllPlaces: boolean
}

/** Reads blobs: fetches and decodes each frame once, verifies every blob's id, and turns to another copy when one fails. */
export class BlobReader {
  readonly index: BlobIndex
  readonly #index: RepositoryIndex
  readonly #frames: FrameReader
  readonly #decoded: ByteLru<number>
  readonly #realm: RealmKeys
  readonly #hashers = new Map<BlobType, KeyedHasher>()
  readonly #onProblem: ((problem: TidemarkError) => void) | undefined

  constructor(options: BlobReaderOptions) {
    this.#index = options.index
    this.index = options.index.blobs
    this.#frames = new FrameReader(options)
    this.#decoded = new ByteLru(options.cacheBytesMax ?? CACHE_BYTES_DEFAULT)
    this.#realm = options.realm
    this.#onProblem = options.onProblem
  }

  /**
   * Returns the plaintext of blob `id`, as `readAll`.
   *
   * Shape: 1..BLOB_BYTES_MAX bytes, freshly allocated; the caller owns it.
   */
  async read(id: BlobId, type: BlobType, signal?: AbortSignal): Promise<Uint8Array> {
    return present((await this.readAll([id], type, signal))[0], 'the blob that was read')
  }

  /**
   * Returns the plaintexts of blobs, in the order of `ids`, freshly allocated; equal ids share one array.
   *
   * @throws {IntegrityError} BLOB_MISSING: no index names it, or the store lacks its pack. AUTH_FAILED, ID_MISMATCH,
   * MALFORMED: the stored bytes do not verify. Each names blob and pack, and no other copy was sound either.
   * @throws {KeyError} KEY_NOT_FULL: a backup-only key set reads nothing.
   * @throws {StorageError} the store does not answer.
   */
  async readAll(ids: readonly BlobId[], type: BlobType, signal?: AbortSignal): Promise<Uint8Array[]> {
    const results = new Array<Uint8Array>(ids.length)
    let wanted = this.#locate(ids)
    while (wanted.length > 0) {
      await this.#readPlaces(wanted, { type, results, signal })
      wanted = wanted.filter((blob) => results[blob.rows[0] ?? 0] === undefined)
      for (const blob of wanted) this.#nextPlace(blob)
    }
    return results
  }

  /** Forgets all decoded frames. */
  clear(): void {
    this.#decoded.clear()
  }

  #locate(ids: readonly BlobId[]): Wanted[] {
    const byId = new Map<string, Wanted>()
    ids.forEach((id, row) => {
      assert(id.byteLength === BLOB_ID_BYTES, 'a blob id has 32 bytes')
      const name = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
      const known = byId.get(name)
      if (known !== undefined) {
        known.rows.push(row)
        return
      }
      const place = this.#index.locate(id)
      if (place === undefined) throw blobNotIndexed(id)
      byId.set(name, { id, rows: [row], places: [place], problem: undefined, hasAllPlaces: false })
    })
    return [...byId.values()]
  }

  async #readPlaces(
    wanted: readonly Wanted[],
    to: { type: BlobType; results: Uint8Array[]; signal: AbortSignal | undefined },
  ): Promise<void> {
    const byFrame = new Map<number, Wanted[]>()
    for (const blob of wanted) {
      const { frame } = present(blob.places[0], 'a place of the blob')
      const cached = this.#decoded.get(frame)
      if (cached !== undefined) this.#take(blob, { payload: cached, ...to })
      else push(byFrame, frame, blob)
    }
    const onFrame = (frame: number, outcome: FrameOutcome): void => {
      if (outcome instanceof Uint8Array) this.#decoded.set(frame, outcome)
      for (const blob of byFrame.get(frame) ?? []) {
        if (outcome instanceof Uint8Array) this.#take(blob, { payload: outcome, ...to })
        else blob.problem ??= unreadable(blob.id, { type: to.type, pack: this.#packOf(blob), cause: outcome })
      }
    }
    if (byFrame.size > 0) await this.#frames.read(byFrame.keys(), onFrame, to.signal)
  }

  /** Cuts a blob out of its decoded frame and verifies it. */
  #take(blob: Wanted, from: { payload: Uint8Array; type: BlobType; results: Uint8Array[] }): void {
    const { payload, type, results } = from
    const { offset, length } = present(blob.places[0], 'a place of the blob')
    const plain = payload.slice(offset, offset + length)
    if (plain.byteLength !== length || Buffer.compare(this.#hasher(type).hash(plain), blob.id) !== 0) {
      blob.problem ??= mismatch(blob.id, { type, pack: this.#packOf(blob) })
      return
    }
    for (const row of blob.rows) results[row] = plain
    if (blob.problem !== undefined) this.#onProblem?.(blob.problem)
  }

  /** Turns to the next copy of a blob whose place failed; throws its problem when there is none. */
  #nextPlace(blob: Wanted): void {
    const problem = present(blob.problem, 'why a blob was not read')
    const failed = blob.places.shift()
    if (!blob.hasAllPlaces) {
      blob.hasAllPlaces = true
      blob.places.push(...this.#index.otherPlaces(blob.id).filter(({ frame }) => frame !== failed?.frame))
    }
    if (blob.places.length === 0) throw problem
  }

  #packOf(blob: Wanted): string {
    const place = present(blob.places[0], 'a place of the blob')
    return this.#index.packs.row(place.frameLocation.pack).id
  }

  #hasher(type: BlobType): KeyedHasher {
    const known = this.#hashers.get(type)
    if (known !== undefined) return known
    const hasher = new KeyedHasher(this.#realm.idKey(type))
    this.#hashers.set(type, hasher)
    return hasher
  }
}

function push(map: Map<number, Wanted[]>, key: number, value: Wanted): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

const HINT = 'Run `tidemark check --repair`: a later backup stores it again where the source still has it.'

function mismatch(id: BlobId, { type, pack }: { type: BlobType; pack: string }): IntegrityError {
  const message = `the ${type} blob ${toHex(id)} in ${packPath(pack)} is another one: its id does not fit its bytes`
  return new IntegrityError('ID_MISMATCH', message, { context: { blob: toHex(id), type, pack }, hint: HINT })
}

function unreadable(
  id: BlobId,
  { type, pack, cause }: { type: BlobType; pack: string; cause: TidemarkError },
): IntegrityError {
  const code = cause instanceof IntegrityError ? cause.code : 'BLOB_MISSING'
  const message = `the ${type} blob ${toHex(id)} in ${packPath(pack)} cannot be read: ${cause.message}`
  return new IntegrityError(code, message, { context: { blob: toHex(id), type, pack }, cause, hint: HINT })
}
