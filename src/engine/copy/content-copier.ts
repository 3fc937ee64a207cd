import { present } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import type { Content, FileEntry } from '../../format/tree.ts'
import type { BytesJob, ChunksResult } from '../backup/backup-jobs.ts'
import type { PassProgress } from '../backup/pass-progress.ts'
import { storeStream } from '../backup/stream-content.ts'
import { splitIds } from '../point-view-layout.ts'
import type { OpenPointView } from '../point-view.ts'
import type { RunStore } from '../run/run-store.ts'
import type { Stopping } from './stopping.ts'

/** A file of more is cut into chunks, and read as a stream. */
const WHOLE_BYTES_MAX = 512 << 10
/** Small files that are read and stored together. */
const JOB_BYTES = 4 << 20
/** Blobs of a large file that are read at once. */
const BLOBS_AT_ONCE = 8

/** Returns what the other repository's point says of a file whose content cannot be read here, if a copy may go by that. */
export type KnownContent = (file: FileEntry) => Content | undefined

/** Reads the contents of files in one repository and stores them in another, under that one's keys. */
export class ContentCopier {
  readonly #view: OpenPointView
  readonly #store: RunStore
  readonly #progress: PassProgress
  readonly #stopping: Stopping

  constructor(view: OpenPointView, store: RunStore, to: { progress: PassProgress; stopping: Stopping }) {
    this.#view = view
    this.#store = store
    this.#progress = to.progress
    this.#stopping = to.stopping
  }

  /**
   * Returns what the entries of files say of their contents in the other repository, in the same order.
   *
   * @param known what is said there of one of `files` that cannot be read here, where that is known.
   * @throws {IntegrityError} one of them cannot be read; nothing of it is under way any more.
   */
  async copy(files: readonly FileEntry[], known: KnownContent): Promise<Content[]> {
    const contents = new Array<Content>(files.length)
    const jobs: Promise<void>[] = []
    let batch: number[] = []
    let bytes = 0
    const flush = (): void => {
      if (batch.length > 0) jobs.push(this.#stopping.guard(this.#copyBatch(files, batch, { contents, known })))
      batch = []
      bytes = 0
    }
    try {
      for (const [i, file] of files.entries()) {
        this.#stopping.signal.throwIfAborted()
        const dataBytes = dataBytesOf(file)
        if (dataBytes === 0) contents[i] = { level: 0, ids: new Uint8Array(0) }
        else if (dataBytes > WHOLE_BYTES_MAX)
          contents[i] = await this.#copyStream(file).catch((error: unknown) => knownOr(error, known(file)))
        else {
          if (bytes + dataBytes > JOB_BYTES) flush()
          batch.push(i)
          bytes += dataBytes
        }
      }
      flush()
    } finally {
      await Promise.allSettled(jobs)
    }
    await Promise.all(jobs)
    return contents
  }

  /** As `#copyWhole`; what of the batch can be read is stored even if some cannot, as long as that is known. */
  async #copyBatch(
    files: readonly FileEntry[],
    rows: readonly number[],
    { contents, known }: { contents: Content[]; known: KnownContent },
  ): Promise<void> {
    try {
      await this.#copyWhole(files, rows, contents)
    } catch (error) {
      for (const row of rows) {
        const there = knownOr(error, known(present(files[row], 'a file of the batch')))
        await this.#copyWhole(files, [row], contents).catch((cause: unknown) => {
          contents[row] = knownOr(cause, there)
        })
      }
    }
  }

  /** Files that are one blob each, in frames that they share. */
  async #copyWhole(files: readonly FileEntry[], rows: readonly number[], contents: Content[]): Promise<void> {
    const layouts = await Promise.all(rows.map((row) => this.#view.layout(present(files[row], 'a file of the batch'))))
    const ids = layouts.map((layout) => splitIds(layout.ids))
    const blobs = await this.#view.blobs.readAll(ids.flat(), 'data')
    let first = 0
    const plain = ids.map(({ length }) => concatBytes(...blobs.slice(first, (first += length))))
    const lengths = plain.map(({ byteLength }) => byteLength)
    const job: BytesJob = { type: 'bytes', bytes: concatBytes(...plain), lengths, frames: 'shared' }
    const stored = (await this.#store.run(job)) as ChunksResult
    for (const [i, row] of rows.entries()) {
      contents[row] = { level: 0, ids: stored.ids.slice(i * BLOB_ID_BYTES, (i + 1) * BLOB_ID_BYTES) }
    }
    const bytes = lengths.reduce((sum, length) => sum + length, 0)
    this.#progress.filesDone += rows.length
    this.#progress.bytesRead += bytes
    this.#progress.tell(present(files[rows[0] ?? 0], 'a file of the batch').name)
  }

  async #copyStream(file: FileEntry): Promise<Content> {
    const { content } = await storeStream(this.#store, this.#dataOf(file), this.#progress)
    this.#progress.filesDone++
    return content
  }

  /** What of a file is not holes: its blobs, one after the other. */
  async *#dataOf(file: FileEntry): AsyncGenerator<Uint8Array> {
    const ids = splitIds((await this.#view.layout(file)).ids)
    for (let i = 0; i < ids.length; i += BLOBS_AT_ONCE) {
      this.#stopping.signal.throwIfAborted()
      yield* await this.#view.blobs.readAll(ids.slice(i, i + BLOBS_AT_ONCE), 'data')
    }
  }
}

/** Returns `known` in the place of what is damaged here. @throws `error`, where nothing is known, or it is another one. */
function knownOr(error: unknown, known: Content | undefined): Content {
  if (known === undefined || !(error instanceof IntegrityError)) throw error
  return known
}

function dataBytesOf({ size, holes }: FileEntry): number {
  return holes.reduce((left, { length }) => left - length, size)
}
