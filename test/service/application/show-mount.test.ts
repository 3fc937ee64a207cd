import { expect, test } from 'vitest'

import type { ByteString } from '../../../src/base/byte-string.ts'
import type { MountAnswer } from '../../../src/base/posix/mount-answers.ts'
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
  const answer = async (mountPoint: string): Promise<MountAnswer> => {
    asked.push(mountPoint)
    return 'silent'
  }
  const unknown = { repository: undefined, point: undefined, sinceMs: undefined, process: undefined }
  const { pid } = ownIdentity()
  expect(await mountsOf({ user: 7, stateDirectory, answer }, MOUNTS)).toEqual([
    { id: '/mnt/lives', directory: '/mnt/lives', ...shown, process: pid, answer: 'silent' },
    { id: '/mnt/dead', directory: '/mnt/dead', ...shown, process: pid, answer: 'dead' },
    { id: '/mnt/odd\nname', directory: '/mnt/odd\\x0aname', ...unknown, answer: 'silent' },
  ])
  // A process that is there may be stopped; one that is gone says no more.
  expect(asked).toEqual(['/mnt/lives', '/mnt/odd\nname'])
})
