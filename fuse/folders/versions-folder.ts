import { type ByteString, joinPath } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import { entryOf, folderOf } from './entries.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { PointSet } from './mounted-points.ts'
import { CHANGING_VALID_SECONDS } from './set-folder.ts'
import type { ChainPath, ShownName, VersionHistories } from './version-histories.ts'

/**
 * Returns everything that the points of a chain ever held, as folders: a file is a folder of its distinct contents.
 *
 * Nothing is made before somebody looks.
 */
export function versionsFolder(histories: VersionHistories, chain: string): Folder {
  return new PathFolder(histories, { chain, path: '/' as ByteString })
}

/** A path that was a folder in some point: the names that it ever held. */
class PathFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #histories: VersionHistories
  readonly #place: ChainPath

  constructor(histories: VersionHistories, place: ChainPath) {
    this.#histories = histories
    this.#place = place
  }

  async modified(): Promise<Timespec> {
    return (await this.#histories.source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    const set = await this.#histories.source.current()
    const { shown } = await this.#histories.namesIn(this.#place)
    return Array.from(shown, ([name, what]) => this.#show(name, what, set)).sort(byName)
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    const set = await this.#histories.source.current()
    const what = (await this.#histories.namesIn(this.#place)).shown.get(name)
    return what === undefined ? undefined : this.#show(name, what, set)
  }

  #show(name: ByteString, { kind, held }: ShownName, set: PointSet): FolderEntry {
    const { chain, path } = this.#place
    const folder =
      kind === 'folder'
        ? new PathFolder(this.#histories, { chain, path: joinPath(path, held) })
        : new FileFolder(this.#histories, this.#place, held)
    return folderOf(name, folder, set)
  }
}

/** A path that was a file, or anything else but a folder: its distinct contents. */
class FileFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #histories: VersionHistories
  readonly #directory: ChainPath
  readonly #name: ByteString

  constructor(histories: VersionHistories, directory: ChainPath, name: ByteString) {
    this.#histories = histories
    this.#directory = directory
    this.#name = name
  }

  async modified(): Promise<Timespec> {
    return (await this.#histories.source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    const { files } = await this.#histories.of(this.#directory, this.#name)
    return files.map(({ point, entry }) => entryOf(point, point.folderName, entry)).sort(byName)
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    return (await this.list()).find((entry) => entry.name === name)
  }
}

function byName(a: FolderEntry, b: FolderEntry): number {
  return a.name < b.name ? -1 : 1
}
