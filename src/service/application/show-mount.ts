import { bytesOf, display } from '../../base/byte-string.ts'
import type { MountAnswer } from '../../base/posix/mount-answers.ts'
import { type MountPoint, mountPoints } from '../../base/posix/mount-points.ts'
import { isRunning } from '../../base/process-identity.ts'
import { readMountRecords } from '../mount-records.ts'
import type { MountData } from './shown.ts'
import { shownBytes, shownText } from './shown-text.ts'

/** What the mounts of this program are called in the list of all. */
const MOUNT_TYPE = 'fuse.tidemark'

export interface MountsWanted {
  /** Whose. */
  readonly user: number
  /** Where mounts say whose they are. */
  readonly stateDirectory: string
  /** Asks a mount whose process is not known to be gone. */
  readonly answer: (mountPoint: string) => Promise<MountAnswer>
}

/** Returns the mounts of a user's Tidemark, whoever made them, the longest there first. */
export async function mountsOf(
  { user, stateDirectory, answer }: MountsWanted,
  mounts: readonly MountPoint[] = mountPoints(),
): Promise<MountData[]> {
  const records = readMountRecords(stateDirectory)
  const own = mounts.filter((mount) => mount.type === MOUNT_TYPE && mount.user === user)
  return Promise.all(
    own.map(async ({ path }) => {
      const record = records.get(display(path))
      const process = record?.process
      const isGone = process !== undefined && !isRunning(process)
      return {
        id: path,
        directory: shownBytes(path),
        repository: record && shownText(record.repository),
        point: record?.point,
        sinceMs: record?.sinceMs,
        process: process?.pid,
        answer: isGone ? 'dead' : await answer(bytesOf(path).toString('utf8')),
      }
    }),
  )
}
