import { toHex } from '../../base/bytes.ts'
import { errnoOf, IntegrityError, StorageError, TidemarkError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, idBytes } from '../../base/ids.ts'
import { blockMemory, wholeBlocks } from '../../base/posix/direct-io.ts'
import { KeyedHasher, objectIdOf } from '../../crypto/blake3.ts'
import { wipe } from '../../crypto/secret.ts'
import { type BlobType, blobTypeOf, FRAME_COLUMNS, PACK_HEADER_BYTES, type PackTables } from '../../format/pack.ts'
import { BlobIndex } from '../../repository/blob-index.ts'
import { decodeFrame } from '../../repository/frame-codec.ts'
import { openFooter } from '../../repository/pack-footer.ts'
import { packPath } from '../../storage/driver.ts'
import { StoredFile } from '../../storage/stored-file.ts'
import {
  type BadFrame,
  PACK_JOB_FRAME_FIELDS,
  type PackCheckSetup,
  type PackJob,
  type PackResult,
} from './check-jobs.ts'

interface PackBytes {
  readonly bytes: Uint8Array
  /** Frames that the disk does not give. */
  readonly unread: ReadonlySet<number>
}

/** Verifies packs, one after the other. One per thread; its memory is used again. */
export class PackChecker implements Disposable {
  readonly #setup: PackCheckSetup
  readonly #repositoryIdBytes: Uint8Array
  readonly #index: BlobIndex
  readonly #hashers = new Map<BlobType, KeyedHasher>()
  readonly #digest = new Uint8Array(BLOB_ID_BYTES)
  #bytes = new Uint8Array(0)
  #raw = new Uint8Array(0)

  constructor(setup: PackCheckSetup) {
    this.#setup = setup
    this.#repositoryIdBytes = idBytes(setup.repository)
    this.#index = BlobIndex.attach(setup.index)
  }

  check(job: PackJob): PackResult {
    try {
      const read = this.#read(job)
      const fitsName = read.unread.size === 0 && objectIdOf(read.bytes) === job.id
      const { tables, footerProblem } = this.#tables(job, read.bytes)
      const lost: Uint8Array[] = []
      const badFrames = this.#checkFrames(job, read, (ids) => lost.push(ids), tables)
      const blobsLeftOut = tables === undefined ? 0 : this.#blobsLeftOut(job, tables)
      return { fitsName, badFrames, lostBlobs: new Uint8Array(Buffer.concat(lost)), footerProblem, blobsLeftOut }
    } finally {
      wipe(job.key)
    }
  }

