import { expect, test } from 'vitest'

import type { ByteString } from '../../../src/base/byte-string.ts'
import { decodeMountInfo } from '../../../src/base/posix/mount-points.ts'
import { ownIdentity } from '../../../src/base/process-identity.ts'
import { mountsOf } from '../../../src/service/application/show-mount.ts'
import { noteMount } from '../../../src/service/mount-records.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const TIDEMARK = '- fuse.tidemark tidemark ro,user_id=7,group_id=7'
const MOUNTS = decodeMountInfo(
  [
    `50 1 0:50 / /mnt/lives ro ${TIDEMARK}`,
    `51 1 0:51 / /mnt/dead ro ${TIDEMARK}`,
    `52 1 0:52 / /mnt/odd\\012name ro ${TIDEMARK}`,
    '53 1 0:53 / /mnt/berta ro - fuse.tidemark tidemark ro,user_id=8,group_id=8',
    '54 1 0:54 / /mnt/ssh ro - fuse.sshfs berta: ro,user_id=7,group_id=7',
  ].join('\n') as ByteString,
)

test('of the mounts of a user is told what they noted, and which of them nobody answers any more', async () => {
  const stateDirectory = temporaryFolder()
  const shown = { repository: 'home', point: undefined, sinceMs: 5 }
  noteMount(stateDirectory, { ...shown, mountPoint: '/mnt/lives', process: ownIdentity() })
  // Its number may be that of another process by now.
  const gone = { ...ownIdentity(), started: 'another boot/1' }
  noteMount(stateDirectory, { ...shown, mountPoint: '/mnt/dead', process: gone })
  const asked: string[] = []
  const isDead = async (mountPoint: string): Promise<boolean> => {
    asked.push(mountPoint)
    return true
  }
  const unknown = { repository: undefined, point: undefined, sinceMs: undefined, process: undefined }
  const { pid } = ownIdentity()
  expect(await mountsOf({ user: 7, stateDirectory, isDead }, MOUNTS)).toEqual([
    { id: '/mnt/lives', directory: '/mnt/lives', ...shown, process: pid, isDead: false },
    { id: '/mnt/dead', directory: '/mnt/dead', ...shown, process: pid, isDead: true },
    { id: '/mnt/odd\nname', directory: '/mnt/odd\\x0aname', ...unknown, isDead: true },
  ])
  // Whether it lives is asked of the mount itself only where nothing else tells: it may not answer.
  expect(asked).toEqual(['/mnt/odd\nname'])
})
