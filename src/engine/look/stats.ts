import type { ObjectKind } from '../../storage/driver.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { findOwners } from './ownership.ts'

/** What only one point holds, and so about what forgetting it would free. */
export interface PointStats {
  readonly point: PointInfo
  /** Blobs that no other point needs. */
  readonly blobs: number
  /** Their plaintext. */
  readonly bytes: number
  /** Their share of the frames that they lie in. */
  readonly bytesStored: number
}

export interface RepositoryStats {
  /** Sum of the sizes of all files of all points. */
  readonly bytesRaw: number
  /** Plaintext of all blobs that a point needs, each once. */
  readonly bytesUnique: number
  /** Their share of the frames that they lie in. */
  readonly bytesNeeded: number
  readonly blobs: number
  /** Everything in the store, by kind of object. */
  readonly stored: ReadonlyMap<ObjectKind, { readonly objects: number; readonly bytes: number }>
  /** In the order of the repository's points. */
  readonly points: readonly PointStats[]
}

const KINDS: readonly ObjectKind[] = ['packs', 'index', 'points']

/** Measures a repository, all its realms together. @throws as `findOwners` */
export async function repositoryStats(
  repository: Repository,
  options: { readonly signal: AbortSignal; readonly progress?: (done: number, total: number) => void },
): Promise<RepositoryStats> {
  const { signal } = options
  const { points } = await repository.chain({ signal })
  const sums: PointStats[] = []
  const total = { bytesUnique: 0, bytesNeeded: 0, blobs: 0 }
  for (const [realm, ofRealm] of Map.groupBy(points, (point) => point.realm)) {
    const inRealm = repository.inRealm(realm)
    const [index, blobs] = await Promise.all([inRealm.index(), inRealm.blobs()])
    const before = sums.length
    const progress = (done: number): void => options.progress?.(before + done, points.length)
    const owners = await findOwners({ index, blobs, points: ofRealm, signal, progress })
    sums.push(...sumOwners(index, owners, { points: ofRealm, total }))
  }
  const order = new Map(points.map((point, at) => [point, at]))
  sums.sort((a, b) => (order.get(a.point) ?? 0) - (order.get(b.point) ?? 0))
  const bytesRaw = points.reduce((sum, { record }) => sum + record.bytes, 0)
  return { bytesRaw, ...total, stored: await measureStore(repository, signal), points: sums }
}

function sumOwners(
  index: RepositoryIndex,
  owners: Int32Array,
  to: { points: readonly PointInfo[]; total: { bytesUnique: number; bytesNeeded: number; blobs: number } },
): PointStats[] {
  const sums = to.points.map((point) => ({ point, blobs: 0, bytes: 0, bytesStored: 0 }))
  const { frames } = index.blobs
  for (let entry = 0; entry < owners.length; entry++) {
    const owner = owners[entry] ?? 0
    const location = owner === 0 ? undefined : index.blobs.location(entry)
    if (location === undefined) continue
    const { storedBytes, rawBytes } = frames.get(location.frame)
    const bytesStored = (location.length / rawBytes) * storedBytes
    to.total.blobs++
    to.total.bytesUnique += location.length
    to.total.bytesNeeded += bytesStored
    const sum = sums[owner - 1]
    if (sum === undefined) continue
    sum.blobs++
    sum.bytes += location.length
    sum.bytesStored += bytesStored
  }
  to.total.bytesNeeded = Math.round(to.total.bytesNeeded)
  return sums.map((sum) => ({ ...sum, bytesStored: Math.round(sum.bytesStored) }))
}

async function measureStore(repository: Repository, signal: AbortSignal): Promise<RepositoryStats['stored']> {
  const stored = new Map<ObjectKind, { objects: number; bytes: number }>()
  for (const kind of KINDS) {
    const sum = { objects: 0, bytes: 0 }
    for await (const { bytes } of repository.driver.list(kind, signal)) {
      sum.objects++
      sum.bytes += bytes
    }
    stored.set(kind, sum)
  }
  return stored
}
