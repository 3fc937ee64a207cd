import { assert, present } from '../base/assert.ts'
import {
  type Generation,
  GenerationView,
  homeSlot,
  ID_WORDS,
  LOCATION_WORDS,
  newGeneration,
} from './blob-generation.ts'
import { FrameTable, newFrameSegment } from './frame-table.ts'

/** A location whose frame is not written yet. */
const PENDING = 0xffff_ffff

const CONTROL_GENERATIONS = 0
const CONTROL_FRAMES = 1
const CONTROL_FRAME_SEGMENTS = 2
const CONTROL_WORDS = 16

export interface BlobLocation {
  readonly frame: number
  readonly offset: number
  readonly length: number
}

/** What another thread needs to see the same index; goes through `postMessage`. */
export interface BlobIndexHandle {
  readonly control: SharedArrayBuffer
  readonly generations: readonly Generation[]
  readonly frameSegments: readonly SharedArrayBuffer[]
}

/** What was added to an index since a handle was made. */
export type BlobIndexGrowth = { readonly generation: Generation } | { readonly frameSegment: SharedArrayBuffer }

/**
 * Where every blob lies: a lock-free hash table over append-only columns in shared memory.
 *
 * Any thread finds and claims; only the owning thread grows it. An entry is written first, then its slot is compared
 * and swapped from 0, so a reader sees whole entries or none. It never shrinks. It costs 28 bytes an entry and 5 to
 * 6.5 for its slot. Entries are numbered through all generations and stay valid for the life of the index.
 */
export class BlobIndex {
  readonly #control: Int32Array
  readonly #generations: Generation[] = []
  readonly #views: GenerationView[] = []
  readonly frames: FrameTable
  /** Which generation this thread takes entries of. */
  #claiming = 0
  /** The id being looked up: 16 bytes as words, so that no look-up allocates. */
  readonly #words = new Int32Array(ID_WORDS)

  private constructor(handle: BlobIndexHandle) {
    this.#control = new Int32Array(handle.control)
    this.frames = new FrameTable(handle.frameSegments)
    for (const generation of handle.generations) this.#attachGeneration(generation)
  }

  /** Makes an empty index with room for `blobs` before it grows. */
  static create(blobs = 0): BlobIndex {
    const control = new SharedArrayBuffer(CONTROL_WORDS * 4)
    const words = new Int32Array(control)
    words[CONTROL_GENERATIONS] = 1
    words[CONTROL_FRAME_SEGMENTS] = 1
    return new BlobIndex({ control, generations: [newGeneration(blobs)], frameSegments: [newFrameSegment()] })
  }

  /**
   * Makes an index of what was kept of another: its only generation, whose columns hold `entries` entries, and its
   * frame table. The index owns the buffers from now on. The caller answers for what they hold.
   */
  static fromGeneration(
    generation: Generation,
    rows: { readonly entries: number; readonly frames: number; readonly frameSegments: readonly SharedArrayBuffer[] },
  ): BlobIndex {
    const control = new SharedArrayBuffer(CONTROL_WORDS * 4)
    const words = new Int32Array(control)
    words[CONTROL_GENERATIONS] = 1
    words[CONTROL_FRAMES] = rows.frames
    words[CONTROL_FRAME_SEGMENTS] = rows.frameSegments.length
    new Int32Array(generation.buffer)[0] = rows.entries
    return new BlobIndex({ control, generations: [generation], frameSegments: rows.frameSegments })
  }

  /** The generation that holds all of it, or `undefined` once it has grown. The buffer stays shared. */
  get onlyGeneration(): Generation | undefined {
    return this.#generations.length === 1 ? this.#generations[0] : undefined
  }

  /** Sees the index of another thread. */
  static attach(handle: BlobIndexHandle): BlobIndex {
    return new BlobIndex(handle)
  }

