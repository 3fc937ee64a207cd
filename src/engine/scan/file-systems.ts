import { statfsSync } from 'node:fs'
import type { ByteString } from '../../base/byte-string.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { openDirectoryAt } from '../../base/posix/directory.ts'
import { fileSystemOf } from '../../base/posix/filesystem.ts'

/** Tells file systems from subvolumes of one: devices differ for both. */
export class FileSystems {
  readonly #ids = new Map<string, string>()

  /** Whether the directory `name` in `dirfd`, on device `device`, is of the file system of `dirfd`. */
  isSame(dirfd: number, dirDevice: string, name: ByteString, device: string): boolean {
    const outer = this.#remember(dirDevice, () => fileSystemOf(dirfd).id)
    const inner = this.#remember(device, () => withDirectory(dirfd, name, (fd) => fileSystemOf(fd).id) ?? device)
    return outer === inner
  }

  /** Bytes in use on the file system that is mounted at `name`, or `undefined` where nobody knows. */
  bytesUsed(dirfd: number, name: ByteString): number | undefined {
    return withDirectory(dirfd, name, (fd) => {
      const { blocks, bfree, bsize } = statfsSync(`/proc/self/fd/${fd}`)
      return (blocks - bfree) * bsize
    })
  }

  #remember(device: string, find: () => string): string {
    const known = this.#ids.get(device)
    if (known !== undefined) return known
    const id = find()
    this.#ids.set(device, id)
    return id
  }
}

/** A directory that cannot be opened has no answer; whoever descends into it says why. */
function withDirectory<T>(dirfd: number, name: ByteString, use: (fd: number) => T): T | undefined {
  let fd: number
  try {
    fd = openDirectoryAt(dirfd, name)
  } catch {
    return undefined
  }
  try {
    return use(fd)
  } catch {
    return undefined
  } finally {
    closeDescriptor(fd)
  }
}
