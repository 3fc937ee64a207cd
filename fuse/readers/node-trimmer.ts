import { encodeInvalidEntry } from '../protocol/notifications.ts'
import type { DirectoryLoader } from '../tree/directory-loader.ts'
import type { NodeTable } from '../tree/node-table.ts'

/** Names that the kernel is asked to forget in a round. */
const NAMES_PER_ROUND = 64
/** It holds each back while a name is looked up beside it: threads that are needed for the answers must remain. */
const NAMES_AT_ONCE = 2
/** How long the kernel may take to say what it has forgotten. */
const FORGETTING_MS = 2

export interface NodeTrimmerOptions {
  readonly nodes: NodeTable
  readonly directories: DirectoryLoader
  readonly device: { notify(message: Uint8Array): Promise<boolean> }
}

/**
 * Makes the kernel forget nodes when it knows of too many: a walk over millions of files must not fill memory.
 *
 * What is open or somebody's working directory stays.
 */
export class NodeTrimmer {
  readonly #options: NodeTrimmerOptions
  #trimming: Promise<void> | undefined
  /** Where the last trimming ended: everything gets its turn. */
  #last = 0

  constructor(options: NodeTrimmerOptions) {
    this.#options = options
  }

  /** Has the kernel forget until enough nodes are free, or it was asked about all. */
  async trim(): Promise<void> {
    this.#trimming ??= this.#trim().finally(() => (this.#trimming = undefined))
    return this.#trimming
  }

  async #trim(): Promise<void> {
    const { nodes } = this.#options
    let left = nodes.live
    while (left > 0 && !nodes.hasRoom()) {
      const round: number[] = []
      for (; round.length < NAMES_PER_ROUND && left > 0; left--) {
        this.#last = nodes.leafAfter(this.#last) || nodes.leafAfter(0)
        if (this.#last === 0) break
        round.push(this.#last)
      }
      const next = round.values()
      await Promise.all(Array.from({ length: NAMES_AT_ONCE }, async () => this.#forgetAll(next)))
      // What it forgets comes back as requests of its own, on other threads.
      await new Promise((resolve) => setTimeout(resolve, FORGETTING_MS))
      if (round.length === 0) return
    }
  }

  /** Takes nodes from `next`, which others take them from, too. */
  async #forgetAll(next: Iterable<number>): Promise<void> {
    for (const node of next) await this.#forget(node)
  }

  async #forget(node: number): Promise<void> {
    const { nodes, directories, device } = this.#options
    const parent = nodes.parent(node)
    const name = await directories.nameOf(node)
    if (name !== undefined) await device.notify(encodeInvalidEntry(parent, name))
  }
}