  get handle(): BlobIndexHandle {
    return {
      control: this.#control.buffer as SharedArrayBuffer,
      generations: [...this.#generations],
      frameSegments: [...this.frames.segments],
    }
  }

  /** Entries taken so far, rounded up to whole blocks. */
  get entryCount(): number {
    return this.#views.reduce((sum, view) => sum + view.used, 0)
  }

  /** All entries there are, and there will be until it grows, have numbers below this one. */
  get entryBound(): number {
    const last = this.#views.at(-1)
    return last === undefined ? 0 : last.first + last.capacity
  }

  /** Bytes of shared memory in use; what columns have in reserve is not touched, so it is not there. */
  get bytes(): number {
    const columns = this.entryCount * (ID_WORDS + LOCATION_WORDS) * 4
    return this.#generations.reduce((sum, { slots }) => sum + slots * 4, columns) + this.frameCount * 16
  }

  /** Frames numbered so far. */
  get frameCount(): number {
    return Atomics.load(this.#control, CONTROL_FRAMES)
  }

  /** Whether this thread has not yet been told of memory that the owner added. */
  get isBehind(): boolean {
    return (
      Atomics.load(this.#control, CONTROL_GENERATIONS) !== this.#views.length ||
      Atomics.load(this.#control, CONTROL_FRAME_SEGMENTS) !== this.frames.segments.length
    )
  }

  /** Returns the entry of the blob whose id starts at `offset` of `id`, or -1. */
  find(id: Uint8Array, offset = 0): number {
    this.#load(id, offset)
    for (let i = this.#views.length - 1; i >= 0; i--) {
      const view = present(this.#views[i], 'a generation')
      const entry = view.find(this.#words)
      if (entry >= 0) return view.first + entry
    }
    return -1
  }

  /**
   * Says who stores a blob: returns its entry (0 or more) when the caller is the one who must, and `-1 - entry` when
   * the blob is stored already or somebody else is about to.
   *
   * A blob in a doubtful frame is claimed anew: its entry is kept, and its location set again by `locate`.
   */
  claim(id: Uint8Array, offset = 0): number {
    // A thread that claims in an older generation than another may store a blob a second time: rare, and harmless.
    if (this.isBehind) this.onBehind?.()
    const known = this.find(id, offset)
    if (known >= 0) return this.#claimDoubtful(known) ? known : -1 - known
    // The oldest generation that has room for this thread: none is left half full.
    let view = present(this.#views[this.#claiming], 'a generation')
    let entry = view.takeEntry()
    while (entry < 0 && this.#claiming < this.#views.length - 1) {
      view = present(this.#views[++this.#claiming], 'a generation')
      entry = view.takeEntry()
    }
    if (entry < 0) return this.#claimInNext(id, offset)
    const { table, ids, slots } = view
    const at = entry * ID_WORDS
    for (let word = 0; word < ID_WORDS; word++) ids[at + word] = this.#words[word] ?? 0
    view.locations[entry * LOCATION_WORDS] = PENDING
    let slot = homeSlot(this.#words[0] ?? 0, slots)
    for (;;) {
      const value = Atomics.compareExchange(table, slot, 0, entry + 1)
      if (value === 0) {
        view.next++
        return view.first + entry
      }
      // Somebody else took the slot: for the same blob, or for another with the same slot.
      const other = view.find(this.#words)
      if (other >= 0) return -1 - (view.first + other)
      if (++slot === slots) slot = 0
    }
  }

  /** Sets where a claimed blob lies. */
  locate(entry: number, location: BlobLocation): void {
    const view = this.#viewOf(entry)
    const at = (entry - view.first) * LOCATION_WORDS
    view.locations[at + 1] = location.offset
    view.locations[at + 2] = location.length
    Atomics.store(view.locations, at, location.frame)
  }

  /** Returns where a blob lies, or `undefined` while whoever claimed it has not written it. */
  location(entry: number): BlobLocation | undefined {
    const view = this.#viewOf(entry)
    const at = (entry - view.first) * LOCATION_WORDS
    const frame = Atomics.load(view.locations, at)
    if (frame === PENDING) return undefined
    return { frame, offset: view.locations[at + 1] ?? 0, length: view.locations[at + 2] ?? 0 }
  }

  /** Returns the first of `count` fresh frame numbers; the caller fills their rows before it locates blobs in them. */
  takeFrames(count = 1): number {
    const frame = Atomics.add(this.#control, CONTROL_FRAMES, count)
    while (frame + count > this.frames.capacity) {
      this.#awaitGrowth(CONTROL_FRAME_SEGMENTS, this.frames.segments.length)
    }
    return frame
  }

  /**
   * Adds memory ahead of need; only the owning thread calls it, often. Returns what it added, which every other
   * thread must be given through `grow`.
   *
   * @param headroom blobs and frames that may be claimed before the next call.
   */
  ensure(headroom: { readonly blobs: number; readonly frames: number }): BlobIndexGrowth[] {
    const growth: BlobIndexGrowth[] = []
    const view = present(this.#views.at(-1), 'the newest generation')
    if (view.capacity - view.used < headroom.blobs) {
      const generation = newGeneration(Math.max(2 * headroom.blobs, Math.ceil(this.entryCount / 4)))
      this.#attachGeneration(generation)
      growth.push({ generation })
      Atomics.add(this.#control, CONTROL_GENERATIONS, 1)
      Atomics.notify(this.#control, CONTROL_GENERATIONS)
    }
    while (this.frames.capacity - this.frameCount < headroom.frames) {
      const frameSegment = newFrameSegment()
      this.frames.addSegment(frameSegment)
      growth.push({ frameSegment })
      Atomics.add(this.#control, CONTROL_FRAME_SEGMENTS, 1)
      Atomics.notify(this.#control, CONTROL_FRAME_SEGMENTS)
    }
    return growth
  }

  /** Takes in what the owner's `ensure` returned. */
  grow(growth: BlobIndexGrowth): void {
    if ('generation' in growth) this.#attachGeneration(growth.generation)
    else this.frames.addSegment(growth.frameSegment)
  }

  /** How a thread that is behind asks for what it lacks: set by threads that do not own the index. */
  onBehind: (() => void) | undefined
  /** How such a thread asks the owner to call `ensure`, before it waits for that. */
  onFull: (() => void) | undefined

  #claimDoubtful(entry: number): boolean {
    const view = this.#viewOf(entry)
    const at = (entry - view.first) * LOCATION_WORDS
    const frame = Atomics.load(view.locations, at)
    if (frame === PENDING || !this.frames.isDoubtful(frame)) return false
    return Atomics.compareExchange(view.locations, at, frame, PENDING) === frame
  }

  #claimInNext(id: Uint8Array, offset: number): number {
    this.#awaitGrowth(CONTROL_GENERATIONS, this.#views.length)
    return this.claim(id, offset)
  }

  /** Waits until the owner has added what is missing, and fetches it. */
  #awaitGrowth(word: number, have: number): void {
    const { onBehind } = this
    assert(onBehind !== undefined, 'the owner of an index ensures room before it claims')
    while (Atomics.load(this.#control, word) === have) {
      this.onFull?.()
      Atomics.wait(this.#control, word, have, 1000)
    }
    onBehind()
  }

  #attachGeneration(generation: Generation): void {
    const last = this.#views.at(-1)
    this.#generations.push(generation)
    this.#views.push(new GenerationView(generation, last === undefined ? 0 : last.first + last.capacity))
  }

  #viewOf(entry: number): GenerationView {
    for (let i = this.#views.length - 1; i >= 0; i--) {
      const view = present(this.#views[i], 'a generation')
      if (entry >= view.first) return view
    }
    throw new RangeError('an entry of the index is 0 or more')
  }

  #load(id: Uint8Array, offset: number): void {
    for (let word = 0; word < ID_WORDS; word++) {
      const at = offset + word * 4
      this.#words[word] =
        (id[at] ?? 0) | ((id[at + 1] ?? 0) << 8) | ((id[at + 2] ?? 0) << 16) | ((id[at + 3] ?? 0) << 24)
    }
  }
}
