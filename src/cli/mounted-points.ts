import type { MountedPoint, PointSet } from '../../fuse/folders/mounted-points.ts'
import type { WatchedStore } from '../../fuse/folders/point-watch.ts'
import { type ByteString, byteStringOf } from '../base/byte-string.ts'
import { present } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { freeName } from '../base/file-name.ts'
import type { ObjectId, RealmId } from '../base/ids.ts'
import { DirectoryReader } from '../engine/point-view-directory.ts'
import type { PointBlobs } from '../engine/point-view-layout.ts'
import { openPointView } from '../engine/point-view.ts'
import type { RecordKind } from '../format/records.ts'
import { instanceName, type PointChain } from '../repository/point-chain.ts'
import { compareCreated, FOLDER_ID_DIGITS, type PointInfo, pointFolderName } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import { resolvePoint } from '../repository/resolve-point.ts'
import { jsonRecord } from './point-format.ts'
import { readDetail } from './read-details.ts'

/** The records that say which points there are, and how they, their tags and instances are called. */
const WATCHED: readonly RecordKind[] = ['points', 'tombstones', 'notes', 'instances']

/** Entries of directories that are kept for all points. */
const ENTRIES_KEPT_MAX = 16_384

export interface MountedPointsOptions {
  readonly repository: Repository
  readonly realm: RealmId
  readonly blobs: PointBlobs
  readonly clock: Clock
}

/** The points of a repository, as a mount sees them. */
export class RepositoryPoints implements WatchedStore {
  readonly #repository: Repository
  readonly #realm: RealmId
  readonly #blobs: PointBlobs
  readonly #clock: Clock
  readonly #directories: DirectoryReader
  #known = new Map<ObjectId, MountedPoint>()

  /**
   * `blobs` are those that points of `realm` hold, also points that are yet to come; only these are shown.
   * What restores overwrote is not: `latest` must not lead there, and `undo` puts it back.
   */
  constructor({ repository, realm, blobs, clock }: MountedPointsOptions) {
    this.#repository = repository
    this.#realm = realm
    this.#blobs = blobs
    this.#clock = clock
    this.#directories = new DirectoryReader(blobs, { entriesKeptMax: ENTRIES_KEPT_MAX })
  }

  async stamp(): Promise<string> {
    const { records } = this.#repository
    const lists = await Promise.all(WATCHED.map(async (kind) => [kind, ...(await records.list(kind))]))
    return lists.flat().join()
  }

  async load(): Promise<PointSet> {
    const chain = await this.#repository.chain({ reload: true })
    const infos = byAge(chain.points.filter(({ realm, record }) => realm === this.#realm && record.undo === undefined))
    const names = nameFolders(infos)
    this.#known = new Map(infos.map((info) => [info.object, this.#mounted(info, chain, names)]))
    const known = this.#known
    return {
      changed: timespecOfMs(this.#clock.nowMs()),
      points: [...known.values()],
      resolve: (point) => {
        const object = this.#resolve(chain, point)
        return object === undefined ? undefined : known.get(object)
      },
    }
  }

  #mounted(info: PointInfo, chain: PointChain, names: ReadonlyMap<PointInfo, ByteString>): MountedPoint {
    const { record, tags } = info
    return {
      id: record.point,
      folderName: present(names.get(info), 'the name of the point'),
      chain: record.chain,
      instance: record.instance,
      instanceName: instanceName(chain, info),
      started: record.started,
      tags,
      view: this.#known.get(info.object)?.view ?? openPointView(this.#blobs, record.parts, this.#directories),
      record: async () => {
        const detail = await readDetail(this.#blobs, info)
        return Buffer.from(`${JSON.stringify(jsonRecord({ info, detail }, chain), null, 2)}\n`)
      },
    }
  }

  #resolve(chain: PointChain, point: string): ObjectId | undefined {
    try {
      return resolvePoint(chain, point, { instance: this.#repository.instance.id }).object
    } catch (error) {
      // No point, or several: nothing that a folder could show.
      if (error instanceof UsageError) return undefined
      throw error
    }
  }
}

/** Sorts points by when they were made; those of one chain stay in its order, whatever the clocks said. */
function byAge(points: readonly PointInfo[]): PointInfo[] {
  const ofChains = new Map(
    Array.from(
      Map.groupBy(points, ({ record }) => record.chain),
      ([chain, all]) => [chain, all.values()],
    ),
  )
  return points.toSorted(compareCreated).map(({ record }) => {
    return present(ofChains.get(record.chain)?.next().value, 'as many points as the chain has')
  })
}

/** Names the folders of points. Ids that begin the same are written out. */
function nameFolders(points: readonly PointInfo[]): Map<PointInfo, ByteString> {
  const names = new Map<PointInfo, ByteString>()
  const taken = new Set<ByteString>()
  for (const [name, sameName] of Map.groupBy(points, ({ record }) => pointFolderName(record))) {
    for (const info of sameName) {
      const whole = `${name.slice(0, -FOLDER_ID_DIGITS)}${info.record.point}`
      // One uuid in two records is somebody's forgery, and both are shown.
      const free = freeName(byteStringOf(sameName.length > 1 ? whole : name), taken)
      taken.add(free)
      names.set(info, free)
    }
  }
  return names
}
