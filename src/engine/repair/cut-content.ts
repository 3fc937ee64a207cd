import { BLOB_BYTES_MAX, SINGLE_BLOB_BYTES_MAX, STREAM_BYTES_AHEAD } from '../../base/limits.ts'
import { Chunker, type ChunkerParameters } from '../chunker/chunker.ts'
import type { SourceFile } from './heal-source.ts'

const WINDOW_BYTES = BLOB_BYTES_MAX + STREAM_BYTES_AHEAD

/** Cuts files into the blobs that a backup makes of them. */
export class ContentCutter {
  readonly #seed: Uint8Array
  readonly #parameters: ChunkerParameters
  #chunker: Chunker | undefined

  constructor(seed: Uint8Array, parameters: ChunkerParameters) {
    this.#seed = seed
    this.#parameters = parameters
  }

  /** Yields the blobs of a file in order, each freshly allocated. Not for two files at once. */
  async *cut(file: SourceFile): AsyncGenerator<Uint8Array> {
    if (!file.isSparse && file.size <= SINGLE_BLOB_BYTES_MAX) {
      const bytes = await file.read(0, file.size)
      if (bytes !== undefined && bytes.byteLength > 0) yield bytes
      return
    }
    const chunker = (this.#chunker ??= new Chunker(this.#seed, this.#parameters, WINDOW_BYTES))
    const { window } = chunker
    let have = 0
    const chunks = function* (isOver: boolean): Generator<Uint8Array> {
      let start = 0
      while (start < have && (isOver || have - start >= chunker.maxBytes)) {
        const length = chunker.next(start, have - start)
        yield window.slice(start, start + length)
        start += length
      }
      window.copyWithin(0, start, have)
      have -= start
    }
    for await (const piece of file.data()) {
      for (let taken = 0; taken < piece.byteLength;) {
        const length = Math.min(piece.byteLength - taken, window.byteLength - have)
        window.set(piece.subarray(taken, taken + length), have)
        taken += length
        have += length
        if (have === window.byteLength) yield* chunks(false)
      }
    }
    yield* chunks(true)
  }
}
