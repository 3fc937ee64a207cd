import type { ByteString } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import { freeName, withSuffix } from '../../src/base/file-name.ts'
import { entryOf, folderOf } from './entries.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { PointSet, PointSource } from './mounted-points.ts'
import { type Held, historiesIn, historyOf, type PathHistory } from './path-history.ts'
import { CHANGING_VALID_SECONDS } from './set-folder.ts'

/** Stands behind the name of a file's folder where the path was a folder too. */
const FILE_SUFFIX = '@file'

/**
 * Returns everything that the points of a chain ever held, as folders: a file is a folder of its distinct contents.
 *
 * Nothing is made before somebody looks, and a folder keeps no more than the states its path had.
 */
export function versionsFolder(source: PointSource, chain: string): Folder {
  return new PathFolder(source, async ({ points }) => {
    const ofChain = points.filter((point) => point.chain === chain)
    return { directories: ofChain.map((point) => ({ point, entry: point.view.root })), files: [] }
  })
}

/** Finds out what a path was in a set of points. */
type HistoryIn = (set: PointSet) => Promise<PathHistory>

/** A path that was a folder in some point: the names that it ever held. */
class PathFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #source: PointSource
  readonly #historyIn: HistoryIn

  constructor(source: PointSource, historyIn: HistoryIn) {
    this.#source = source
    this.#historyIn = rememberLast(historyIn)
  }

  async modified(): Promise<Timespec> {
    return (await this.#source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    const set = await this.#source.current()
    const histories = await historiesIn(await this.#directoriesIn(set))
    const taken = new Set(histories.keys())
    const entries: FolderEntry[] = []
    for (const [name, { directories, files }] of histories) {
      if (directories.length > 0) entries.push(this.#folder(name, set))
      if (files.length === 0) continue
      const shownAs = directories.length > 0 ? freeName(withSuffix(name, FILE_SUFFIX), taken) : name
      taken.add(shownAs)
      entries.push(this.#versions(name, { shownAs, set }))
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    const set = await this.#source.current()
    const { directories, files } = await historyOf(name, await this.#directoriesIn(set))
    if (directories.length > 0) return this.#folder(name, set)
    if (files.length > 0) return this.#versions(name, { shownAs: name, set })
    // What the suffix was given to is known from all names only.
    if (!name.includes(FILE_SUFFIX)) return undefined
    return (await this.list()).find((entry) => entry.name === name)
  }

  async #directoriesIn(set: PointSet): Promise<readonly Held[]> {
    return (await this.#historyIn(set)).directories
  }

  #folder(name: ByteString, set: PointSet): FolderEntry {
    return folderOf(name, new PathFolder(this.#source, this.#historyOf(name)), set)
  }

  #versions(name: ByteString, { shownAs, set }: { shownAs: ByteString; set: PointSet }): FolderEntry {
    return folderOf(shownAs, new FileFolder(this.#source, this.#historyOf(name)), set)
  }

  #historyOf(name: ByteString): HistoryIn {
    return async (set) => historyOf(name, (await this.#historyIn(set)).directories)
  }
}

/** A path that was a file, or anything else but a folder: its distinct contents. */
class FileFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #source: PointSource
  readonly #historyIn: HistoryIn

  constructor(source: PointSource, historyIn: HistoryIn) {
    this.#source = source
    this.#historyIn = rememberLast(historyIn)
  }

  async modified(): Promise<Timespec> {
    return (await this.#source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    const { files } = await this.#historyIn(await this.#source.current())
    return files
      .map(({ point, entry }) => entryOf(point, point.folderName, entry))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    return (await this.list()).find((entry) => entry.name === name)
  }
}

/** Answers for the set of points that was asked about last without finding out again. */
function rememberLast(historyIn: HistoryIn): HistoryIn {
  let last: { readonly set: PointSet; readonly history: Promise<PathHistory> } | undefined
  return async (set) => {
    if (last?.set !== set) last = { set, history: historyIn(set) }
    const asked = last
    try {
      return await asked.history
    } catch (error) {
      if (last === asked) last = undefined
      throw error
    }
  }
}
