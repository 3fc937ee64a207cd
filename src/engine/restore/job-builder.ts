import type { ByteString } from '../../base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { idAt } from '../point-view-layout.ts'
import { type RestoreFile, piecesOfBlob } from './restore-file.ts'
import { type FileExtras, type JobKind, type JobPack, type RestoreJob, WAY_PART } from './restore-job.ts'
import type { TargetDirectory } from './target-tree.ts'

/** A blob of the job: where it lies in the plaintext of one of the job's frames. */
export interface JobBlob {
  readonly frame: number
  readonly offset: number
  readonly length: number
}

/** Puts a job together, row by row. */
export class JobBuilder {
  readonly kind: JobKind
  /** The file of each row. */
  readonly rowFiles: RestoreFile[] = []
  readonly #blobsByRow: (readonly { readonly blob: number; readonly row: number }[])[] = []
  readonly #frames: number[] = []
  readonly #blobs: number[] = []
  readonly #blobIds: Uint8Array[] = []
  readonly #pieces: number[] = []
  readonly #files: number[] = []
  readonly #directories = new Map<TargetDirectory, number>()
  readonly #paths: ByteString[] = []
  readonly #extras: FileExtras[] = []
  #names = ''

  constructor(kind: JobKind) {
    this.kind = kind
  }

  addFrame(fields: readonly [number: number, offset: number, storedBytes: number, rawBytes: number]): number {
    return this.#frames.push(...fields) / fields.length - 1
  }

  addBlob(file: RestoreFile, blob: number, { frame, offset, length }: JobBlob): number {
    this.#blobs.push(frame, offset, length)
    return this.#blobIds.push(idAt(file.layout.ids, blob)) - 1
  }

  /** Adds a file with some of its blobs: which, and which of the job each is. */
  addFile(file: RestoreFile, blobs: readonly { readonly blob: number; readonly row: number }[]): void {
    const { step, entry, isShared } = file
    const isWriting = this.kind === 'write'
    const way = isWriting && isShared ? WAY_PART : file.way
    const name = isWriting && isShared ? (file.temporaryName ?? step.name) : step.name
    const piecesFrom = this.#pieces.length / 4
    for (const { blob, row } of blobs) {
      for (const piece of piecesOfBlob(file, blob)) {
        this.#pieces.push(row, piece.blobOffset, piece.length, piece.offset)
      }
    }
    const directory = this.#directory(step.directory)
    const nameOffset = this.#names.length
    this.#names += `${name}\0`
    const { seconds, nanoseconds } = entry.mtime
    const pieceCount = this.#pieces.length / 4 - piecesFrom
    const { uid, gid } = step
    const owner = [entry.mode, uid, gid] as const
    const extras = this.#addExtras(file)
    this.#files.push(way, directory, nameOffset, ...owner, seconds, nanoseconds, entry.size)
    this.#files.push(piecesFrom, pieceCount, extras)
    this.rowFiles.push(file)
    this.#blobsByRow.push(blobs)
  }

  /** The files of the job with what they need of it, in the order of their rows. */
  *blobsByFile(): Generator<{ readonly file: RestoreFile; readonly blobs: readonly number[] }> {
    for (const [i, file] of this.rowFiles.entries()) {
      yield { file, blobs: (this.#blobsByRow[i] ?? []).map(({ blob }) => blob) }
    }
  }

  build(pack?: JobPack): RestoreJob {
    const blobIds = new Uint8Array(this.#blobIds.length * BLOB_ID_BYTES)
    this.#blobIds.forEach((id, i) => blobIds.set(id, i * BLOB_ID_BYTES))
    return {
      kind: this.kind,
      ...(pack === undefined ? {} : { pack }),
      frames: Uint32Array.from(this.#frames),
      blobs: Uint32Array.from(this.#blobs),
      blobIds,
      pieces: Float64Array.from(this.#pieces),
      files: Float64Array.from(this.#files),
      names: new Uint8Array(Buffer.from(this.#names, 'latin1')),
      directories: this.#paths.join('\0') as ByteString,
      extras: this.#extras,
    }
  }

  #directory(directory: TargetDirectory): number {
    let row = this.#directories.get(directory)
    if (row === undefined) {
      row = this.#paths.push(directory.path) - 1
      this.#directories.set(directory, row)
    }
    return row
  }

  #addExtras({ entry, step, temporaryName }: RestoreFile): number {
    const { xattrs, holes } = entry
    const { inherits } = step.directory
    // Files with several names get flags that lock them when they have all of them.
    const flags = entry.link === undefined ? entry.flags : 0
    if (xattrs.length === 0 && holes.length === 0 && flags === 0 && !inherits && temporaryName === undefined) return -1
    const temporary = temporaryName === undefined ? {} : { temporaryName }
    // Values are views into whole trees, which would go along.
    const values = xattrs.map(({ name, value }) => ({ name, value: value.slice() }))
    return this.#extras.push({ xattrs: values, holes, flags, inherits, ...temporary }) - 1
  }
}
