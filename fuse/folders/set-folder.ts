import type { ByteString } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { PointSet, PointSource } from './mounted-points.ts'

/** How long the kernel may believe what it saw of folders that change. */
export const CHANGING_VALID_SECONDS = 1

/** A folder whose entries follow from the points that are there. */
export class SetFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #source: PointSource
  readonly #entriesOf: (set: PointSet) => readonly FolderEntry[]
  #made: { readonly set: PointSet; readonly entries: ReadonlyMap<ByteString, FolderEntry> } | undefined

  /** `entriesOf` returns each name once, in any order. */
  constructor(source: PointSource, entriesOf: (set: PointSet) => readonly FolderEntry[]) {
    this.#source = source
    this.#entriesOf = entriesOf
  }

  async modified(): Promise<Timespec> {
    return (await this.#source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    return [...(await this.#entries()).values()]
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    return (await this.#entries()).get(name)
  }

  async #entries(): Promise<ReadonlyMap<ByteString, FolderEntry>> {
    const set = await this.#source.current()
    if (this.#made?.set !== set) {
      const sorted = this.#entriesOf(set).toSorted((a, b) => (a.name < b.name ? -1 : 1))
      this.#made = { set, entries: new Map(sorted.map((entry) => [entry.name, entry])) }
    }
    return this.#made.entries
  }
}
