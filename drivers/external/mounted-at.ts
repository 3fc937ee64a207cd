import { stat } from 'node:fs/promises'

import { bytesOf, display } from '../../src/base/byte-string.ts'
import { mountPoints } from '../../src/base/posix/mount-points.ts'

/** Returns where a device's file system is mounted: its root, not a part of it; the newest mount, which is seen. */
export async function mountedAt(device: string): Promise<string | undefined> {
  const { rdev } = await stat(device)
  // As glibc's gnu_dev_major and gnu_dev_minor divide it, for the numbers that block devices have.
  const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)]
  const mounts = mountPoints().filter((mount) => {
    // Where a file system has no device number of its own (btrfs), its source names the device.
    const isDevice = mount.devMajor === major && mount.devMinor === minor
    return (isDevice || display(mount.source) === device) && mount.root === '/'
  })
  const path = mounts.at(-1)?.path
  return path === undefined ? undefined : bytesOf(path).toString('utf8')
}
