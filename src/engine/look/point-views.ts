import type { RealmId } from '../../base/ids.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { DirectoryReader } from '../point-view-directory.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'

/** Opens views of many points of a repository, of all its realms; directories that they share are decoded once. */
export class PointViews {
  readonly #repository: Repository
  readonly #readers = new Map<RealmId, Promise<DirectoryReader>>()

  constructor(repository: Repository) {
    this.#repository = repository
  }

  async open({ realm, record }: PointInfo): Promise<OpenPointView> {
    const blobs = await this.#repository.inRealm(realm).blobs()
    let reader = this.#readers.get(realm)
    if (reader === undefined) this.#readers.set(realm, (reader = Promise.resolve(new DirectoryReader(blobs))))
    return openPointView(blobs, record.parts, await reader)
  }
}
