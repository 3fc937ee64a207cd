import { present } from '../../base/assert.ts'
import { type ByteString, byteString } from '../../base/byte-string.ts'
import type { Attributes } from './attributes.ts'
import {
  FILE_DIRECTORY,
  FILE_EXTRAS,
  FILE_FIELDS,
  FILE_GID,
  FILE_MODE,
  FILE_NAME,
  FILE_NANOSECONDS,
  FILE_PIECES,
  FILE_PIECES_FROM,
  FILE_SECONDS,
  FILE_SIZE,
  FILE_UID,
  FILE_WAY,
  type FileExtras,
  PIECE_BLOB,
  PIECE_BLOB_OFFSET,
  PIECE_FIELDS,
  PIECE_LENGTH,
  PIECE_OFFSET,
  type RestoreJob,
} from './restore-job.ts'

const noExtras: FileExtras = { xattrs: [], holes: [], flags: 0, inherits: false }

export interface JobPiece {
  readonly blob: number
  readonly blobOffset: number
  readonly length: number
  readonly offset: number
}

/** Reads the rows of a job: one object that goes from file to file. */
export class JobFile implements Attributes {
  readonly job: RestoreJob
  readonly directories: readonly ByteString[]
  row = 0
  extras: FileExtras = noExtras

  constructor(job: RestoreJob) {
    this.job = job
    this.directories = job.directories.split('\0') as ByteString[]
  }

  get count(): number {
    return this.job.files.length / FILE_FIELDS
  }

  moveTo(row: number): void {
    this.row = row
    const extras = this.#field(FILE_EXTRAS)
    this.extras = extras < 0 ? noExtras : present(this.job.extras[extras], 'the extras of a file')
  }

  get way(): number {
    return this.#field(FILE_WAY)
  }
  get directory(): ByteString {
    return present(this.directories[this.#field(FILE_DIRECTORY)], 'the directory of a file')
  }
  /** Where its name starts in `names`. */
  get nameOffset(): number {
    return this.#field(FILE_NAME)
  }
  get name(): ByteString {
    const { names } = this.job
    return byteString(names.subarray(this.nameOffset, names.indexOf(0, this.nameOffset)))
  }
  get mode(): number {
    return this.#field(FILE_MODE)
  }
  get uid(): number {
    return this.#field(FILE_UID)
  }
  get gid(): number {
    return this.#field(FILE_GID)
  }
  get seconds(): number {
    return this.#field(FILE_SECONDS)
  }
  get nanoseconds(): number {
    return this.#field(FILE_NANOSECONDS)
  }
  get size(): number {
    return this.#field(FILE_SIZE)
  }
  get xattrs(): FileExtras['xattrs'] {
    return this.extras.xattrs
  }
  get flags(): number {
    return this.extras.flags
  }
  get pieceCount(): number {
    return this.#field(FILE_PIECES)
  }

  piece(i: number): JobPiece {
    const { pieces } = this.job
    const at = (this.#field(FILE_PIECES_FROM) + i) * PIECE_FIELDS
    return {
      blob: pieces[at + PIECE_BLOB] ?? 0,
      blobOffset: pieces[at + PIECE_BLOB_OFFSET] ?? 0,
      length: pieces[at + PIECE_LENGTH] ?? 0,
      offset: pieces[at + PIECE_OFFSET] ?? 0,
    }
  }

  #field(field: number): number {
    return this.job.files[this.row * FILE_FIELDS + field] ?? 0
  }
}
