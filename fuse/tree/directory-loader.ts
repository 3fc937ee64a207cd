import { present } from '../../src/base/assert.ts'
import { type ByteString, byteString, joinPath } from '../../src/base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../src/base/ids.ts'
import { S_IFDIR } from '../../src/base/posix/constants.ts'
import type { PointFrames, TreeEntry } from '../../src/engine/point-view-frames.ts'
import type { PointEntry } from '../folders/folder.ts'
import { BlockBuilder } from './block-builder.ts'
import type { BlockStore } from './block-store.ts'
import { DirectoryBlock } from './directory-block.ts'
import { type BlockRef, type NodeTable, virtualNumber } from './node-table.ts'
import type { VirtualTree } from './virtual-tree.ts'

/** Directories that are loaded ahead for each that is listed, and in all while nobody lists any. */
const AHEAD_PER_LISTING = 64
const AHEAD_MAX = 256
/** Directories in which it is known how far that has come. */
const CURSORS_MAX = 256
/** One that consists of more trees, tens of thousands of entries, is loaded for those who ask for it. */
const AHEAD_TREE_BYTES_MAX = 8 * BLOB_ID_BYTES

/** How far the directories in one were loaded ahead. */
interface Cursor {
  readonly ref: BlockRef
  row: number
}

export interface DirectoryLoaderOptions {
  readonly nodes: NodeTable
  readonly blocks: BlockStore
  readonly tree: VirtualTree
  readonly frames: PointFrames
}

/** Makes the blocks of points' directories when they are asked for, or will be soon. On the main thread. */
export class DirectoryLoader {
  readonly #options: DirectoryLoaderOptions
  /** By key, what is being loaded. */
  readonly #loading = new Map<string, Promise<BlockRef>>()
  readonly #block: DirectoryBlock
  /** Where directories are loaded ahead; those in the last one come first. */
  readonly #cursors: Cursor[] = []
  #aheadLeft = 0
  #isAhead = false

  constructor(options: DirectoryLoaderOptions) {
    this.#options = options
    this.#block = new DirectoryBlock(options.blocks)
  }

