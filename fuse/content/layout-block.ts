import { BLOB_ID_BYTES } from '../../src/base/ids.ts'
import type { FileLayout } from '../../src/engine/point-view-layout.ts'
import type { BlockStoreView } from '../tree/block-store.ts'
import type { BlockRef } from '../tree/node-table.ts'

// A layout's block: the file's size, how many blobs and ranges; ranges, three numbers each; starts; ids.
const HEADER_NUMBERS = 3
const RANGE_NUMBERS = 3
/** Layouts that a thread keeps at hand. */
const KEPT_MAX = 32

/** Where the bytes of a file of known size are. */
export interface SizedLayout extends FileLayout {
  readonly size: number
}

/** Returns a layout as parts of its block. */
export function encodeLayout({ size, ids, starts, ranges }: SizedLayout): Uint8Array[] {
  const numbers = new Float64Array(HEADER_NUMBERS + ranges.length * RANGE_NUMBERS)
  numbers[0] = size
  numbers[1] = starts.length - 1
  numbers[2] = ranges.length
  ranges.forEach(({ offset, length, start }, i) => {
    numbers.set([offset, length, start], HEADER_NUMBERS + i * RANGE_NUMBERS)
  })
  return [bytesOf(numbers), bytesOf(starts), ids]
}

/** Layouts of files in shared memory, as one thread sees them. */
export class LayoutBlocks {
  readonly #store: BlockStoreView
  /** By serial number, the one used last at the end. What they refer to is there as long as the block is. */
  readonly #kept = new Map<number, SizedLayout>()

  constructor(store: BlockStoreView) {
    this.#store = store
  }

  /** Returns a layout whose arrays are views for as long as the turn lasts, or `undefined` when it is not there. */
  get(ref: BlockRef): SizedLayout | undefined {
    const offset = this.#store.offset(ref)
    if (offset < 0) return undefined
    const known = this.#kept.get(ref.serial)
    if (known !== undefined) return known
    const layout = this.#decode(offset)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT_MAX) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(ref.serial, layout)
    return layout
  }

  #decode(offset: number): SizedLayout {
    const { buffer } = this.#store.bytes
    const [size = 0, blobs = 0, count = 0] = new Float64Array(buffer, offset, HEADER_NUMBERS)
    let at = offset + HEADER_NUMBERS * 8
    const numbers = new Float64Array(buffer, at, count * RANGE_NUMBERS)
    const ranges = Array.from({ length: count }, (_, i) => {
      const [start = 0, length = 0, dataStart = 0] = numbers.subarray(i * RANGE_NUMBERS, (i + 1) * RANGE_NUMBERS)
      return { offset: start, length, start: dataStart }
    })
    at += numbers.byteLength
    const starts = new Float64Array(buffer, at, blobs + 1)
    const ids = new Uint8Array(buffer, at + starts.byteLength, blobs * BLOB_ID_BYTES)
    return { size, ids, starts, ranges }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
