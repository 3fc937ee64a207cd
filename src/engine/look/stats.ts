import { BitSet } from '../../base/bit-set.ts'
import type { ObjectId } from '../../base/ids.ts'
import type { ObjectKind } from '../../storage/driver.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { neededCopies } from '../prune/needed-copies.ts'
import { addSpaces, type PackSpace, packSpace } from '../prune/pack-space.ts'
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
  /** What packs are there for. */
  readonly space: PackSpace
  /** Everything in the store, by kind of object. */
  readonly stored: ReadonlyMap<ObjectKind, { readonly objects: number; readonly bytes: number }>
  /** In the order of the repository's points. */
  readonly points: readonly PointStats[]
}

const KINDS: readonly ObjectKind[] = ['packs', 'index', 'points']
const NO_PACKS = { packs: 0, bytes: 0 }
const NO_SPACE: PackSpace = { needed: NO_PACKS, unusedBytes: 0, unneeded: NO_PACKS, freeableBytes: 0 }

/** Measures a repository, all its realms together. @throws as `findOwners` */
export async function repositoryStats(
  repository: Repository,
  options: { readonly signal: AbortSignal; readonly progress?: (done: number, total: number) => void },
): Promise<RepositoryStats> {
  const { signal } = options
  const { points } = await repository.chain({ signal })
  const sums: PointStats[] = []
  const total = { bytesUnique: 0, bytesNeeded: 0, blobs: 0 }
  const { stored, packs: present } = await measureStore(repository, signal)
  let space = NO_SPACE
  for (const realm of repository.keyRing.realms()) {
    const ofRealm = points.filter((point) => point.realm === realm)
    const inRealm = repository.inRealm(realm)
    const [index, blobs] = await Promise.all([inRealm.index(), inRealm.blobs()])
    const before = sums.length
    const progress = (done: number): void => options.progress?.(before + done, points.length)
    const owners = await findOwners({ index, blobs, points: ofRealm, signal, progress })
    sums.push(...sumOwners(index, owners, { points: ofRealm, total }))
    const copies = neededCopies(index, present, neededOf(owners))
    space = addSpaces(space, packSpace({ index, present, copies }))
  }
  const order = new Map(points.map((point, at) => [point, at]))
  sums.sort((a, b) => (order.get(a.point) ?? 0) - (order.get(b.point) ?? 0))
  const bytesRaw = points.reduce((sum, { record }) => sum + record.bytes, 0)
  return { bytesRaw, ...total, space, stored, points: sums }
}

function neededOf(owners: Int32Array): BitSet {
  const needed = new BitSet(owners.length)
  for (let entry = 0; entry < owners.length; entry++) if (owners[entry] !== 0) needed.add(entry)
  return needed
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

async function measureStore(
  repository: Repository,
  signal: AbortSignal,
): Promise<{ readonly stored: RepositoryStats['stored']; readonly packs: ReadonlyMap<ObjectId, number> }> {
  const packs = new Map<ObjectId, number>()
  const stored = new Map<ObjectKind, { objects: number; bytes: number }>()
  for (const kind of KINDS) {
    const sum = { objects: 0, bytes: 0 }
    for await (const { name, bytes } of repository.driver.list(kind, signal)) {
      if (kind === 'packs') packs.set(name.id, bytes)
      sum.objects++
      sum.bytes += bytes
    }
    stored.set(kind, sum)
  }
  return { stored, packs }
}
