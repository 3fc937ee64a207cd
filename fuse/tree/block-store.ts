import { present } from '../../src/base/assert.ts'
import type { BlockRef } from './node-table.ts'
import type { Turns } from './turns.ts'

/** Blocks at a time. */
const BLOCKS_MAX = 1 << 16
const OFFSET = 0
const LENGTH = 1
/** Which block this is of all that had the same number; 0 when there is none. */
const SERIAL = 2
/** 1 until somebody has asked for it. */
const IS_NEW = 3
const BLOCK_WORDS = 4
const ALIGNMENT = 8
/** For blocks that would take too much of the others' room: directories of hundreds of thousands of entries. */
const LARGE_BYTES = 512 << 20
/** Which part of the others' room that is. */
const LARGE_SHARE = 4

/** What another thread needs to see the blocks; goes through `postMessage`. */
export interface BlockStoreHandle {
  readonly table: SharedArrayBuffer
  readonly memory: SharedArrayBuffer
}

/** Blocks of bytes in shared memory that never change: directories and layouts. Seen by any thread, in its turn. */
export class BlockStoreView {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  protected readonly table: Int32Array

  constructor({ table, memory }: BlockStoreHandle) {
    this.bytes = new Uint8Array(memory)
    this.words = new Uint32Array(memory)
    this.table = new Int32Array(table)
  }

  /** Returns where a block begins, or -1 when it is no longer there. */
  offset({ id, serial }: BlockRef): number {
    if (serial === 0 || Atomics.load(this.table, id * BLOCK_WORDS + SERIAL) !== serial) return -1
    return this.table[id * BLOCK_WORDS + OFFSET] as number
  }

  length({ id }: BlockRef): number {
    return this.table[id * BLOCK_WORDS + LENGTH] as number
  }

  /** Tells, once, that nobody asked for a block before. */
  isFirstUse({ id }: BlockRef): boolean {
    return Atomics.exchange(this.table, id * BLOCK_WORDS + IS_NEW, 0) === 1
  }
}

interface StoredBlock extends BlockRef {
  readonly key: string | undefined
  readonly offset: number
  readonly length: number
  readonly ring: BlockRing
}

/** A part of the memory in which blocks follow each other, and the oldest make room for the next. */
class BlockRing {
  readonly #start: number
  readonly bytes: number
  /** The oldest first. */
  readonly blocks = new Set<StoredBlock>()
  /** Where the next block begins, from the ring's start. */
  #end = 0

  constructor({ start, bytes }: { readonly start: number; readonly bytes: number }) {
    this.#start = start
    this.bytes = bytes
  }

  /** Returns where `length` bytes are free once `drop` was called for the oldest blocks. */
  makeRoom(length: number, drop: (block: StoredBlock) => void): number {
    const wraps = this.#end + length > this.bytes
    const from = wraps ? 0 : this.#end
    for (const block of this.blocks) {
      const start = block.offset - this.#start
      const isBehindEnd = wraps && start >= this.#end
      const isInTheWay = start < from + length && start + aligned(block.length) > from
      if (!isBehindEnd && !isInTheWay) break
      drop(block)
    }
    this.#end = from + length
    return this.#start + from
  }
}

/**
 * Makes and drops blocks, in rings of bytes in which the oldest go to make room. On the main thread only.
 *
 * A block that is dropped is out of sight at once; its bytes are written over when no thread looks at them any longer.
 */
export class BlockStore extends BlockStoreView {
  readonly handle: BlockStoreHandle
  readonly #turns: Turns
  readonly #ring: BlockRing
  readonly #largeRing: BlockRing
  readonly #blocks = new Map<number, StoredBlock>()
  readonly #byKey = new Map<string, StoredBlock>()
  readonly #freeIds: number[] = []
  #idsUsed = 0
  #nextSerial = 1
  #last: Promise<unknown> = Promise.resolve()

  private constructor(handle: BlockStoreHandle, ringBytes: number, turns: Turns) {
    super(handle)
    this.handle = handle
    this.#turns = turns
    this.#ring = new BlockRing({ start: 0, bytes: ringBytes })
    this.#largeRing = new BlockRing({ start: ringBytes, bytes: handle.memory.byteLength - ringBytes })
  }

  /** @param ringBytes room for all but the largest blocks; for those there is more, which takes no memory until then. */
  static create(ringBytes: number, turns: Turns, largeBytes = LARGE_BYTES): BlockStore {
    const table = new SharedArrayBuffer(BLOCKS_MAX * BLOCK_WORDS * 4)
    const memory = new SharedArrayBuffer(aligned(ringBytes) + aligned(largeBytes))
    return new BlockStore({ table, memory }, aligned(ringBytes), turns)
  }

  /** Returns the block that was put under `key`, if it is still there. */
  find(key: string): BlockRef | undefined {
    return this.#byKey.get(key)
  }

  /**
   * Stores `parts`, one after the other, which the caller leaves unchanged until it resolves.
   *
   * @throws {RangeError} no memory is large enough.
   */
  async put(key: string | undefined, parts: readonly Uint8Array[]): Promise<BlockRef> {
    const putting = this.#last.then(async () => this.#put(key, parts))
    this.#last = putting.catch(() => undefined)
    return putting
  }

  /** Takes a block out of sight. */
  drop({ id, serial }: BlockRef): void {
    const block = this.#blocks.get(id)
    if (block?.serial === serial) this.#remove(block)
  }

  async #put(key: string | undefined, parts: readonly Uint8Array[]): Promise<BlockRef> {
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
    const ring = length > this.#ring.bytes / LARGE_SHARE ? this.#largeRing : this.#ring
    if (length > ring.bytes) throw new RangeError(`a directory or layout of ${length} bytes`)
    const offset = ring.makeRoom(aligned(length), (block) => this.#remove(block))
    const id = this.#takeId()
    if (!this.#turns.isQuiet) await this.#turns.passed()
    let end = offset
    for (const part of parts) {
      this.bytes.set(part, end)
      end += part.byteLength
    }
    const block = { id, serial: this.#nextSerial, key, offset, length, ring }
    this.#nextSerial = this.#nextSerial === 0x7fff_ffff ? 1 : this.#nextSerial + 1
    const at = id * BLOCK_WORDS
    this.table[at + OFFSET] = offset
    this.table[at + LENGTH] = length
    this.table[at + IS_NEW] = 1
    Atomics.store(this.table, at + SERIAL, block.serial)
    this.#blocks.set(id, block)
    ring.blocks.add(block)
    if (key !== undefined) this.#byKey.set(key, block)
    return block
  }

  #takeId(): number {
    const free = this.#freeIds.pop()
    if (free !== undefined) return free
    if (this.#idsUsed < BLOCKS_MAX) return this.#idsUsed++
    const [oldest] = this.#ring.blocks
    this.#remove(present(oldest, 'a block'))
    return present(this.#freeIds.pop(), "a dropped block's number")
  }

  #remove(block: StoredBlock): void {
    Atomics.store(this.table, block.id * BLOCK_WORDS + SERIAL, 0)
    this.#blocks.delete(block.id)
    block.ring.blocks.delete(block)
    this.#freeIds.push(block.id)
    if (block.key !== undefined && this.#byKey.get(block.key) === block) this.#byKey.delete(block.key)
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}
