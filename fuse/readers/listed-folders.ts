import { compareTimespec, type Timespec } from '../../src/base/clock.ts'
import { encodeInvalidNode } from '../protocol/notifications.ts'

/** Folders at a time that the kernel is told about; of others it finds out when it asks again. */
const FOLDERS_MAX = 1024

/**
 * Folders that change and whose listings the kernel keeps. Once one of them is found to have changed, it is made to forget
 * them all: whoever looks into another one at that moment sees the same.
 */
export class ListedFolders {
  readonly #device: { notify(message: Uint8Array): Promise<boolean> }
  /** By node, the one listed first at the beginning. */
  readonly #nodes = new Set<number>()
  #changed: Timespec | undefined

  constructor(device: { notify(message: Uint8Array): Promise<boolean> }) {
    this.#device = device
  }

  /** The kernel is given what is in the folder `node`. */
  add(node: number): void {
    this.#nodes.delete(node)
    this.#nodes.add(node)
    for (const first of this.#nodes) {
      if (this.#nodes.size <= FOLDERS_MAX) break
      this.#nodes.delete(first)
    }
  }

  /** A folder says when it changed: what was listed before a change that nobody had heard of is not true any longer. */
  hear(changed: Timespec): void {
    const before = this.#changed
    if (before !== undefined && compareTimespec(changed, before) <= 0) return
    this.#changed = changed
    if (before === undefined) return
    const nodes = [...this.#nodes]
    this.#nodes.clear()
    // A kernel that does not take it asks again when a second is over.
    for (const node of nodes) this.#device.notify(encodeInvalidNode(node)).catch(() => undefined)
  }
}
