import { TidemarkError } from '../base/errors.ts'
import type { BlobId, InstanceId, RealmId } from '../base/ids.ts'
import type { PointBlobs } from '../engine/point-view-layout.ts'
import { decodePointDetail } from '../format/point-detail-codec.ts'
import type { PointDetail } from '../format/records.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import type { PointChain } from '../repository/point-chain.ts'
import { type DetailedPoint, makerName } from './point-format.ts'

/** Returns points with their sealed details, in the same order. */
export async function readDetails(repository: Repository, points: readonly PointInfo[]): Promise<DetailedPoint[]> {
  const blobs = new Map<RealmId, PointBlobs>()
  const detailed: DetailedPoint[] = []
  for (const info of points) {
    const ofRealm = blobs.get(info.realm) ?? (await repository.inRealm(info.realm).blobs())
    blobs.set(info.realm, ofRealm)
    detailed.push({ info, detail: await readDetail(ofRealm, info) })
  }
  return detailed
}

/** Returns how the instances that made points are called; of those whose points were copied here, one of these tells. */
export async function makerNames(repository: Repository, chain: PointChain): Promise<ReadonlyMap<InstanceId, string>> {
  const ofEach = new Map(chain.points.map((point) => [point.record.instance, point]))
  const strangers = [...ofEach.values()].filter(({ record }) => !chain.instances.has(record.instance))
  const names = new Map([...chain.instances].map(([id, { name }]) => [id, name]))
  for (const point of await readDetails(repository, strangers)) {
    names.set(point.info.record.instance, makerName(chain, point))
  }
  return names
}

/** Returns a point's sealed detail; `undefined` where it is damaged, or the key reads no content. */
export async function readDetail(
  blobs: Pick<PointBlobs, 'readAll'>,
  { record }: PointInfo,
): Promise<PointDetail | undefined> {
  try {
    const [plain] = await blobs.readAll([record.detail as BlobId], 'detail')
    return plain === undefined ? undefined : decodePointDetail(plain)
  } catch (error) {
    if (error instanceof TidemarkError) return undefined
    throw error
  }
}
