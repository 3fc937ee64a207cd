import { findVolumes } from './find-volumes.ts'
import { mountedAt } from './mounted-at.ts'

/** Tells whether a volume with a label is attached, and whether it is mounted. */
export async function volumeState(label: string, diskFolder?: string): Promise<'absent' | 'attached' | 'mounted'> {
  const found = await findVolumes(label, diskFolder)
  if (found.length === 0) return 'absent'
  const places = await Promise.all(found.map(({ device }) => mountedAt(device)))
  return places.some((place) => place !== undefined) ? 'mounted' : 'attached'
}
