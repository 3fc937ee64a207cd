import { SharedLock } from '../../src/base/shared-lock.ts'
import { FUSE_ROOT_ID } from '../protocol/constants.ts'

/** Nodes that the kernel may know of at a time; each costs 40 bytes once it was used, and the kernel far more. */
const NODES_MAX_DEFAULT = 1 << 19
/** Which part of them may be in use before the kernel is asked to forget some, and still afterwards. */
const CROWDED_SHARE = 7 / 8
const ROOMY_SHARE = 3 / 4
/** Which part a thread may use that hands on what it finds no node for; the rest is for whom it hands it on to. */
export const READERS_SHARE = 15 / 16
/** Virtual entries that nodes may stand for. */
export const VIRTUAL_ENTRIES_MAX = 1 << 18
const BUCKETS = 1 << 18

const LOCK = 0
/** First of the free nodes, which are a list through NEXT. */
const FREE = 1
/** Nodes that were ever used. */
const USED = 2
/** Nodes that are in use. */
const LIVE = 3
/** 1 while somebody sees to it that the kernel forgets some. */
const MAKING_ROOM = 4
const HEADER_WORDS = 16

// What a node has.
const PARENT = 0
const ROW = 1
const LOOKUPS = 2
const CHILDREN = 3
const NEXT = 4
const BLOCK = 5
const SERIAL = 6
const INO_LOW = 7
const INO_HIGH = 8
/** Where the last read of a file ended, in units of READ_END_BYTES. */
const READ_END = 9
const NODE_WORDS = 10

const NOBODY = 0x7fff_ffff
const READ_END_BYTES = 4096
/** How far from another a read may begin that is one of the same run. */
const NEAR_BYTES = 2 << 20
const TWO_32 = 2 ** 32

/** The row of a virtual entry, which no point holds: those of a point's directories are 0 or more. */
export function virtualRow(number: number): number {
  return -1 - number
}

/** The number of the virtual entry that has a row below 0. */
export function virtualNumber(row: number): number {
  return -1 - row
}

/** Which block belongs to a node: `serial` differs when another one has taken its place. */
export interface BlockRef {
  readonly id: number
  readonly serial: number
}

/**
 * The nodes that the kernel knows, in shared memory: any thread makes and drops them.
 *
 * A node is a row of its parent's block, so that it costs a few words. It lives for as long as the kernel counts look-ups
 * of it or a child of it lives; then its number is used again. Nodes that hold a virtual entry count for it.
 */
export class NodeTable {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #buckets: Int32Array
  readonly #holders: Int32Array
  readonly #nodes: Int32Array
  readonly #nodesMax: number
  /** What of them this thread may use. */
  readonly #share: number
  readonly #lock: SharedLock

  /** Sees the table that `create` made, on any thread; this one may use `share` of the nodes. */
  constructor(buffer: SharedArrayBuffer, share = 1) {
    this.buffer = buffer
    this.#share = share
    const words = new Int32Array(buffer)
    this.#words = words.subarray(0, HEADER_WORDS)
    this.#buckets = words.subarray(HEADER_WORDS, HEADER_WORDS + BUCKETS)
    this.#holders = words.subarray(HEADER_WORDS + BUCKETS, HEADER_WORDS + BUCKETS + VIRTUAL_ENTRIES_MAX)
    this.#nodes = words.subarray(HEADER_WORDS + BUCKETS + VIRTUAL_ENTRIES_MAX)
    this.#nodesMax = Math.floor(this.#nodes.length / NODE_WORDS) - 1
    this.#lock = new SharedLock(this.#words, LOCK)
  }

  /** Makes a table with the root as its only node: virtual entry 0, with inode number `ino`. */
  static create(ino: number, nodesMax = NODES_MAX_DEFAULT): NodeTable {
    const words = HEADER_WORDS + BUCKETS + VIRTUAL_ENTRIES_MAX + (nodesMax + 1) * NODE_WORDS
    // What was never used takes no memory.
    const table = new NodeTable(new SharedArrayBuffer(words * 4))
    table.lookUp(0, virtualRow(0), ino)
    return table
  }

