import { constants } from 'node:os'
import type { BlockStoreView } from '../tree/block-store.ts'
import { DirectoryBlock, IS_LINKED, LINK_GROUP_BYTES } from '../tree/directory-block.ts'
import { inodeNumber } from '../tree/inode-number.ts'
import type { NodeTable } from '../tree/node-table.ts'
import type { Missing } from './missing.ts'

/** What the tables hold of nodes inside of points, one at a time. One per thread. */
export class NodeRows {
  /** The block that was opened last, at the row that was moved to last. */
  readonly block: DirectoryBlock
  readonly #nodes: NodeTable
  /** For a look at a parent that leaves `block` alone. */
  readonly #other: DirectoryBlock
  readonly #blocks: BlockStoreView

  constructor(nodes: NodeTable, blocks: BlockStoreView) {
    this.#nodes = nodes
    this.#blocks = blocks
    this.block = new DirectoryBlock(blocks)
    this.#other = new DirectoryBlock(blocks)
  }

  /** Moves to the row of a node itself; returns why it cannot, or `undefined`. */
  moveTo(node: number): Missing | number | undefined {
    if (!this.#nodes.isLive(node)) return constants.errno.ESTALE
    const row = this.#nodes.row(node)
    if (row < 0) return { kind: 'answer' }
    const parent = this.#nodes.parent(node)
    const failure = this.openDirectory(parent)
    if (failure !== undefined) return failure
    if (row >= this.block.count) return constants.errno.ESTALE
    this.block.moveTo(row)
    return undefined
  }

  /** Opens the block of a directory's entries; returns why it cannot, or `undefined`. */
  openDirectory(node: number): Missing | number | undefined {
    if (!this.#nodes.isLive(node)) return constants.errno.ESTALE
    if (this.block.open(this.#nodes.block(node))) return undefined
    // Somebody may have found out already, for the same directory elsewhere or ahead of need.
    const row = this.#nodes.row(node)
    if (row >= 0 && this.#other.open(this.#nodes.block(this.#nodes.parent(node))) && row < this.#other.count) {
      this.#other.moveTo(row)
      const { child } = this.#other
      if (this.block.open(child)) {
        this.#nodes.setBlock(node, child)
        return undefined
      }
    }
    return { kind: 'directory', node }
  }

  /** Tells, once, that nobody has asked for the entries of a directory before. */
  isFirstUse(node: number): boolean {
    return this.#blocks.isFirstUse(this.#nodes.block(node))
  }

  /** Returns the inode number of the entry that `block` is at, in the directory `parent`. */
  inoOfRow(parent: number): number {
    const { block } = this
    if (!block.has(IS_LINKED)) {
      return inodeNumber(this.#nodes.ino(parent), block.bytes, block.nameStart, block.nameEnd)
    }
    // All names of a file in a point have one number, wherever they are.
    let top = parent
    while (this.#nodes.row(top) >= 0) top = this.#nodes.parent(top)
    const start = block.linkGroupStart
    return inodeNumber(this.#nodes.ino(top), block.bytes, start, start + LINK_GROUP_BYTES)
  }
}