  [Symbol.dispose](): void {
    this.#raw.fill(0)
    for (const key of Object.values(this.#setup.idKeys)) wipe(key)
  }

  #read(job: PackJob): PackBytes {
    if (job.bytes !== undefined) return { bytes: job.bytes, unread: new Set() }
    const { storedBytes, file = '' } = job
    if (this.#bytes.byteLength < storedBytes) this.#bytes = blockMemory(storedBytes)
    const bytes = this.#bytes.subarray(0, storedBytes)
    try {
      using stored = new StoredFile(file)
      try {
        // What is missing at the end is as bad as anything else: nothing of the pack before this one may pass for it.
        bytes.fill(0, Math.min(stored.read(this.#bytes.subarray(0, wholeBlocks(storedBytes)), 0), storedBytes))
        return { bytes, unread: new Set() }
      } catch (error) {
        if (errnoOf(error) === undefined) throw error
        return { bytes, unread: readApart(stored, bytes, job) }
      }
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      throw new StorageError(
        errno === 'ENOENT' ? 'NOT_FOUND' : 'STORE_FAILED',
        `${packPath(job.id)} cannot be read (${errno})`,
      )
    }
  }

  #tables(
    job: PackJob,
    bytes: Uint8Array,
  ): { readonly tables: PackTables | undefined; readonly footerProblem: string | undefined } {
    try {
      const { repository, publicKeys } = this.#setup
      const { tables, kind } = openFooter({
        repository,
        pack: job.id,
        key: job.key,
        header: bytes,
        tail: bytes,
        packBytes: bytes.byteLength,
        publicKeyOf: (instance) => publicKeys.get(instance),
      })
      if (kind === job.kind && hasFrames(tables, job.frames)) return { tables, footerProblem: undefined }
      return { tables: undefined, footerProblem: 'the index tells of other frames than its footer' }
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error
      return { tables: undefined, footerProblem: error.message }
    }
  }

  /** Decodes every frame of the index, and verifies the blobs that the footer has in each. */
  #checkFrames(
    job: PackJob,
    { bytes, unread }: PackBytes,
    lose: (ids: Uint8Array) => void,
    tables: PackTables | undefined,
  ): BadFrame[] {
    const bad: BadFrame[] = []
    let blob = 0
    for (let row = 0, frame = 0; row < job.frames.length; row += PACK_JOB_FRAME_FIELDS, frame++) {
      const blobs = tables?.frames[frame * FRAME_COLUMNS + 3] ?? 0
      const rawBytes = job.frames[row + 2] ?? 0
      const first = blob
      blob += blobs
      try {
        if (unread.has(frame))
          throw new StorageError('STORE_FAILED', `frame ${frame} of ${packPath(job.id)} cannot be read`)
        // Padding is thrown away by every reader.
        if (rawBytes === 0) continue
        const raw = this.#decode(job, bytes, { row, frame })
        const wrong = tables === undefined ? [] : this.#wrongBlobs(tables, { raw, first, end: blob })
        for (const at of wrong) lose(idOf(tables, at))
        if (wrong.length > 0) bad.push(notTheBlobs(job, frame, idOf(tables, wrong[0] ?? 0)))
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error
        bad.push({ frame, code: error.code, message: error.message })
        for (let at = first; at < blob; at++) lose(idOf(tables, at))
      }
    }
    return bad
  }

  #decode(
    job: PackJob,
    bytes: Uint8Array,
    { row, frame }: { readonly row: number; readonly frame: number },
  ): Uint8Array {
    const [offset = 0, storedBytes = 0, rawBytes = 0] = job.frames.subarray(row, row + PACK_JOB_FRAME_FIELDS)
    if (this.#raw.byteLength < rawBytes) this.#raw = new Uint8Array(Math.max(rawBytes, 2 << 20))
    const sealed = bytes.subarray(offset, offset + storedBytes)
    const { key, id: pack } = job
    return decodeFrame(
      { key, repositoryIdBytes: this.#repositoryIdBytes, number: frame, sealed, rawBytes, pack },
      this.#raw,
    )
  }

  /** Returns the rows of a frame's blobs whose ids do not fit their bytes. */
  #wrongBlobs(tables: PackTables, { raw, first, end }: { raw: Uint8Array; first: number; end: number }): number[] {
    const wrong: number[] = []
    let at = 0
    for (let blob = first; blob < end; blob++) {
      const length = tables.blobLengths[blob] ?? 0
      const type = blobTypeOf(tables.blobTypes[blob] ?? 0) ?? 'data'
      this.#hasher(type).hashInto(this.#digest, 0, raw.subarray(at, at + length))
      at += length
      if (!isIdAt(tables.blobIds, blob, this.#digest)) wrong.push(blob)
    }
    return wrong
  }

  /** Counts blobs of the footer that the index does not have, or has elsewhere in this very pack. */
  #blobsLeftOut(job: PackJob, tables: PackTables): number {
    const framesEnd = job.firstFrame + job.frames.length / PACK_JOB_FRAME_FIELDS
    let leftOut = 0
    /** By entry: where the index has a blob of this pack. */
    const elsewhere = new Map<number, number>()
    forEachBlob(tables, job.firstFrame, (blob, place) => {
      const entry = this.#index.find(tables.blobIds, blob * BLOB_ID_BYTES)
      const location = entry < 0 ? undefined : this.#index.location(entry)
      if (location === undefined) leftOut++
      else if (location.frame >= job.firstFrame && location.frame < framesEnd) {
        const indexed = placeOf(location.frame, location.offset)
        if (indexed !== place) elsewhere.set(entry, indexed)
      }
    })
    if (elsewhere.size === 0) return leftOut
    // Two threads may have stored one blob at the same moment: the index names one of the places.
    forEachBlob(tables, job.firstFrame, (blob, place) => {
      const entry = this.#index.find(tables.blobIds, blob * BLOB_ID_BYTES)
      if (elsewhere.get(entry) === place) elsewhere.delete(entry)
    })
    return leftOut + elsewhere.size
  }

  #hasher(type: BlobType): KeyedHasher {
    const known = this.#hashers.get(type)
    if (known !== undefined) return known
    const hasher = new KeyedHasher(this.#setup.idKeys[type])
    this.#hashers.set(type, hasher)
    return hasher
  }
}

/** Reads a pack frame by frame, past what its disk does not give; returns which frames that is. */
function readApart(stored: StoredFile, bytes: Uint8Array, { frames }: PackJob): ReadonlySet<number> {
  const unread = new Set<number>()
  bytes.fill(0)
  let end = PACK_HEADER_BYTES
  tryRead(stored, bytes, 0, end)
  for (let row = 0; row < frames.length; row += PACK_JOB_FRAME_FIELDS) {
    const [offset = 0, storedBytes = 0] = frames.subarray(row, row + 2)
    end = offset + storedBytes
    if (!tryRead(stored, bytes, offset, end)) unread.add(row / PACK_JOB_FRAME_FIELDS)
  }
  tryRead(stored, bytes, end, bytes.byteLength)
  return unread
}

function tryRead(stored: StoredFile, bytes: Uint8Array, start: number, end: number): boolean {
  try {
    return stored.read(bytes.subarray(start, end), start) === end - start
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}

function hasFrames(tables: PackTables, frames: Uint32Array): boolean {
  if (tables.frames.length / FRAME_COLUMNS !== frames.length / PACK_JOB_FRAME_FIELDS) return false
  for (let frame = 0; frame * FRAME_COLUMNS < tables.frames.length; frame++) {
    for (let field = 0; field < PACK_JOB_FRAME_FIELDS; field++) {
      if (tables.frames[frame * FRAME_COLUMNS + field] !== frames[frame * PACK_JOB_FRAME_FIELDS + field]) return false
    }
  }
  return true
}

function notTheBlobs({ id }: PackJob, frame: number, blob: Uint8Array): BadFrame {
  const message = `frame ${frame} of ${packPath(id)} does not hold the blob ${toHex(blob)}, which its footer has there`
  return { frame, code: 'ID_MISMATCH', message }
}

function idOf(tables: PackTables | undefined, row: number): Uint8Array {
  return tables?.blobIds.subarray(row * BLOB_ID_BYTES, (row + 1) * BLOB_ID_BYTES) ?? new Uint8Array()
}

function isIdAt(ids: Uint8Array, row: number, id: Uint8Array): boolean {
  for (let i = 0; i < BLOB_ID_BYTES; i++) if (ids[row * BLOB_ID_BYTES + i] !== id[i]) return false
  return true
}

/** A frame's payload has at most 4 MiB, so that this is exact. */
function placeOf(frame: number, offset: number): number {
  return frame * 2 ** 23 + offset
}

/** Calls `use` with each blob's row and place. */
function forEachBlob(tables: PackTables, firstFrame: number, use: (blob: number, place: number) => void): void {
  let blob = 0
  for (let row = 0; row < tables.frames.length; row += FRAME_COLUMNS) {
    let offset = 0
    for (const end = blob + (tables.frames[row + 3] ?? 0); blob < end; blob++) {
      use(blob, placeOf(firstFrame + row / FRAME_COLUMNS, offset))
      offset += tables.blobLengths[blob] ?? 0
    }
  }
}
