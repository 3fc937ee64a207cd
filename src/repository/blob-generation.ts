/** 32-bit words of a blob id that memory holds: 16 bytes. */
export const ID_WORDS = 4
export const LOCATION_WORDS = 3
/** Entries that a thread takes at once, so that threads do not meet at one counter. */
const ENTRY_BLOCK = 256
const SLOTS_MIN = 1 << 12
const LOAD_MAX = 0.8
/** Word 0 of a generation's buffer counts the entries taken. */
const HEADER_WORDS = 16

/** One generation: a table of slots over append-only columns, in one shared buffer. */
export interface Generation {
  readonly buffer: SharedArrayBuffer
  readonly slots: number
}

/** Where the columns of a generation lie in its buffer, in bytes. Rows have `idBytes` and `locationBytes`. */
export interface GenerationLayout {
  readonly bytes: number
  readonly capacity: number
  readonly tableOffset: number
  readonly tableBytes: number
  readonly idsOffset: number
  readonly idBytes: number
  readonly locationsOffset: number
  readonly locationBytes: number
}

/** Slots of a generation that holds `entries` at the densest load: as many as it takes, or a doubling would be half empty. */
function slotsFor(entries: number): number {
  return Math.max(SLOTS_MIN, Math.ceil((entries + 4 * ENTRY_BLOCK) / LOAD_MAX))
}

function entriesOf(slots: number): number {
  return Math.floor(slots * LOAD_MAX)
}

/** Returns how the buffer of a generation with `slots` slots is divided. */
export function generationLayout(slots: number): GenerationLayout {
  const capacity = entriesOf(slots)
  const tableOffset = HEADER_WORDS * 4
  const idsOffset = tableOffset + slots * 4
  const locationsOffset = idsOffset + capacity * ID_WORDS * 4
  return {
    bytes: locationsOffset + capacity * LOCATION_WORDS * 4,
    capacity,
    tableOffset,
    tableBytes: slots * 4,
    idsOffset,
    idBytes: ID_WORDS * 4,
    locationsOffset,
    locationBytes: LOCATION_WORDS * 4,
  }
}

/** One thread's view of a generation. */
export class GenerationView {
  readonly count: Int32Array
  readonly table: Int32Array
  readonly ids: Int32Array
  readonly locations: Uint32Array
  readonly first: number
  readonly capacity: number
  readonly slots: number
  /** Entries of this thread's block that are still free: [next, end). */
  next = 0
  end = 0

  constructor(generation: Generation, first: number) {
    const { buffer, slots } = generation
    const layout = generationLayout(slots)
    this.capacity = layout.capacity
    this.slots = slots
    this.first = first
    this.count = new Int32Array(buffer, 0, HEADER_WORDS)
    this.table = new Int32Array(buffer, layout.tableOffset, slots)
    this.ids = new Int32Array(buffer, layout.idsOffset, layout.capacity * ID_WORDS)
    this.locations = new Uint32Array(buffer, layout.locationsOffset, layout.capacity * LOCATION_WORDS)
  }

  get used(): number {
    return Math.min(Atomics.load(this.count, 0), this.capacity)
  }

  /** Returns a free entry, or -1 when the generation is full. */
  takeEntry(): number {
    if (this.next === this.end) {
      const block = Atomics.add(this.count, 0, ENTRY_BLOCK)
      if (block + ENTRY_BLOCK > this.capacity) return -1
      this.next = block
      this.end = block + ENTRY_BLOCK
    }
    return this.next
  }

  find(words: Int32Array): number {
    const { table, ids, slots } = this
    const a = words[0] ?? 0
    let slot = homeSlot(a, slots)
    for (;;) {
      const value = Atomics.load(table, slot)
      if (value === 0) return -1
      const at = (value - 1) * ID_WORDS
      if (ids[at] === a && ids[at + 1] === words[1] && ids[at + 2] === words[2] && ids[at + 3] === words[3]) {
        return value - 1
      }
      if (++slot === slots) slot = 0
    }
  }
}

/** Where a look-up begins: ids are hashes, so their first word, scaled, is as good as any other. */
export function homeSlot(word: number, slots: number): number {
  return Math.floor(((word >>> 0) / 2 ** 32) * slots)
}

/** Allocates an empty generation with room for `blobs`. What is never written costs no memory. */
export function newGeneration(blobs: number): Generation {
  const slots = slotsFor(blobs)
  return { buffer: new SharedArrayBuffer(generationLayout(slots).bytes), slots }
}
