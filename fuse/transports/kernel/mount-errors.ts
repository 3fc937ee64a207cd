import { byteStringOf, display } from '../../../src/base/byte-string.ts'
import { MountError, errnoOf } from '../../../src/base/errors.ts'
import type { MountPoint } from '../../../src/base/posix/mount-points.ts'
import { MOUNT_HELPER } from './mount-helper.ts'

/** Returns the error of a mount that this machine or its configuration does not allow. */
function unavailable(what: string, hint: string, cause?: unknown): MountError {
  return new MountError('MOUNT_UNAVAILABLE', what, { hint, cause })
}

export function noDevice(cause: unknown): MountError {
  const what = 'nothing can be mounted: this machine has no /dev/fuse'
  return unavailable(
    what,
    'Load the kernel module with `modprobe fuse`; a container is started with `--device /dev/fuse --cap-add SYS_ADMIN`.',
    cause,
  )
}

export function noHelper(): MountError {
  return unavailable(
    `nothing can be mounted: there is no ${MOUNT_HELPER}, which mounts for ordinary users`,
    'Install the package fuse3, or mount as root.',
  )
}

/** Returns why /dev/fuse could not be opened, or mount(2) refused it, as root. */
export function refusedToRoot(mountPoint: string, error: unknown): MountError {
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ENXIO':
    case 'ENODEV':
      return noDevice(error)
    case 'EPERM':
    case 'EACCES':
      return unavailable(
        `${mountPoint} cannot be mounted: this process may not use /dev/fuse, or may not mount`,
        'A container is started with `--device /dev/fuse --cap-add SYS_ADMIN` (with AppArmor also `--security-opt apparmor=unconfined`).',
        error,
      )
    default:
      return unavailable(`${mountPoint} cannot be mounted`, 'Check that it is a directory.', error)
  }
}

/** What the helper says, and what it means. Its messages have been the same since fuse 2.9. */
const helperMessages: readonly (readonly [RegExp, (mountPoint: string) => MountError])[] = [
  [/fuse device not found|No such device/, () => noDevice(undefined)],
  [
    /user_allow_other/,
    () =>
      unavailable(
        'other users cannot be allowed in: the machine does not let ordinary users do that',
        'Add a line `user_allow_other` to /etc/fuse.conf, mount as root, or leave out --allow-other.',
      ),
  ],
  [
    /could not determine username/,
    (mountPoint) =>
      unavailable(
        `${mountPoint} cannot be mounted: the machine knows no name of this user`,
        'Mount as a user of /etc/passwd, or add this one.',
      ),
  ],
  [
    /no write access to mountpoint|not owned by|sticky/i,
    (mountPoint) =>
      unavailable(`${mountPoint} cannot be mounted over: it is not yours`, 'Choose an empty directory that you own.'),
  ],
  [
    /too many FUSE filesystems/,
    () => unavailable('there are too many FUSE mounts', 'End some of them, or raise mount_max in /etc/fuse.conf.'),
  ],
  [
    /failed to open .*Permission denied|is not readable and writable/,
    () =>
      unavailable(
        'nothing can be mounted: /dev/fuse is closed to you',
        'Let yourself open it: `chmod 0666 /dev/fuse`, or join the group it belongs to.',
      ),
  ],
  [
    /Operation not permitted|must be setuid|setuid root/i,
    () =>
      unavailable(
        `nothing can be mounted: ${MOUNT_HELPER} may not mount`,
        `It has to belong to root and be set-user-id (\`chmod u+s\`); inside of a container it also takes \`--cap-add SYS_ADMIN\`.`,
      ),
  ],
]

/** Returns what `message` of the helper, or of libfuse, means, where that is known. */
export function knownRefusal(mountPoint: string, message: string): MountError | undefined {
  return helperMessages.find(([pattern]) => pattern.test(message))?.[1](mountPoint)
}

/** Returns the error of a mount that the helper refused, saying `message`. */
export function refusedByHelper(mountPoint: string, message: string): MountError {
  const what = `${mountPoint} cannot be mounted: ${message}`
  return knownRefusal(mountPoint, message) ?? unavailable(what, 'Check that it is an empty directory that you own.')
}

/** Returns the error of a mount that is to be ended and is not there; `mounts` are those of this program. */
export function notMounted(mountPoint: string, mounts: readonly MountPoint[]): MountError {
  const paths = new Set(mounts.map(({ path }) => path))
  const isCovered = paths.has(byteStringOf(mountPoint))
  const what = isCovered ? `something else was mounted over ${mountPoint}` : `no repository is mounted at ${mountPoint}`
  const others = [...paths].map(display).join(', ')
  const hint = isCovered
    ? 'Unmount that first.'
    : others === ''
      ? 'None is mounted anywhere.'
      : `Mounted are: ${others}.`
  return new MountError('NOT_MOUNTED', what, { hint })
}
