import type { ByteString } from '../../base/byte-string.ts'
import { O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import { libc } from '../../base/posix/libc.ts'

const TAG_BYTES_READ = 64

/** Returns the first bytes of CACHEDIR.TAG in the directory `fd`, or `undefined` when they cannot be read. */
export function readCacheTag(fd: number): Uint8Array | undefined {
  let tag: number
  try {
    tag = openAt(fd, 'CACHEDIR.TAG' as ByteString, { flags: O_RDONLY | O_NONBLOCK })
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(TAG_BYTES_READ)
  const length = libc().read(tag, bytes, TAG_BYTES_READ)
  closeDescriptor(tag)
  return length < 0 ? undefined : bytes.subarray(0, length)
}
