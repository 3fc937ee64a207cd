import { IntegrityError, StorageError, TidemarkError, errnoOf } from '../base/errors.ts'
import { BLOCK_BYTES, blockMemory, wholeBlocks } from '../base/posix/direct-io.ts'
import { reasonFor } from '../base/posix/posix-error.ts'
import { type ByteRange, packPath } from '../storage/driver.ts'
import { StoredFile } from '../storage/stored-file.ts'

const BUFFER_BYTES_MIN = 2 << 20

/** A pack whose bytes lie in a file of this machine. */
export interface PackFile {
  readonly id: string
  readonly file: string
}

/** Reads ranges of packs from their files, on any thread; keeps those open that it read last. */
export class PackFileReader implements Disposable {
  readonly #openMax: number
  /** By path, the one used last at the end. */
  readonly #open = new Map<string, StoredFile>()
  #buffer = new Uint8Array(0)

  constructor({ openMax }: { readonly openMax: number }) {
    this.#openMax = openMax
  }

  /**
   * Returns a range of a pack, in memory that is the reader's own until the next call.
   *
   * @throws {StorageError} NOT_FOUND, STORE_FAILED
   * @throws {IntegrityError} AUTH_FAILED: the file ends before the range does.
   */
  read({ id, file }: PackFile, { offset, length }: ByteRange): Uint8Array {
    const before = offset % BLOCK_BYTES
    const bytes = wholeBlocks(before + length)
    if (this.#buffer.byteLength < bytes) this.#buffer = blockMemory(Math.max(bytes, BUFFER_BYTES_MIN))
    try {
      const there = this.#stored(file).read(this.#buffer.subarray(0, bytes), offset - before)
      if (there < before + length) throw packCutOff(id)
      return this.#buffer.subarray(before, before + length)
    } catch (error) {
      throw error instanceof TidemarkError ? error : unreadable(id, error)
    }
  }

  [Symbol.dispose](): void {
    for (const stored of this.#open.values()) stored[Symbol.dispose]()
    this.#open.clear()
  }

  #stored(path: string): StoredFile {
    const known = this.#open.get(path)
    if (known !== undefined) {
      this.#open.delete(path)
      this.#open.set(path, known)
      return known
    }
    for (const [oldest, stored] of this.#open) {
      if (this.#open.size < this.#openMax) break
      this.#open.delete(oldest)
      stored[Symbol.dispose]()
    }
    const stored = new StoredFile(path)
    this.#open.set(path, stored)
    return stored
  }
}

/** What the system says of a folder, a pipe, a socket or a link in the place of a file. */
const NOT_REGULAR = ['EISDIR', 'ESPIPE', 'ENXIO', 'ELOOP']

const hint = 'Run `tidemark check --repair`: the next backup then stores again what it held.'

/** Returns the error of a frame that lies behind the end of its pack. */
export function packCutOff(pack: string): IntegrityError {
  return new IntegrityError('AUTH_FAILED', `${packPath(pack)} is shorter than the index says`, {
    context: { pack },
    hint,
  })
}

function unreadable(pack: string, cause: unknown): StorageError {
  const errno = errnoOf(cause) ?? ''
  const isMissing = errno === 'ENOENT'
  const isFile = !NOT_REGULAR.includes(errno)
  const problem = isMissing ? 'is missing' : isFile ? `cannot be read: ${reasonFor(cause)}` : 'is no regular file'
  const code = isMissing || !isFile ? 'NOT_FOUND' : 'STORE_FAILED'
  return new StorageError(code, `${packPath(pack)} ${problem}`, { context: { pack }, cause, hint })
}
