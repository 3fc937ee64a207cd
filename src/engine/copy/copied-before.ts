import type { Content, DirEntry, FileEntry, TreeEntry } from '../../format/tree.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { isUnreadable } from '../backup/tree-builder.ts'
import { splitIds } from '../point-view-layout.ts'
import { contentState } from '../point-view-state.ts'
import type { OpenPointView } from '../point-view.ts'
import type { StoreLists } from '../run/bases.ts'

interface TwinEntries {
  readonly original: TreeEntry | undefined
  readonly copy: TreeEntry | undefined
}

/** A directory of a point that was copied before, there and here. */
export interface Twin {
  readonly original: DirEntry
  readonly copy: DirEntry
}

export interface CopiedBeforeOptions {
  readonly original: OpenPointView
  readonly copy: OpenPointView
  /** The run's own index of the repository that is copied to. */
  readonly index: RepositoryIndex
  readonly lists: StoreLists
  /** It is the point itself that is copied once more: what it says holds, also of what cannot be read where it came from. */
  readonly isItself: boolean
}

/**
 * A part of a point that was copied before: what is the same there has its copy here, which is taken over as far as it can be relied
 * on. What rotted or vanished here is copied once more.
 */
export class CopiedBefore {
  readonly root: Twin
  readonly #original: OpenPointView
  readonly #copy: OpenPointView
  readonly #index: RepositoryIndex
  /** Nothing here is lost or absent: then a point that is there is whole, and so is every directory of it. */
  readonly #isWhole: boolean
  readonly #isItself: boolean

  constructor({ original, copy, index, lists, isItself }: CopiedBeforeOptions) {
    this.#original = original
    this.#copy = copy
    this.#index = index
    this.#isWhole = lists.lost.length === 0 && areAllThere(index, lists)
    this.#isItself = isItself
    this.root = { original: original.root, copy: copy.root }
  }

  /** Returns the trees of a directory that is the same there, unless all that is in it has to be looked at. */
  treesOf(directory: DirEntry, { original, copy }: Twin): Uint8Array | undefined {
    return this.#isWhole && contentState(original) === contentState(directory) ? copy.trees : undefined
  }

  /** Returns the entries of a directory, there and here; none where those here cannot be read, whose trees are then stored again. */
  async entriesOf({ original, copy }: Twin): Promise<{ olds: readonly TreeEntry[]; copies: readonly TreeEntry[] }> {
    try {
      const [olds, copies] = await Promise.all([this.#original.entries(original), this.#copy.entries(copy)])
      return { olds, copies }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      for (const id of splitIds(copy.trees)) this.#index.doubt(id)
      return { olds: [], copies: [] }
    }
  }

  /** Returns what is said here of a file that is the same there, where that can be relied on. */
  async contentOf(file: FileEntry, { original, copy }: TwinEntries): Promise<Content | undefined> {
    if (original?.kind !== 'file' || copy?.kind !== 'file') return undefined
    if (contentState(original) !== contentState(file)) return undefined
    return this.#isWhole || (await this.#isSound(copy)) ? copy.content : undefined
  }

  /** Returns what is said here of a file, if that holds even while nobody can read the file. */
  knownOf(copy: TreeEntry | undefined): Content | undefined {
    return this.#isItself && copy?.kind === 'file' ? copy.content : undefined
  }

  async #isSound(copy: FileEntry): Promise<boolean> {
    if (!splitIds(copy.content.ids).every((id) => this.#index.isSound(id))) return false
    if (copy.content.level === 0) return true
    try {
      return splitIds((await this.#copy.layout(copy)).ids).every((id) => this.#index.isSound(id))
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return false
    }
  }
}

function areAllThere({ packs }: RepositoryIndex, lists: StoreLists): boolean {
  const sizes = new Map(lists.packs)
  for (let row = 0; row < packs.size; row++) {
    const { id, bytes } = packs.row(row)
    if (sizes.get(id) !== bytes) return false
  }
  return true
}
