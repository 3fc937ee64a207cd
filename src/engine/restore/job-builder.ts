import type { ByteString } from '../../base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import type { FrameLocation } from '../../repository/frame-table.ts'
import type { Hole } from '../../format/tree.ts'
import type { FilePiece } from '../point-view-layout.ts'
import { type RestoreFile, blobIdOf, blobLengthOf, piecesOfBlob } from './restore-file.ts'
import {
  FILE_FIELDS,
  FILE_PIECES,
  FRAME_FIELDS,
  type FileExtras,
  type JobKind,
  type JobPack,
  PIECE_FIELDS,
  type RestoreJob,
  WAY_PART,
} from './restore-job.ts'
import type { TargetDirectory } from './target-tree.ts'

/** Puts a job together, row by row. */
export class JobBuilder {
  readonly kind: JobKind
  /** The file of each row. */
  readonly rowFiles: RestoreFile[] = []
  /** Of each row: how many bytes of its file the job has. */
  readonly rowBytes: number[] = []
  /** Of a comparison: which file and which of its blobs each blob of the job is. */
  readonly #compared: { readonly file: RestoreFile; readonly blob: number }[] = []
  readonly #frames: number[] = []
  readonly #blobs: number[] = []
  readonly #blobIds: Uint8Array[] = []
  readonly #pieces: number[] = []
  readonly #files: number[] = []
  readonly #paths: ByteString[] = []
  #directory: TargetDirectory | undefined
  readonly #extras: FileExtras[] = []
  #names = ''

  constructor(kind: JobKind) {
    this.kind = kind
  }

  /** Adds a frame by its number within its pack. */
  addFrame(
    number: number,
    { offset, storedBytes, rawBytes }: Pick<FrameLocation, 'offset' | 'storedBytes' | 'rawBytes'>,
  ): number {
    return this.#frames.push(number, offset, storedBytes, rawBytes) / FRAME_FIELDS - 1
  }

  /** Adds a blob that lies in the plaintext of one of the job's frames. */
  addBlob(file: RestoreFile, blob: number, { frame, offset }: { frame: number; offset: number }): number {
    this.#blobs.push(frame, offset, blobLengthOf(file, blob))
    if (this.kind === 'compare') this.#compared.push({ file, blob })
    return this.#blobIds.push(blobIdOf(file, blob)) - 1
  }

  /** Adds a file; what `addContent` adds next is of this one. `isContinued`: another job has its holes. */
  startFile(file: RestoreFile, { isContinued = false } = {}): void {
    const { step, entry, isShared, temporaryName } = file
    const isPart = this.kind === 'write' && isShared
    const way = isPart ? WAY_PART : file.way
    const name = isPart ? (temporaryName ?? step.name) : step.name
    const nameOffset = this.#names.length
    this.#names += `${name}\0`
    const { seconds, nanoseconds } = entry.mtime
    const piecesFrom = this.#pieces.length / PIECE_FIELDS
    const directory = this.#directoryRow(step.directory)
    const extras = this.#addExtras(file, isContinued ? [] : file.entry.holes)
    this.#files.push(way, directory, nameOffset, entry.mode, step.uid, step.gid, seconds, nanoseconds, entry.size)
    this.#files.push(piecesFrom, 0, extras)
    this.rowFiles.push(file)
    this.rowBytes.push(0)
  }

  /** Adds blob `blob` of the file that was started last, which is row `row` of the job's blobs. */
  addContent(file: RestoreFile, blob: number, row: number): void {
    const { layout, entry } = file
    const before = this.#pieces.length
    const last = this.rowBytes.length - 1
    this.rowBytes[last] = (this.rowBytes[last] ?? 0) + blobLengthOf(file, blob)
    if (layout === undefined) this.#pieces.push(row, 0, entry.size, 0)
    else for (const piece of piecesOfBlob(layout, blob)) this.#addPiece(row, piece)
    const at = this.#files.length - FILE_FIELDS + FILE_PIECES
    this.#files[at] = (this.#files[at] ?? 0) + (this.#pieces.length - before) / PIECE_FIELDS
  }

  /** Of a comparison: which file and which of its blobs each blob of the job is, in the order of the answers. */
  get compared(): readonly { readonly file: RestoreFile; readonly blob: number }[] {
    return this.#compared
  }

  build(pack?: JobPack): RestoreJob {
    const blobIds = new Uint8Array(this.#blobIds.length * BLOB_ID_BYTES)
    this.#blobIds.forEach((id, i) => blobIds.set(id, i * BLOB_ID_BYTES))
    return {
      kind: this.kind,
      ...(pack === undefined ? {} : { pack }),
      frames: new Uint32Array(this.#frames),
      blobs: new Uint32Array(this.#blobs),
      blobIds,
      pieces: new Float64Array(this.#pieces),
      files: new Float64Array(this.#files),
      names: new Uint8Array(Buffer.from(this.#names, 'latin1')),
      directories: this.#paths.join('\0') as ByteString,
      extras: this.#extras,
    }
  }

  #addPiece(row: number, { blobOffset, length, offset }: FilePiece): void {
    this.#pieces.push(row, blobOffset, length, offset)
  }

  /** Files of one directory follow each other. */
  #directoryRow(directory: TargetDirectory): number {
    if (directory !== this.#directory) this.#paths.push(directory.path)
    this.#directory = directory
    return this.#paths.length - 1
  }

  #addExtras({ entry, step, temporaryName }: RestoreFile, holes: readonly Hole[]): number {
    const { xattrs } = entry
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
