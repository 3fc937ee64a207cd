import { assert } from '../../src/base/assert.ts'
import type { FrameCache } from './frame-cache.ts'

/** Views that one reply is sent from; more than that are copied together. */
const PARTS_MAX = 64

/** The bytes of one reply, as far as possible sent from where they lie in the cache, which is pinned meanwhile. */
export class ReplyParts {
  readonly #cache: FrameCache
  readonly #gathered: Uint8Array
  readonly #zeros: Uint8Array
  readonly #parts: Uint8Array[] = []
  readonly #pins: number[] = []
  #gatheredBytes = 0
  bytes = 0

  /** @param bytesMax of one reply. */
  constructor(cache: FrameCache, bytesMax: number) {
    this.#cache = cache
    this.#gathered = new Uint8Array(bytesMax)
    this.#zeros = new Uint8Array(bytesMax)
  }

  get bytesMax(): number {
    return this.#gathered.byteLength
  }

  /** The bytes in order. */
  get parts(): readonly Uint8Array[] {
    return this.#parts
  }

  /** Adds bytes of a piece on which the caller has a pin, which this takes over. */
  add(bytes: Uint8Array, slot: number): void {
    this.#pins.push(slot)
    this.#push(bytes)
  }

  addZeros(bytes: number): void {
    this.#push(this.#zeros.subarray(0, bytes))
  }

  /** Copies what lies in the cache, so that nothing there is pinned any longer. */
  gather(): void {
    let end = 0
    if (this.#pins.length > 0) {
      for (const part of this.#parts.splice(0)) {
        // What was gathered before lies at the beginning already.
        if (end >= this.#gatheredBytes) this.#gathered.set(part, end)
        end += part.byteLength
      }
      this.#gatheredBytes = end
      this.#parts.push(this.#gathered.subarray(0, end))
    }
    this.#unpin()
  }

  /** Makes ready for the next reply. */
  clear(): void {
    this.#unpin()
    this.#parts.length = 0
    this.#gatheredBytes = 0
    this.bytes = 0
  }

  #push(part: Uint8Array): void {
    assert(this.bytes + part.byteLength <= this.#gathered.byteLength, 'a reply has no more than the kernel asked for')
    this.#parts.push(part)
    this.bytes += part.byteLength
    if (this.#parts.length > PARTS_MAX) this.gather()
  }

  #unpin(): void {
    for (const slot of this.#pins) this.#cache.unpin(slot)
    this.#pins.length = 0
  }
}
