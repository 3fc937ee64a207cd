import { display } from '../../base/byte-string.ts'
import { mountPoints } from '../../base/posix/mount-points.ts'
import { readMountRecords } from '../mount-records.ts'
import type { MountData } from './shown.ts'
import { shownBytes, shownText } from './shown-text.ts'

/** What the mounts of this program are called in the list of all. */
const MOUNT_TYPE = 'fuse.tidemark'

/** Returns the mounts of this user's Tidemark, whoever made them, the longest there first. */
export function mountsOf(user: number, stateDirectory: string): MountData[] {
  const records = readMountRecords(stateDirectory)
  return mountPoints()
    .filter((mount) => mount.type === MOUNT_TYPE && mount.user === user)
    .map(({ path }) => {
      const record = records.get(display(path))
      return {
        id: path,
        directory: shownBytes(path),
        repository: record && shownText(record.repository),
        point: record?.point,
        sinceMs: record?.sinceMs,
      }
    })
}
