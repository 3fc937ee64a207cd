import { closeSync, write } from 'node:fs'
import { promisify } from 'node:util'
import { MountError, errnoOf } from '../../../src/base/errors.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { clearMountPoint } from './clear-mount-point.ts'
import { shakeHands } from './handshake.ts'
import type { KernelDevice } from './kernel-device.ts'
import { mountAt, resolveMountPoint } from './mounts.ts'
import { type MountRequest, openDevice } from './open-device.ts'
import { raiseReadAhead } from './read-ahead.ts'
import { endMount } from './unmount.ts'

const writeDevice = promisify(write)

/**
 * Mounts a file system at the absolute path `request.mountPoint` and answers INIT. A dead mount there, left behind by a
 * process that was killed, is replaced.
 *
 * Once it is there, requests come: until somebody answers, whoever looks at the mount point waits, this process included.
 * @throws {MountError} MOUNT_UNAVAILABLE: what it takes is missing or not allowed; MOUNT_BUSY: something is mounted there.
 */
export async function openKernelDevice(request: MountRequest): Promise<KernelDevice> {
  const { searchPath, allowOther } = request
  const mountPoint = await resolveMountPoint(request.mountPoint)
  await clearMountPoint(mountPoint, searchPath)
  const fd = await openDevice({ ...request, mountPoint })
  try {
    const session = await shakeHands(fd, { posixAcl: allowOther })
    const { devMajor, devMinor } = mountAt(mountPoint) ?? {}
    const deviceNumber = `${devMajor ?? 0}:${devMinor ?? 0}`
    raiseReadAhead(deviceNumber)
    return {
      fd,
      mountPoint,
      session,
      deviceNumber,
      notify: (message) => notify(fd, message),
      unmount: () => endMount({ mountPoint, searchPath, lazy: false }),
      detach: () => endMount({ mountPoint, searchPath, lazy: true }),
      close: () => closeSync(fd),
    }
  } catch (error) {
    await endMount({ mountPoint, searchPath, lazy: true })
    closeSync(fd)
    if (!(error instanceof ProtocolError)) throw error
    throw new MountError('MOUNT_UNAVAILABLE', `the kernel of this machine is too old: it speaks ${error.message}`, {
      hint: 'It takes Linux 3.15 or later, or --transport native.',
      cause: error,
    })
  }
}

async function notify(fd: number, message: Uint8Array): Promise<boolean> {
  try {
    await writeDevice(fd, message, 0, message.byteLength, null)
    return true
  } catch (error) {
    // ENOENT: it knows no such node or name; ENOTDIR: not as a directory; ENODEV: the mount has ended.
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENODEV') return false
    throw error
  }
}
