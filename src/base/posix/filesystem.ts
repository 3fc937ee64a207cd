import { toHex } from '../bytes.ts'
import { check } from './errno.ts'
import { libc } from './libc.ts'
import { statusOf } from './statx.ts'

/** Which file system a file is on. */
export interface FileSystem {
  /** As of `fileSystemType`. */
  readonly type: string
  /** `f_type` of statfs(2), 32 bits. */
  readonly magic: number
  /**
   * The same for all files of one file system, also for all subvolumes and snapshots of one btrfs, and different for
   * different file systems mounted at the same time. Says nothing after the next mount.
   */
  readonly id: string
}

const BTRFS_MAGIC = 0x9123683e
// struct btrfs_ioctl_fs_info_args of linux/btrfs.h: 1024 bytes, the UUID at 16.
const BTRFS_IOC_FS_INFO = 0x8400941f
const FS_INFO_BYTES = 1024
const FS_INFO_UUID_OFFSET = 16
const UUID_BYTES = 16
/** Bytes of struct statfs on 64-bit machines; its first word is `f_type`. */
const STATFS_BYTES = 120

/** @see statfs(2), linux/magic.h */
const names: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [BTRFS_MAGIC, 'btrfs'],
  [0x58465342, 'xfs'],
  [0x2fc12fc1, 'zfs'],
  [0xca451a4e, 'bcachefs'],
  [0xf2f52010, 'f2fs'],
  [0x3153464a, 'jfs'],
  [0x3434, 'nilfs2'],
  [0x52654973, 'reiserfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x65735546, 'fuse'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
  [0x5346544e, 'ntfs'],
  [0x7366746e, 'ntfs3'],
  [0x9660, 'iso9660'],
  [0x15013346, 'udf'],
  [0x73717368, 'squashfs'],
  [0xe0f5e1e2, 'erofs'],
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x1cd1, 'devpts'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0x19800202, 'mqueue'],
  [0x958458f6, 'hugetlbfs'],
  [0x42494e4d, 'binfmt_misc'],
  [0x6165676c, 'pstore'],
  [0xde5e81e4, 'efivarfs'],
  [0xcafe4a11, 'bpf'],
  [0xf97cff8c, 'selinuxfs'],
  [0x0187, 'autofs'],
])

/** Returns the common name of the file systems of this `f_type` (statfs(2)), such as `ext4`; of unknown ones `0x` and the number. */
export function fileSystemType(magic: number): string {
  return names.get(magic) ?? `0x${magic.toString(16)}`
}

/**
 * Returns the file system that the open file or directory `fd` is on.
 *
 * With a descriptor opened with O_PATH, subvolumes of one btrfs have different ids.
 * @throws {PosixError} EBADF, EIO, ENOSYS.
 */
export function fileSystemOf(fd: number): FileSystem {
  const buffer = Buffer.alloc(STATFS_BYTES)
  check(libc().fstatfs(fd, buffer), 'fstatfs')
  const magic = buffer.readUInt32LE(0)
  return { type: fileSystemType(magic), magic, id: (magic === BTRFS_MAGIC ? btrfsId(fd) : undefined) ?? deviceId(fd) }
}

/** Every subvolume has a device number and an `f_fsid` of its own, only this is the same for all. */
function btrfsId(fd: number): string | undefined {
  const info = Buffer.alloc(FS_INFO_BYTES)
  if (libc().ioctl(fd, BTRFS_IOC_FS_INFO, info) !== 0) return undefined
  return `btrfs:${toHex(info.subarray(FS_INFO_UUID_OFFSET, FS_INFO_UUID_OFFSET + UUID_BYTES))}`
}

function deviceId(fd: number): string {
  const { devMajor, devMinor } = statusOf(fd)
  return `dev:${devMajor}:${devMinor}`
}