  get live(): number {
    return Atomics.load(this.#words, LIVE)
  }

  /** Tells, once until `hasRoom`, that most nodes are in use. */
  asksForRoom(): boolean {
    if (this.live < this.#nodesMax * CROWDED_SHARE) return false
    return Atomics.exchange(this.#words, MAKING_ROOM, 1) === 0
  }

  /** Tells that enough nodes are free; `asksForRoom` may ask again from now on. */
  hasRoom(): boolean {
    if (this.live > this.#nodesMax * ROOMY_SHARE) return false
    Atomics.store(this.#words, MAKING_ROOM, 0)
    return true
  }

  /** Returns the next node after `node` that is in a point and has nothing in it, or 0 behind the last. */
  leafAfter(node: number): number {
    const used = Atomics.load(this.#words, USED)
    for (let each = node + 1; each <= used; each++) {
      const row = this.#get(each, ROW)
      if (row >= 0 && row !== NOBODY && this.#get(each, CHILDREN) === 0) return each
    }
    return 0
  }

  /** Tells whether the kernel may speak of `node`. */
  isLive(node: number): boolean {
    return node >= 1 && node <= Atomics.load(this.#words, USED) && this.#get(node, ROW) !== NOBODY
  }

  /** Counts a look-up of row `row` of `parent`. Returns its node, or 0 when there are as many as there may be for this thread. */
  lookUp(parent: number, row: number, ino: number): number {
    return this.#lookUp({ parent, row, ino }, this.#nodesMax * this.#share)
  }

  /** As `lookUp`, but for a listing, which can do without: the last nodes are left to those who cannot. */
  list(parent: number, row: number, ino: number): number {
    return this.#lookUp({ parent, row, ino }, this.#nodesMax * CROWDED_SHARE)
  }

  /** Counts a look-up of row `row` of `parent` if there is a node for it, which then stays until `forget`; else returns 0. */
  hold(parent: number, row: number): number {
    return this.#lookUp({ parent, row, ino: 0 }, 0)
  }

  /** The kernel has dropped `lookups` of its references. What it never had, or the root, is passed over. */
  forget(node: number, lookups: number): void {
    this.#lock.take()
    try {
      if (node === FUSE_ROOT_ID || !this.isLive(node)) return
      this.#set(node, LOOKUPS, Math.max(0, this.#get(node, LOOKUPS) - lookups))
      for (let each = node; each !== 0 && this.#isUnused(each);) {
        const parent = this.#get(each, PARENT)
        this.#drop(each)
        each = parent
      }
    } finally {
      this.#lock.release()
    }
  }

  parent(node: number): number {
    return this.#get(node, PARENT)
  }

  /** The row in the parent's block, or that of a virtual entry. */
  row(node: number): number {
    return this.#get(node, ROW)
  }

  ino(node: number): number {
    return (this.#get(node, INO_LOW) >>> 0) + this.#get(node, INO_HIGH) * TWO_32
  }

  /** The block of a directory's entries, or of a file's layout; serial 0 is none. */
  block(node: number): BlockRef {
    return { id: this.#get(node, BLOCK), serial: this.#get(node, SERIAL) }
  }

  setBlock(node: number, { id, serial }: BlockRef): void {
    // Two threads may set the same at once; who sees a serial that does not belong to the id looks again.
    this.#set(node, SERIAL, 0)
    this.#set(node, BLOCK, id)
    this.#set(node, SERIAL, serial)
  }

  /**
   * Tells whether a read at `offset` goes on about where the last one ended, and takes note that it ends at `end`. The
   * kernel reads ahead with several requests at once, which come in any order.
   */
  isSequential(node: number, offset: number, end: number): boolean {
    const last = this.#get(node, READ_END)
    this.noteRead(node, end)
    const distance = (last - Math.floor(offset / READ_END_BYTES)) | 0
    return Math.abs(distance) * READ_END_BYTES <= NEAR_BYTES
  }

  /** Takes note that the kernel has the bytes of a file up to `end`, which is not 0. */
  noteRead(node: number, end: number): void {
    this.#set(node, READ_END, Math.ceil(end / READ_END_BYTES) | 0)
  }

  /** Tells whether the kernel was ever given bytes of a file. */
  wasRead(node: number): boolean {
    return this.#get(node, READ_END) !== 0
  }

  /** How many nodes stand for a virtual entry. */
  holders(number: number): number {
    return Atomics.load(this.#holders, number)
  }

  #lookUp(place: { parent: number; row: number; ino: number }, nodesMax: number): number {
    const { parent, row } = place
    this.#lock.take()
    try {
      const bucket = bucketOf(parent, row)
      const node = this.#find(bucket, parent, row) || (this.live < nodesMax ? this.#make(bucket, place) : 0)
      if (node !== 0) this.#set(node, LOOKUPS, this.#get(node, LOOKUPS) + 1)
      return node
    } finally {
      this.#lock.release()
    }
  }

  #find(bucket: number, parent: number, row: number): number {
    let node = this.#buckets[bucket] ?? 0
    while (node !== 0 && (this.#get(node, ROW) !== row || this.#get(node, PARENT) !== parent)) {
      node = this.#get(node, NEXT)
    }
    return node
  }

  #make(bucket: number, { parent, row, ino }: { parent: number; row: number; ino: number }): number {
    const node = this.#takeNumber()
    this.#set(node, PARENT, parent)
    this.#set(node, LOOKUPS, 0)
    this.#set(node, CHILDREN, 0)
    this.#set(node, SERIAL, 0)
    this.#set(node, READ_END, 0)
    this.#set(node, INO_LOW, (ino % TWO_32) | 0)
    this.#set(node, INO_HIGH, Math.floor(ino / TWO_32))
    this.#set(node, NEXT, this.#buckets[bucket] ?? 0)
    this.#set(node, ROW, row)
    this.#buckets[bucket] = node
    if (parent !== 0) this.#set(parent, CHILDREN, this.#get(parent, CHILDREN) + 1)
    if (row < 0) Atomics.add(this.#holders, virtualNumber(row), 1)
    Atomics.add(this.#words, LIVE, 1)
    return node
  }

  #takeNumber(): number {
    const free = this.#words[FREE] ?? 0
    if (free !== 0) {
      this.#words[FREE] = this.#get(free, NEXT)
      return free
    }
    const used = this.#words[USED] ?? 0
    Atomics.store(this.#words, USED, used + 1)
    return used + 1
  }

  #isUnused(node: number): boolean {
    return node !== FUSE_ROOT_ID && this.#get(node, LOOKUPS) === 0 && this.#get(node, CHILDREN) === 0
  }

  #drop(node: number): void {
    const parent = this.#get(node, PARENT)
    const row = this.#get(node, ROW)
    const bucket = bucketOf(parent, row)
    const next = this.#get(node, NEXT)
    let before = this.#buckets[bucket] ?? 0
    if (before === node) this.#buckets[bucket] = next
    else {
      while (this.#get(before, NEXT) !== node) before = this.#get(before, NEXT)
      this.#set(before, NEXT, next)
    }
    this.#set(node, ROW, NOBODY)
    this.#set(node, NEXT, this.#words[FREE] ?? 0)
    this.#words[FREE] = node
    this.#set(parent, CHILDREN, this.#get(parent, CHILDREN) - 1)
    if (row < 0) Atomics.sub(this.#holders, virtualNumber(row), 1)
    Atomics.sub(this.#words, LIVE, 1)
  }

  #get(node: number, field: number): number {
    return this.#nodes[node * NODE_WORDS + field] as number
  }

  #set(node: number, field: number, value: number): void {
    this.#nodes[node * NODE_WORDS + field] = value
  }
}

function bucketOf(parent: number, row: number): number {
  const mixed = Math.imul(parent, 0x9e37_79b1) ^ Math.imul(row, 0x85eb_ca6b)
  return (mixed ^ (mixed >>> 15)) & (BUCKETS - 1)
}
