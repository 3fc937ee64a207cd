import { present } from '../../src/base/assert.ts'
import { bytesOf, type ByteString } from '../../src/base/byte-string.ts'
import { type FolderEntry, type MountRoot, type PointEntry, rootEntry } from '../folders/folder.ts'
import { FUSE_ROOT_ID } from '../protocol/constants.ts'
import { inodeNumber } from './inode-number.ts'
import { type NodeTable, VIRTUAL_ENTRIES_MAX } from './node-table.ts'

/** Entries at which it is looked for the first time whether some are used by nobody any longer. */
const SWEEP_MIN = 4096

/** What a folder showed under a name: one for as long as it is the same thing and the kernel may ask about it. */
export interface VirtualEntry {
  /** What nodes call it: see `virtualRow`. */
  readonly number: number
  readonly ino: number
  readonly parent: VirtualEntry | undefined
  /** The newest that the folder gave of it. */
  shown: FolderEntry
  readonly children: Map<ByteString, VirtualEntry>
  /** The bytes of a file that was made. */
  made: Uint8Array | undefined
}

/** Numbers what folders show. On the main thread. */
export class VirtualTree {
  readonly root: VirtualEntry
  readonly #nodes: NodeTable
  readonly #entries = new Map<number, VirtualEntry>()
  readonly #freeNumbers: number[] = []
  #numbersUsed = 0
  #sweepAt = SWEEP_MIN

  /** `nodes` has the root as virtual entry 0. */
  constructor(root: MountRoot, nodes: NodeTable) {
    this.#nodes = nodes
    const shown = rootEntry(root)
    this.root = present(this.#add({ ino: nodes.ino(FUSE_ROOT_ID), parent: undefined, shown }), 'the root')
  }

  /** Returns the entry that nodes know by `number`. */
  entry(number: number): VirtualEntry {
    return present(this.#entries.get(number), 'a virtual entry that a node stands for')
  }

  /** Returns the entry for what a folder shows now; `undefined` when there are as many as there may be. */
  show(folder: VirtualEntry, shown: FolderEntry): VirtualEntry | undefined {
    const known = folder.children.get(shown.name)
    if (known !== undefined && isSame(known.shown, shown)) {
      known.shown = shown
      return known
    }
    // What has the name from now on is another thing; nodes of the old one keep it for as long as they live.
    const entry = this.#add({ ino: this.inoOf(folder, shown), parent: folder, shown })
    if (entry !== undefined) folder.children.set(shown.name, entry)
    return entry
  }

  /** Returns the inode number of what a folder shows. */
  inoOf(folder: VirtualEntry, shown: FolderEntry): number {
    const name = bytesOf(shown.name)
    const ino = inodeNumber(folder.ino, name, 0, name.byteLength)
    const what = identityOf(shown)
    return what === undefined ? ino : inodeNumber(ino, what, 0, what.byteLength)
  }

  #add(entry: Pick<VirtualEntry, 'ino' | 'parent' | 'shown'>): VirtualEntry | undefined {
    if (this.#entries.size >= this.#sweepAt) this.#sweep()
    const number =
      this.#freeNumbers.pop() ?? (this.#numbersUsed < VIRTUAL_ENTRIES_MAX ? this.#numbersUsed++ : undefined)
    if (number === undefined) return undefined
    const added = { ...entry, number, children: new Map<ByteString, VirtualEntry>(), made: undefined }
    this.#entries.set(number, added)
    return added
  }

  /** Drops what neither a node nor another entry below it needs; it gets a new number when it is shown again. */
  #sweep(): void {
    // Children come after their parents.
    for (const entry of [...this.#entries.values()].reverse()) {
      const { number, parent, shown } = entry
      if (parent === undefined || entry.children.size > 0 || this.#nodes.holders(number) > 0) continue
      if (parent.children.get(shown.name) === entry) parent.children.delete(shown.name)
      this.#entries.delete(number)
      this.#freeNumbers.push(number)
    }
    this.#sweepAt = Math.max(SWEEP_MIN, this.#entries.size * 2)
  }
}

/** Bytes that tell what has a name from what had it before; `undefined` where the name tells it all. */
function identityOf(shown: FolderEntry): Uint8Array | undefined {
  if (shown.kind === 'point') return Buffer.from(shown.point, 'latin1')
  return shown.kind === 'link' ? bytesOf(shown.target) : undefined
}

function isSame(before: FolderEntry, now: FolderEntry): boolean {
  if (before.kind === 'link' && now.kind === 'link') return before.target === now.target
  if (before.kind !== 'point' || now.kind !== 'point') return before.kind === now.kind
  return before.point === now.point && before.view === now.view && contentOf(before) === contentOf(now)
}

function contentOf({ entry }: PointEntry): string {
  switch (entry.kind) {
    case 'dir':
      return `dir ${Buffer.from(entry.trees).toString('latin1')}`
    case 'file':
      return `file ${entry.size} ${entry.content.level} ${Buffer.from(entry.content.ids).toString('latin1')}`
    case 'symlink':
      return `symlink ${entry.target}`
    case 'fifo':
    case 'socket':
    case 'char':
    case 'block':
      return entry.kind
  }
}
