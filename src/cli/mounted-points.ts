import type { MountedPoint, PointSet } from '../../fuse/folders/mounted-points.ts'
import type { PointLook, WatchedStore } from '../../fuse/folders/point-watch.ts'
import { type ByteString, byteStringOf } from '../base/byte-string.ts'
import { present } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { freeName } from '../base/file-name.ts'
import type { ObjectId, RealmId } from '../base/ids.ts'
import { DirectoryReader } from '../engine/point-view-directory.ts'
import type { PointBlobs } from '../engine/point-view-layout.ts'
import { openPointView } from '../engine/point-view.ts'
import { instanceName, POINT_KINDS, type PointChain, type PointKind } from '../repository/point-chain.ts'
import { compareCreated, FOLDER_ID_DIGITS, type PointInfo, pointFolderName } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import { resolvePoint } from '../repository/resolve-point.ts'
import { type Listed, listInTurn } from '../storage/list-in-turn.ts'
import { jsonRecord } from './point-format.ts'
import { readDetail } from './read-details.ts'

/** Entries of directories that are kept for all points. */
const ENTRIES_KEPT_MAX = 16_384

export interface MountedPointsOptions {
  readonly repository: Repository
  readonly realm: RealmId
  /** Waited for when points were loaded. */
  readonly blobs: Promise<PointBlobs>
  readonly clock: Clock
}

/** Where the bytes of all points' files are. */
interface PointFiles {
  readonly blobs: PointBlobs
  readonly directories: DirectoryReader
}

interface LoadedPoints {
  readonly chain: PointChain
  readonly names: ReadonlyMap<PointInfo, ByteString>
  readonly files: PointFiles
}

/** The points of a repository, as a mount sees them. */
export class RepositoryPoints implements WatchedStore {
  readonly #repository: Repository
  readonly #realm: RealmId
  readonly #files: Promise<PointFiles>
  readonly #clock: Clock
  #known = new Map<ObjectId, MountedPoint>()

  /** `blobs` are those that points of `realm` hold, also points that are yet to come; only these are shown. */
  constructor({ repository, realm, blobs, clock }: MountedPointsOptions) {
    this.#repository = repository
    this.#realm = realm
    this.#files = blobs.then((blobs) => ({
      blobs,
      directories: new DirectoryReader(blobs, { entriesKeptMax: ENTRIES_KEPT_MAX }),
    }))
    // Who looks is told.
    this.#files.catch(() => undefined)
    this.#clock = clock
  }

  async look(): Promise<PointLook> {
    const listed = await listInTurn(this.#repository.driver, [POINT_KINDS])
    return { stamp: stampOf(listed), load: async () => this.#load(listed) }
  }

  async #load(listed: Listed<PointKind>): Promise<PointSet> {
    const [chain, files] = await Promise.all([this.#repository.chain({ reload: true, listed }), this.#files])
    const infos = byAge(chain.points.filter(({ realm }) => realm === this.#realm))
    const names = nameFolders(infos)
    this.#known = new Map(infos.map((info) => [info.object, this.#mounted(info, { chain, names, files })]))
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

  #mounted(info: PointInfo, { chain, names, files }: LoadedPoints): MountedPoint {
    const { record, tags } = info
    const { blobs, directories } = files
    return {
      id: record.point,
      folderName: present(names.get(info), 'the name of the point'),
      chain: record.chain,
      instance: record.instance,
      instanceName: instanceName(chain, info),
      started: record.started,
      tags,
      isUndo: record.undo !== undefined,
      view: this.#known.get(info.object)?.view ?? openPointView(blobs, record.parts, directories),
      record: async () => {
        const detail = await readDetail(blobs, info)
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

/** Returns all names of records that say which points there are, and how they, their tags and instances are called. */
function stampOf(listed: Listed<PointKind>): string {
  return POINT_KINDS.flatMap((kind) => [kind, ...listed[kind].map(({ name }) => name.id).sort()]).join()
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
