import type { BlobId } from '../base/ids.ts'
import { decodePointDetail } from '../format/point-detail-codec.ts'
import type { PointDetail } from '../format/records.ts'
import type { PointInfo } from './point-info.ts'
import type { Repository } from './repository.ts'

/**
 * Returns what a point's record keeps out of sight.
 *
 * @throws {IntegrityError} it is damaged. @throws {KeyError} KEY_NOT_FULL
 */
export async function readPointDetail(repository: Repository, { realm, record }: PointInfo): Promise<PointDetail> {
  const blobs = await repository.inRealm(realm).blobs()
  return decodePointDetail(await blobs.read(record.detail as BlobId, 'detail'))
}
