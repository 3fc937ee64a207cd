import type { ByteString } from '../byte-string.ts'
import { cString } from './c-string.ts'
import { check } from './errno.ts'
import { libc } from './libc.ts'

export const MS_RDONLY = 1
export const MS_NOSUID = 2
export const MS_NODEV = 4

const MNT_FORCE = 1
const MNT_DETACH = 2
const UMOUNT_NOFOLLOW = 8

/** What mount(2) takes. */
export interface MountCall {
  readonly source: ByteString
  readonly target: ByteString
  readonly type: ByteString
  /** MS_ bits. */
  readonly flags: number
  /** Options of the file system, separated by commas. */
  readonly options: ByteString
}

/** Mounts a file system. @throws {PosixError} EPERM: takes a privilege; ENODEV: unknown type; ENOENT, ENOTDIR, EINVAL. */
export function mount({ source, target, type, flags, options }: MountCall): void {
  check(libc().mount(cString(source), cString(target), cString(type), flags, cString(options)), 'mount', target)
}

export interface HowToUnmount {
  readonly lazy: boolean
  /** Has those fail who wait for an answer of the file system, at once and from then on. */
  readonly abort?: boolean | undefined
}

/**
 * Takes away what is mounted at `target`; with `lazy` also while it is in use, out of sight of all who do not use it.
 *
 * @throws {PosixError} EBUSY: it is in use; EINVAL: nothing is mounted there; EPERM: takes a privilege.
 */
export function unmount(target: ByteString, { lazy, abort = false }: HowToUnmount): void {
  const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0) | (abort ? MNT_FORCE : 0)
  check(libc().umount2(cString(target), flags), 'umount2', target)
}
