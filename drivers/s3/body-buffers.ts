import { concatBytes, setBytes } from '../../src/base/bytes.ts'

/** What is smaller costs nothing to make anew. */
const KEPT_BYTES_MIN = 1 << 20
/** Capacities are multiples of it, so that packs of any size fit: pages that nobody writes to are no memory. */
const STEP_BYTES = 8 << 20
/** Room for a pack; what is larger is an index file, of which there is one at a time. */
const KEPT_BYTES_MAX = 24 << 20
const KEPT_MAX = 4

/**
 * Memory for bodies of requests, used again and again: to get pages for each pack, and to have them collected, costs more than
 * what is copied into them.
 */
export class BodyBuffers {
  readonly #free: Uint8Array[] = []

  /** Returns `parts` one after the other, in memory that is not shared and that nobody else uses until it is given back. */
  join(parts: readonly Uint8Array[]): Uint8Array {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    if (bytes < KEPT_BYTES_MIN) return concatBytes(...parts)
    const fitting = this.#free.findIndex(({ byteLength }) => byteLength >= bytes)
    const [kept] = fitting < 0 ? [] : this.#free.splice(fitting, 1)
    const buffer = kept ?? new Uint8Array(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES)
    setBytes(buffer, parts)
    return buffer.subarray(0, bytes)
  }

  /** Takes back what `join` returned, once nobody reads it any more. */
  giveBack(body: Uint8Array): void {
    const isKept = body.byteLength >= KEPT_BYTES_MIN && body.buffer.byteLength <= KEPT_BYTES_MAX
    if (isKept && this.#free.length < KEPT_MAX) this.#free.push(new Uint8Array(body.buffer))
  }
}
