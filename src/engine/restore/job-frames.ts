import { present } from '../../base/assert.ts'
import { IntegrityError, TidemarkError } from '../../base/errors.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { addressOf } from '../../base/posix/libc.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import { wipe } from '../../crypto/secret.ts'
import { decodeFrame } from '../../repository/frame-codec.ts'
import { packPath } from '../../storage/driver.ts'
import { packCutOff, PackFileReader } from '../pack-file-reader.ts'
import {
  BLOB_FIELDS,
  BLOB_FRAME,
  BLOB_LENGTH,
  BLOB_OFFSET,
  FRAME_FIELDS,
  FRAME_NUMBER,
  FRAME_OFFSET,
  FRAME_RAW,
  FRAME_STORED,
  type JobPack,
  type RestoreJob,
  type RestoreSetup,
} from './restore-job.ts'

/** The frames of the job at hand, decoded, and every blob of it checked. One per thread; its memory is used again. */
export class JobFrames implements Disposable {
  readonly #repositoryIdBytes: Uint8Array
  readonly #hasher: KeyedHasher
  readonly #digest = new Uint8Array(BLOB_ID_BYTES)
  #raw = new Uint8Array(0)
  #rawAddress = 0
  #starts: number[] = []
  /** By blob: why it cannot be had. */
  readonly #problems = new Map<number, TidemarkError>()
  #job: RestoreJob | undefined
  /** The frames of a pack follow each other from job to job. */
  readonly #files = new PackFileReader({ openMax: 1 })

  constructor({ repositoryIdBytes, dataIdKey }: RestoreSetup) {
    this.#repositoryIdBytes = repositoryIdBytes
    this.#hasher = new KeyedHasher(dataIdKey)
  }

  /** Reads, decodes and verifies what `job` needs; `problem` tells what failed. */
  load(job: RestoreJob): void {
    this.#job = job
    this.#problems.clear()
    const { pack, frames } = job
    if (pack === undefined) return
    try {
      this.#reserve(frames)
      const frameProblems = this.#starts.map((_, frame) => this.#decode(pack, frames, frame))
      this.#verify(job, frameProblems)
    } finally {
      if (pack.key !== undefined) wipe(pack.key)
    }
  }

  /** Returns why a blob of the job cannot be had, or `undefined`. */
  problem(blob: number): TidemarkError | undefined {
    return this.#problems.get(blob)
  }

  /** Returns where the blob's plaintext is in memory until the next `load`. */
  address(blob: number): number {
    const { blobs } = present(this.#job, 'a job')
    const row = blob * BLOB_FIELDS
    return this.#rawAddress + (this.#starts[blobs[row + BLOB_FRAME] ?? 0] ?? 0) + (blobs[row + BLOB_OFFSET] ?? 0)
  }

  /** Tells whether `plain` is the blob with the id at `offset` of `ids`. */
  isBlob(plain: Uint8Array, ids: Uint8Array, offset: number): boolean {
    this.#hasher.hashInto(this.#digest, 0, plain)
    for (let i = 0; i < BLOB_ID_BYTES; i++) if (this.#digest[i] !== ids[offset + i]) return false
    return true
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]()
    this.#raw.fill(0)
  }

  /** Lays the frames out one after the other, in memory that is never moved while a job is at work. */
  #reserve(frames: Uint32Array): void {
    this.#starts = []
    let rawBytes = 0
    for (let row = 0; row < frames.length; row += FRAME_FIELDS) {
      this.#starts.push(rawBytes)
      rawBytes += frames[row + FRAME_RAW] ?? 0
    }
    if (rawBytes <= this.#raw.byteLength) return
    this.#raw = new Uint8Array(Math.max(rawBytes, 4 << 20))
    this.#rawAddress = addressOf(this.#raw)
  }

  #decode(pack: JobPack, frames: Uint32Array, frame: number): TidemarkError | undefined {
    const row = frame * FRAME_FIELDS
    const offset = frames[row + FRAME_OFFSET] ?? 0
    const rawBytes = frames[row + FRAME_RAW] ?? 0
    const start = this.#starts[frame] ?? 0
    try {
      const sealed = this.#read(pack, { offset, length: frames[row + FRAME_STORED] ?? 0 })
      const number = frames[row + FRAME_NUMBER] ?? 0
      const { key, id } = pack
      if (key === undefined) {
        this.#raw.set(sealed, start)
        return undefined
      }
      const source = { key, repositoryIdBytes: this.#repositoryIdBytes, number, sealed, rawBytes, pack: id }
      decodeFrame(source, this.#raw.subarray(start, start + rawBytes))
      return undefined
    } catch (error) {
      if (error instanceof TidemarkError) return error
      throw error
    }
  }

  #read(pack: JobPack, range: { readonly offset: number; readonly length: number }): Uint8Array {
    const { bytes, bytesOffset = 0, file } = pack
    if (bytes !== undefined) {
      const part = bytes.subarray(range.offset - bytesOffset, range.offset - bytesOffset + range.length)
      if (part.byteLength < range.length) throw packCutOff(pack.id)
      return part
    }
    return this.#files.read({ id: pack.id, file: present(file, "a pack's file") }, range)
  }

  #verify({ blobs, blobIds, frames }: RestoreJob, frameProblems: readonly (TidemarkError | undefined)[]): void {
    for (let blob = 0; blob * BLOB_FIELDS < blobs.length; blob++) {
      const row = blob * BLOB_FIELDS
      const frame = blobs[row + BLOB_FRAME] ?? 0
      const from = blobs[row + BLOB_OFFSET] ?? 0
      const end = from + (blobs[row + BLOB_LENGTH] ?? 0)
      const isInside = end <= (frames[frame * FRAME_FIELDS + FRAME_RAW] ?? 0)
      const start = this.#starts[frame] ?? 0
      const problem = frameProblems[frame]
      if (problem !== undefined) this.#problems.set(blob, problem)
      else if (!isInside || !this.isBlob(this.#raw.subarray(start + from, start + end), blobIds, blob * BLOB_ID_BYTES))
        this.#problems.set(
          blob,
          notTheBlob(this.#job?.pack?.id ?? '', frames[frame * FRAME_FIELDS + FRAME_NUMBER] ?? 0),
        )
    }
  }
}

const hint = 'Run `tidemark check --repair`: the next backup then stores again what it held.'

function notTheBlob(pack: string, frame: number): IntegrityError {
  const message = `frame ${frame} of ${packPath(pack)} does not hold the blob that the index places there`
  return new IntegrityError('ID_MISMATCH', message, { context: { pack, frame }, hint })
}
