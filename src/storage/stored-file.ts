import { closeSync, constants, openSync, readSync, statfsSync } from 'node:fs'

import { errnoOf } from '../base/errors.ts'
import { BLOCK_BYTES, isAtBlock, takesDirectIo } from '../base/posix/direct-io.ts'

// Without O_NONBLOCK, opening a named pipe in place of an object would wait for ever; reading one at a position fails.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * A file of a store on this machine, open for reading on any thread. Errors are those of the system.
 *
 * Whole blocks come from a local disk straight into memory that starts with a block: a repository that is read once
 * drives nothing else out of the page cache, and is not copied through it.
 */
export class StoredFile implements Disposable {
  readonly #fd: number
  readonly #direct: number | undefined

  constructor(path: string) {
    this.#fd = openSync(path, OPEN_FLAGS)
    try {
      this.#direct = takesDirectIo(statfsSync(path).type) ? openDirectly(path) : undefined
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  /** Reads into `out` from `position` on; returns how many bytes there were, fewer than asked for only at the end. */
  read(out: Uint8Array, position: number): number {
    const isAligned = position % BLOCK_BYTES === 0 && out.byteLength % BLOCK_BYTES === 0 && isAtBlock(out)
    let filled = isAligned ? this.#readDirectly(out, position) : 0
    while (filled < out.byteLength) {
      const count = readSync(this.#fd, out, filled, out.byteLength - filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
    if (this.#direct !== undefined) closeSync(this.#direct)
  }

  /** Returns how much came at once, which is all but at the end of the file; 0 where it has to be read otherwise. */
  #readDirectly(out: Uint8Array, position: number): number {
    if (this.#direct === undefined) return 0
    try {
      return readSync(this.#direct, out, 0, out.byteLength, position)
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      return 0
    }
  }
}

function openDirectly(path: string): number | undefined {
  try {
    return openSync(path, OPEN_FLAGS | constants.O_DIRECT)
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error
    return undefined
  }
}
