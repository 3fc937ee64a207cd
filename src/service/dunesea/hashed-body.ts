import { createHash } from 'node:crypto'

import type { ObjectId } from '../../base/ids.ts'
import { ObjectHasher } from '../../crypto/blake3.ts'
import type { Sha256 } from './aliases.ts'
import { Refusal } from './refusal.ts'

/** What bytes hash to. */
export interface Digests {
  readonly id: ObjectId
  readonly sha256: Sha256
}

/** The body of a request: pieces are hashed as they go by, so that it is known at the end what came. */
export class HashedBody implements AsyncIterable<Uint8Array> {
  readonly bytes: number
  readonly #source: AsyncIterable<Uint8Array>
  readonly #blake3 = new ObjectHasher()
  readonly #sha256 = createHash('sha256')
  #seen = 0

  /** `bytes`: as many as the client has announced. */
  constructor(source: AsyncIterable<Uint8Array>, bytes: number) {
    this.#source = source
    this.bytes = bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#source) {
        this.#seen += piece.byteLength
        if (this.#seen > this.bytes) break
        this.#blake3.update(piece)
        this.#sha256.update(piece)
        yield piece
      }
    } catch (cause) {
      throw incomplete(cause)
    }
    if (this.#seen !== this.bytes) throw incomplete()
  }

  /** Only once, after the last piece. */
  digests(): Digests {
    return { id: this.#blake3.finish(), sha256: this.#sha256.digest('hex') as Sha256 }
  }
}

function incomplete(cause?: unknown): Refusal {
  return new Refusal(400, 'BAD_ARGUMENT', 'the body is not as long as was announced', { cause })
}
