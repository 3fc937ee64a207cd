import { assert } from '../base/assert.ts'
import type { BlobLocation } from './blob-index.ts'

const FIELDS = 4
const FRAME = 1
const OFFSET = 2

/** Another place where a blob of the index lies. */
export interface Copy extends BlobLocation {
  readonly entry: number
}

/** The copies of blobs that are stored more than once, beside the one that the index names: four numbers each. */
export class CopyTable {
  #rows: Uint32Array<ArrayBuffer>
  #count: number

  /** Takes over `rows`, four numbers a copy. */
  constructor(rows: Uint32Array<ArrayBuffer> = new Uint32Array(0)) {
    assert(rows.length % FIELDS === 0, 'a copy has four numbers')
    this.#rows = rows
    this.#count = rows.length / FIELDS
  }

  /** Returns a table of `count` copies that are all zeros. */
  static ofSize(count: number): CopyTable {
    return new CopyTable(new Uint32Array(count * FIELDS))
  }

  get count(): number {
    return this.#count
  }

  /** What the constructor takes, as a view. */
  get rows(): Uint32Array<ArrayBuffer> {
    return this.#rows.subarray(0, this.#count * FIELDS)
  }

  at(row: number): Copy {
    const at = row * FIELDS
    const [entry = 0, frame = 0, offset = 0, length = 0] = this.#rows.subarray(at, at + FIELDS)
    return { entry, frame, offset, length }
  }

  /** The entry whose copy a row is. */
  entryAt(row: number): number {
    return this.#rows[row * FIELDS] ?? 0
  }

  set(row: number, { entry, frame, offset, length }: Copy): void {
    this.#rows.set([entry, frame, offset, length], row * FIELDS)
  }

  push(copy: Copy): void {
    if ((this.#count + 1) * FIELDS > this.#rows.length) {
      const grown = new Uint32Array(Math.max(256, this.#rows.length * 2))
      grown.set(this.#rows)
      this.#rows = grown
    }
    this.set(this.#count++, copy)
  }

  /** Returns all rows in the order of their frames, and of their places in these. */
  rowsByPlace(): Uint32Array {
    const rows = Uint32Array.from({ length: this.#count }, (_, row) => row)
    const field = (row: number, number: number): number => this.#rows[row * FIELDS + number] ?? 0
    return rows.sort((a, b) => field(a, FRAME) - field(b, FRAME) || field(a, OFFSET) - field(b, OFFSET))
  }

  /** Returns the copies of one entry, freshly made. Looks at every row: for what happens rarely. */
  of(entry: number): BlobLocation[] {
    const found: BlobLocation[] = []
    for (let row = 0; row < this.#count; row++) {
      if (this.#rows[row * FIELDS] !== entry) continue
      const { frame, offset, length } = this.at(row)
      found.push({ frame, offset, length })
    }
    return found
  }
}
