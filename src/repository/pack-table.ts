import { assert } from '../base/assert.ts'
import type { ObjectId } from '../base/ids.ts'
import { PACK_LEVEL_MAX, type PackKind } from '../format/pack.ts'

/** A pack that blobs lie in. Its number in the table is `FrameLocation.pack`. */
export interface PackRow {
  readonly id: ObjectId
  readonly kind: PackKind
  /** 32 bytes; the pack's key derives from it and the writer key. */
  readonly salt: Uint8Array
  /** Size of the whole object in bytes. */
  readonly bytes: number
  /** Row of `PackTable.writerKeys`. */
  readonly writerKey: number
  readonly generation: number
  readonly level: number
  /** Number of its frame 0 in the frame table; its frames follow each other. Absent for packs of this run. */
  readonly firstFrame?: number
  readonly frames?: number
}

/** A run's writer key as its packs' headers hold it. */
export interface WriterKeyRow {
  readonly generation: number
  /** 1168 bytes. */
  readonly sealed: Uint8Array
}

/** What was said of a pack to `add`, and by which index file. */
export interface NewPack extends Omit<PackRow, 'writerKey'> {
  readonly sealedWriterKey: Uint8Array
  readonly namedBy: readonly ObjectId[]
}

/** The packs and writer keys that an index knows, in the order of their coming. */
export class PackTable {
  readonly #rows: (PackRow | undefined)[] = []
  readonly #namedBy: ObjectId[][] = []
  readonly #rowOf = new Map<ObjectId, number>()
  readonly writerKeys: WriterKeyRow[] = []
  readonly #writerKeyOf = new Map<string, number>()
  /** The highest level among the packs in doubt, or -1. */
  #doubtedLevel = -1

  /** Rows so far, reserved ones among them. */
  get size(): number {
    return this.#rows.length
  }

  /** Returns a pack; `undefined` for one that is still being written. */
  at(row: number): PackRow | undefined {
    return this.#rows[row]
  }

  /** Returns a pack whose row was set. */
  row(row: number): PackRow {
    const pack = this.#rows[row]
    assert(pack !== undefined, 'a pack that is read was written before')
    return pack
  }

  rowOf(id: ObjectId): number | undefined {
    return this.#rowOf.get(id)
  }

  /**
   * The level of packs that are written now: above all that are in doubt, since they may hold again what those hold.
   *
   * @see docs/format.md, "Pruning"
   */
  get levelOfNew(): number {
    return Math.min(this.#doubtedLevel + 1, PACK_LEVEL_MAX)
  }

  /** Takes note that no new point may rely on a pack. */
  doubt(row: number): void {
    this.#doubtedLevel = Math.max(this.#doubtedLevel, this.row(row).level)
  }

  /** Tells whether the copy of a blob in pack `row` comes before the one in pack `other`: by level, then by id. */
  comesBefore(row: number, other: number): boolean {
    const [a, b] = [this.row(row), this.row(other)]
    return a.level === b.level ? a.id < b.id : a.level > b.level
  }

  /** The index files that name a pack. */
  namedBy(row: number): readonly ObjectId[] {
    return this.#namedBy[row] ?? []
  }

  addName(row: number, index: ObjectId): void {
    const names = this.#namedBy[row]
    assert(names !== undefined, 'a pack is in the table before it is named again')
    if (!names.includes(index)) names.push(index)
  }

  add(pack: NewPack): number {
    const { sealedWriterKey, namedBy, ...fields } = pack
    const row = this.reserve()
    this.set(row, { ...fields, writerKey: this.addWriterKey(fields.generation, sealedWriterKey) })
    this.#namedBy[row] = [...namedBy]
    return row
  }

  /** Returns the row of a pack that is about to be written. */
  reserve(): number {
    this.#namedBy.push([])
    return this.#rows.push(undefined) - 1
  }

  set(row: number, pack: PackRow): void {
    assert(row < this.#rows.length && this.#rows[row] === undefined, 'a reserved row is set once')
    assert(pack.writerKey < this.writerKeys.length, "a pack's writer key is in the table")
    this.#rows[row] = pack
    this.#rowOf.set(pack.id, row)
  }

  /** Returns the row of a sealed writer key, which is kept once. */
  addWriterKey(generation: number, sealed: Uint8Array): number {
    const name = `${generation}:${Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).toString('latin1')}`
    const known = this.#writerKeyOf.get(name)
    if (known !== undefined) return known
    const row = this.writerKeys.push({ generation, sealed }) - 1
    this.#writerKeyOf.set(name, row)
    return row
  }
}
