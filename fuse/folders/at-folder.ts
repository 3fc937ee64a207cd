import { type ByteString, bytesOf } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import { entryOf } from './entries.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { PointSource } from './mounted-points.ts'
import { CHANGING_VALID_SECONDS } from './set-folder.ts'

/** Finds points by whatever the command line calls them; lists nothing, since that has no end. */
export class AtFolder implements Folder {
  readonly validSeconds = CHANGING_VALID_SECONDS
  readonly #source: PointSource

  constructor(source: PointSource) {
    this.#source = source
  }

  async modified(): Promise<Timespec> {
    return (await this.#source.current()).changed
  }

  async list(): Promise<readonly FolderEntry[]> {
    return []
  }

  async find(name: ByteString): Promise<FolderEntry | undefined> {
    const point = (await this.#source.current()).resolve(bytesOf(name).toString('utf8'))
    return point === undefined ? undefined : entryOf(point, name)
  }
}
