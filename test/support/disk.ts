import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { O_PATH } from '../../src/base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../src/base/posix/descriptors.ts'
import { readXattrs } from '../../src/base/posix/xattr.ts'

/** Returns everything below a folder as text: one line an entry, with its kind, and what it holds. */
export function diskTree(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap((name) => {
      const path = join(below, name)
      const full = join(folder, path)
      const status = lstatSync(full)
      if (status.isSymbolicLink()) return [`${path} -> ${readlinkSync(full)}`]
      if (status.isDirectory()) return [`${path}/`, ...diskTree(folder, path)]
      return [status.isFile() ? `${path}: ${readFileSync(full, 'latin1').slice(0, 40)}` : path]
    })
}

/** Returns the permission bits of an entry. */
export function modeOf(path: string): number {
  return lstatSync(path).mode & 0o7777
}

/** Returns the extended attributes of an entry of the directory `dirfd`, their values in hexadecimal. */
export function xattrsOf(dirfd: number, name: string): Record<string, string> {
  const fd = openAt(dirfd, byteStringOf(name), { flags: O_PATH })
  try {
    return Object.fromEntries(readXattrs(fd).map((each) => [each.name, Buffer.from(each.value).toString('hex')]))
  } finally {
    closeDescriptor(fd)
  }
}