  /** Makes the block of a directory inside of a point, and of those above it where they were dropped. */
  async load(node: number): Promise<void> {
    const { nodes, blocks } = this.#options
    // From the top down: what a directory is made of stands in the row that it has in its parent.
    for (const each of this.#wayTo(node)) {
      if (blocks.offset(nodes.block(each)) >= 0) continue
      const row = nodes.row(each)
      if (row < 0) nodes.setBlock(each, await this.#loadPoint(this.#pointOf(row)))
      else if (this.#moveTo(each)) nodes.setBlock(each, await this.#loadTrees(this.#block.payload.slice()))
    }
  }

  /** Moves `block` to the row of a node; false when its parent's block was dropped meanwhile. */
  #moveTo(node: number): boolean {
    const { nodes } = this.#options
    if (!nodes.isLive(node)) return false
    const row = nodes.row(node)
    if (!this.#block.open(nodes.block(nodes.parent(node))) || row >= this.#block.count) return false
    this.#block.moveTo(row)
    return true
  }

  /**
   * Makes the blocks of directories below one that somebody has begun to list, while he is at it: in the order in which
   * a walk through the tree comes to them.
   */
  async loadAhead(node: number): Promise<void> {
    const ref = this.#options.nodes.block(node)
    this.#aheadLeft = Math.min(this.#aheadLeft + AHEAD_PER_LISTING, AHEAD_MAX)
    if (!this.#cursors.some((cursor) => cursor.ref.serial === ref.serial)) this.#pushCursor(ref)
    if (this.#isAhead) return
    this.#isAhead = true
    try {
      for (let last = this.#cursors.at(-1); last !== undefined && this.#aheadLeft > 0; last = this.#cursors.at(-1)) {
        await this.#advance(last)
      }
    } catch (error) {
      this.#cursors.length = 0
      throw error
    } finally {
      this.#isAhead = false
    }
  }

  /** Loads the next directory of a cursor's that is not there, whose own come next; without one, the cursor goes. */
  async #advance(cursor: Cursor): Promise<void> {
    const trees = this.#nextTrees(cursor)
    if (trees === undefined) {
      this.#cursors.splice(this.#cursors.indexOf(cursor), 1)
      return
    }
    this.#aheadLeft--
    const child = await this.#loadTrees(trees)
    // While it waited, others have used the block, or it has gone.
    if (this.#block.open(cursor.ref)) {
      this.#block.moveTo(cursor.row)
      this.#block.child = child
    }
    cursor.row++
    // Nobody began to list something else meanwhile.
    if (this.#cursors.at(-1) === cursor) this.#pushCursor(child)
  }

  /** Moves a cursor to the next directory to load ahead and returns the ids of its trees. */
  #nextTrees(cursor: Cursor): Uint8Array | undefined {
    if (!this.#block.open(cursor.ref)) return undefined
    for (; cursor.row < this.#block.count; cursor.row++) {
      this.#block.moveTo(cursor.row)
      const isLoaded = this.#block.format === S_IFDIR && this.#options.blocks.offset(this.#block.child) >= 0
      if (this.#block.format !== S_IFDIR || isLoaded || this.#block.payloadBytes > AHEAD_TREE_BYTES_MAX) continue
      return this.#block.payload.slice()
    }
    return undefined
  }

  #pushCursor(ref: BlockRef): void {
    this.#cursors.push({ ref, row: 0 })
    if (this.#cursors.length > CURSORS_MAX) this.#cursors.shift()
  }

  /** Returns the path of a node below the root of the mount, as far as its names are at hand. */
  async pathOf(node: number): Promise<ByteString> {
    const { nodes, tree } = this.#options
    const names: ByteString[] = []
    for (let each = node; nodes.parent(each) !== 0; each = nodes.parent(each)) {
      const row = nodes.row(each)
      const name = row < 0 ? tree.entry(virtualNumber(row)).shown.name : await this.nameOf(each)
      if (name === undefined) break
      names.push(name)
    }
    return names.reduceRight<ByteString>((path, name) => joinPath(path, name), '' as ByteString)
  }

  /** Returns the name of something inside of a point, or `undefined` when the kernel has forgotten it. */
  async nameOf(node: number): Promise<ByteString | undefined> {
    const { nodes } = this.#options
    if (!nodes.isLive(node)) return undefined
    await this.load(nodes.parent(node))
    return this.#moveTo(node) ? this.#block.name : undefined
  }

  /** Returns the directories from the point that `node` is in down to itself. */
  #wayTo(node: number): number[] {
    const { nodes } = this.#options
    const way = [node]
    for (let each = node; nodes.row(each) >= 0;) {
      // Whoever asks about what the kernel has forgotten gets no answer.
      if (!nodes.isLive(each)) return []
      each = nodes.parent(each)
      way.push(each)
    }
    return way.reverse()
  }

  #pointOf(row: number): PointEntry {
    const { shown } = this.#options.tree.entry(virtualNumber(row))
    return present(shown.kind === 'point' ? shown : undefined, 'a point above what is inside of one')
  }

  async #loadPoint({ point, view, entry }: PointEntry): Promise<BlockRef> {
    // Only the root has no name: several parts may be merged in it.
    if (entry.name !== '') return this.#loadTrees(entry.kind === 'dir' ? entry.trees : new Uint8Array(0))
    return this.#loadOnce(`root ${point}`, async function* () {
      yield await view.entries(entry)
    })
  }

  async #loadTrees(trees: Uint8Array): Promise<BlockRef> {
    return this.#loadOnce(byteString(trees), () => this.#options.frames.directory(trees))
  }

  async #loadOnce(key: string, entries: () => AsyncIterable<readonly TreeEntry[]>): Promise<BlockRef> {
    const known = this.#options.blocks.find(key) ?? this.#loading.get(key)
    if (known !== undefined) return known
    const loading = this.#make(key, entries())
    this.#loading.set(key, loading)
    try {
      return await loading
    } finally {
      this.#loading.delete(key)
    }
  }

  async #make(key: string, entries: AsyncIterable<readonly TreeEntry[]>): Promise<BlockRef> {
    using builder = new BlockBuilder()
    for await (const some of entries) for (const entry of some) builder.add(entry)
    return await this.#options.blocks.put(key, builder.finish())
  }
}
