import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { MS_NODEV, MS_NOSUID, MS_RDONLY, mount } from '../../../src/base/posix/mounting.ts'
import { receiveDescriptor, socketPair } from '../../../src/base/posix/sockets.ts'
import { MAX_READ_BYTES } from '../../protocol/init.ts'
import { noDevice, noHelper, refusedByHelper, refusedToRoot } from './mount-errors.ts'
import { runHelper } from './mount-helper.ts'
import { MOUNT_TYPE } from './mounts.ts'

const DEVICE = '/dev/fuse'
const SOURCE = 'tidemark'

export interface MountRequest {
  /** An absolute path without symbolic links. */
  readonly mountPoint: string
  /** Lets other users in, each to what the stored modes, owners and access lists let him. */
  readonly allowOther: boolean
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
}

/**
 * Mounts a file system at `mountPoint` and returns the descriptor of its device, which the caller closes: read-only,
 * without devices and set-user-id programs.
 *
 * @throws {MountError} MOUNT_UNAVAILABLE: what it takes is missing or not allowed; the hint says what to do.
 */
export async function openDevice(request: MountRequest): Promise<number> {
  await access(DEVICE, constants.F_OK).catch((cause: unknown) => {
    throw noDevice(cause)
  })
  return process.geteuid?.() === 0 ? mountAsRoot(request) : mountByHelper(request)
}

function mountAsRoot({ mountPoint, allowOther }: MountRequest): number {
  let fd: number | undefined
  try {
    fd = openSync(DEVICE, 'r+')
    mount({
      source: byteStringOf(SOURCE),
      target: byteStringOf(mountPoint),
      type: byteStringOf(MOUNT_TYPE),
      flags: MS_RDONLY | MS_NOSUID | MS_NODEV,
      options: byteStringOf([`fd=${fd},rootmode=40000,user_id=0,group_id=0`, ...kernelOptions(allowOther)].join()),
    })
    return fd
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    throw refusedToRoot(mountPoint, error)
  }
}

/** `fusermount3` opens the device with root's rights, mounts, and sends the descriptor back through a socket. */
async function mountByHelper({ mountPoint, allowOther, searchPath }: MountRequest): Promise<number> {
  const options = ['ro,nosuid,nodev', `fsname=${SOURCE},subtype=tidemark`, ...kernelOptions(allowOther)].join()
  const [ours, theirs] = socketPair()
  try {
    const result = await runHelper({ words: ['-o', options, '--', mountPoint], searchPath, socket: theirs }).finally(
      () => closeDescriptor(theirs),
    )
    if (result === undefined) throw noHelper()
    if (!result.isDone) throw refusedByHelper(mountPoint, result.message)
    const fd = receiveDescriptor(ours)
    if (fd === undefined) throw refusedByHelper(mountPoint, 'fusermount3 sent no descriptor')
    return fd
  } finally {
    closeDescriptor(ours)
  }
}

/** Whoever is let in beside the owner of the mount is held to the stored permissions. */
function kernelOptions(allowOther: boolean): string[] {
  return [`max_read=${MAX_READ_BYTES}`, ...(allowOther ? ['allow_other', 'default_permissions'] : [])]
}
