import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type ByteString, byteStringOf, bytesOf } from '../../base/byte-string.ts'
import { errnoOf } from '../../base/errors.ts'
import { dataRanges } from '../../base/posix/sparse.ts'
import type { HealSource, SourceFile } from './heal-source.ts'

const PIECE_BYTES = 1 << 20
const BLOCK_BYTES = 512

/**
 * A folder of this machine: of a file at `path` of a point, what is at `path` below it, and at `path` itself where that
 * lies in it. Links are not followed at the end of a path.
 */
export function folderSource(folder: string): HealSource {
  const root = byteStringOf(folder.replace(/\/+$/, ''))
  return {
    async *files(path) {
      yield* openFile(`${root}${path}` as ByteString)
      if (root !== '' && path.startsWith(`${root}/`)) yield* openFile(path)
    },
  }
}

/** Yields the regular file at `path`, if there is one, and closes it afterwards. */
function* openFile(path: ByteString): Generator<SourceFile> {
  let fd: number
  try {
    fd = openSync(bytesOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return
  }
  try {
    const info = fstatSync(fd)
    if (info.isFile()) yield new FolderFile(fd, info.size, info.blocks * BLOCK_BYTES < info.size)
  } finally {
    closeSync(fd)
  }
}

class FolderFile implements SourceFile {
  readonly size: number
  readonly isSparse: boolean
  readonly #fd: number
  readonly #ranges: readonly { readonly offset: number; readonly length: number }[]

  constructor(fd: number, size: number, mayBeSparse: boolean) {
    this.#fd = fd
    this.size = size
    this.#ranges = mayBeSparse ? dataRanges(fd, size) : [{ offset: 0, length: size }]
    this.isSparse = this.#ranges.length !== 1 || this.#ranges[0]?.length !== size
  }

  async read(offset: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length)
    return this.#fill(bytes, offset) === length ? bytes : undefined
  }

  async *data(): AsyncGenerator<Uint8Array> {
    for (const { offset, length } of this.#ranges) {
      for (let at = 0; at < length; at += PIECE_BYTES) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, length - at))
        const filled = this.#fill(piece, offset + at)
        yield piece.subarray(0, filled)
        if (filled < piece.byteLength) return
      }
    }
  }

  /** Reads what there is; a disk that fails ends it as the end of the file does. */
  #fill(bytes: Uint8Array, offset: number): number {
    let filled = 0
    try {
      while (filled < bytes.byteLength) {
        const count = readSync(this.#fd, bytes, filled, bytes.byteLength - filled, offset + filled)
        if (count === 0) break
        filled += count
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
    return filled
  }
}
