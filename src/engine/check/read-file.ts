import { closeSync, constants, openSync, readSync } from 'node:fs'

/** A file of the store, open for reading. Errors are those of the system. */
export class StoredFile implements Disposable {
  readonly #fd: number

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  }

  /** Reads into `out` from `position` on; returns how many bytes there were, fewer than asked for only at the end. */
  read(out: Uint8Array, position: number): number {
    let filled = 0
    while (filled < out.byteLength) {
      const count = readSync(this.#fd, out, filled, out.byteLength - filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}
