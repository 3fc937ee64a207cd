import type { ByteString } from '../../src/base/byte-string.ts'
import { findEntry } from '../../src/engine/point-view-directory.ts'
import { entryOf } from './entries.ts'
import type { Folder, FolderEntry, PointEntry } from './folder.ts'
import type { MountedPoint } from './mounted-points.ts'

/** One directory of a point as a folder: the root of a mount that shows nothing else. */
export class TreeFolder implements Folder {
  /** What is in a point never changes. */
  readonly validSeconds = Infinity
  readonly #point: MountedPoint
  readonly #directory: PointEntry['entry']

  constructor(point: MountedPoint, directory: PointEntry['entry']) {
    this.#point = point
    this.#directory = directory
  }

  async list(): Promise<readonly FolderEntry[]> {
    const entries = await this.#point.view.entries(this.#directory)
    return entries.map((entry) => entryOf(this.#point, entry.name, entry))
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    const entry = findEntry(await this.#point.view.entries(this.#directory), name)
    return entry === undefined ? undefined : entryOf(this.#point, name, entry)
  }
}
