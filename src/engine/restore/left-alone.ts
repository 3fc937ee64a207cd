import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../../base/posix/constants.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { cString } from '../../base/posix/c-string.ts'
import { libc } from '../../base/posix/libc.ts'
import { decodeStatx, type FileStatus, STATX_BYTES, STATX_MASK } from '../../base/posix/statx.ts'

function identityOf({ devMajor, devMinor, ino }: FileStatus): string {
  return `${devMajor}:${devMinor}:${ino}`
}

/** What a restore never deletes, told by what it is and not by what it is called. */
export class LeftAlone {
  readonly #identities = new Set<string>()

  constructor(paths: readonly ByteString[]) {
    const words = new Uint32Array(STATX_BYTES / 4)
    const bytes = new Uint8Array(words.buffer)
    for (const path of paths) {
      // What is not there cannot be deleted.
      if (libc().statx(AT_FDCWD, cString(path), AT_SYMLINK_NOFOLLOW, STATX_MASK, bytes) !== 0) continue
      this.#identities.add(identityOf(decodeStatx(words)))
    }
  }

  has(status: FileStatus): boolean {
    return this.#identities.size > 0 && this.#identities.has(identityOf(status))
  }
}
