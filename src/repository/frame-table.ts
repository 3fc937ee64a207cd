import { assert, present } from '../base/assert.ts'
import { FRAMES_PER_SEGMENT } from '../base/limits.ts'

const FIELDS = 4
/** Set on a frame's pack: its blobs can be read, but no new point may rely on them (marked, dead or lost). */
const DOUBTFUL = 0x8000_0000

export interface FrameLocation {
  /** Row of the pack in the list that the table's owner keeps. */
  readonly pack: number
  readonly offset: number
  /** Ciphertext with tag. */
  readonly storedBytes: number
  /** Decoded payload. */
  readonly rawBytes: number
}

/**
 * Where frames lie: four 32-bit columns in shared memory, appended to by every thread, read by every thread.
 *
 * A frame's number is its segment times `FRAMES_PER_SEGMENT`, plus its row. Grows by whole segments that the owning thread adds; the others learn of them through `addSegment`.
 */
export class FrameTable {
  readonly segments: SharedArrayBuffer[]
  readonly #rows: Uint32Array[]

  constructor(segments: readonly SharedArrayBuffer[]) {
    this.segments = [...segments]
    this.#rows = segments.map((segment) => new Uint32Array(segment))
  }

  /** How many frames fit before another segment is needed. */
  get capacity(): number {
    return this.segments.length * FRAMES_PER_SEGMENT
  }

  addSegment(segment: SharedArrayBuffer): void {
    this.segments.push(segment)
    this.#rows.push(new Uint32Array(segment))
  }

  set(frame: number, location: FrameLocation): void {
    const rows = this.#rowsOf(frame)
    const at = (frame % FRAMES_PER_SEGMENT) * FIELDS
    rows[at] = location.pack
    rows[at + 1] = location.offset
    rows[at + 2] = location.storedBytes
    rows[at + 3] = location.rawBytes
  }

  get(frame: number): FrameLocation {
    const rows = this.#rowsOf(frame)
    const at = (frame % FRAMES_PER_SEGMENT) * FIELDS
    return {
      pack: ((rows[at] ?? 0) & ~DOUBTFUL) >>> 0,
      offset: rows[at + 1] ?? 0,
      storedBytes: rows[at + 2] ?? 0,
      rawBytes: rows[at + 3] ?? 0,
    }
  }

  markDoubtful(frame: number): void {
    const rows = this.#rowsOf(frame)
    const at = (frame % FRAMES_PER_SEGMENT) * FIELDS
    rows[at] = (rows[at] ?? 0) | DOUBTFUL
  }

  isDoubtful(frame: number): boolean {
    const rows = this.#rowsOf(frame)
    return ((rows[(frame % FRAMES_PER_SEGMENT) * FIELDS] ?? 0) & DOUBTFUL) !== 0
  }

  #rowsOf(frame: number): Uint32Array {
    assert(frame >= 0 && frame < this.capacity, 'a frame number lies inside the table')
    return present(this.#rows[Math.floor(frame / FRAMES_PER_SEGMENT)], 'a segment of the frame table')
  }
}

/** Allocates one empty segment of a frame table. */
export function newFrameSegment(): SharedArrayBuffer {
  return new SharedArrayBuffer(FRAMES_PER_SEGMENT * FIELDS * 4)
}
