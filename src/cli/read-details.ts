import { TidemarkError } from '../base/errors.ts'
import type { BlobId } from '../base/ids.ts'
import { decodePointDetail } from '../format/point-detail-codec.ts'
import type { PointDetail } from '../format/records.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import type { DetailedPoint } from './point-format.ts'

/**
 * Returns points with their sealed details, in the same order. Where a detail is damaged, or the key reads no content,
 * it is `undefined`.
 */
export async function readDetails(repository: Repository, points: readonly PointInfo[]): Promise<DetailedPoint[]> {
  if (points.length === 0) return []
  const blobs = await repository.blobs()
  const read = async (info: PointInfo): Promise<PointDetail | undefined> => {
    try {
      return decodePointDetail(await blobs.read(info.record.detail as BlobId, 'detail'))
    } catch (error) {
      if (error instanceof TidemarkError) return undefined
      throw error
    }
  }
  const detailed: DetailedPoint[] = []
  for (const info of points) detailed.push({ info, detail: await read(info) })
  return detailed
}
