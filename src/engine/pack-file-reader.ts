import { closeSync, openSync, readSync } from 'node:fs'
import { IntegrityError, StorageError, TidemarkError, errnoOf } from '../base/errors.ts'
import type { ByteRange } from '../storage/driver.ts'

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
  readonly #open = new Map<string, number>()
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
    if (this.#buffer.byteLength < length) this.#buffer = new Uint8Array(Math.max(length, BUFFER_BYTES_MIN))
    try {
      const fd = this.#descriptor(file)
      let filled = 0
      while (filled < length) {
        const read = readSync(fd, this.#buffer, filled, length - filled, offset + filled)
        if (read === 0) throw cutOff(id)
        filled += read
      }
      return this.#buffer.subarray(0, length)
    } catch (error) {
      throw error instanceof TidemarkError ? error : unreadable(id, error)
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd)
    this.#open.clear()
  }

  #descriptor(path: string): number {
    const known = this.#open.get(path)
    if (known !== undefined) {
      this.#open.delete(path)
      this.#open.set(path, known)
      return known
    }
    for (const [oldest, fd] of this.#open) {
      if (this.#open.size < this.#openMax) break
      this.#open.delete(oldest)
      closeSync(fd)
    }
    const fd = openSync(path, 'r')
    this.#open.set(path, fd)
    return fd
  }
}

const hint = 'Run `tidemark check --repair`: the next backup then stores again what it held.'

function cutOff(pack: string): IntegrityError {
  return new IntegrityError('AUTH_FAILED', `packs/${pack} is shorter than the index says`, { context: { pack }, hint })
}

function unreadable(pack: string, cause: unknown): StorageError {
  const isMissing = errnoOf(cause) === 'ENOENT'
  const message = `packs/${pack} ${isMissing ? 'is missing' : `cannot be read: ${String(cause)}`}`
  return new StorageError(isMissing ? 'NOT_FOUND' : 'STORE_FAILED', message, { context: { pack }, cause, hint })
}
