import type { RealmId } from '../../base/ids.ts'
import type { PartRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { DirectoryReader } from '../point-view-directory.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'

/** Opens views of many points of a repository, of all its realms; directories that they share are decoded once. */
export class PointViews {
  readonly #repository: Repository
  readonly #readers = new Map<RealmId, DirectoryReader>()

  constructor(repository: Repository) {
    this.#repository = repository
  }

  async open({ realm, record }: PointInfo): Promise<OpenPointView> {
    return this.#open(realm, record.parts)
  }

  /** Opens one part alone: its root is the view's. */
  async openPart({ realm }: PointInfo, part: PartRecord): Promise<OpenPointView> {
    return this.#open(realm, [part])
  }

  async #open(realm: RealmId, parts: readonly PartRecord[]): Promise<OpenPointView> {
    const blobs = await this.#repository.inRealm(realm).blobs()
    let reader = this.#readers.get(realm)
    if (reader === undefined) this.#readers.set(realm, (reader = new DirectoryReader(blobs)))
    return openPointView(blobs, parts, reader)
  }
}
