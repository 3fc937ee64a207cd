import type { ByteString } from '../../base/byte-string.ts'
import { O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { PosixError } from '../../base/posix/posix-error.ts'
import { dataRanges } from '../../base/posix/sparse.ts'
import { openLongPath } from '../scan/open-long-path.ts'

/** Returns how many of a file's `size` bytes are not holes, as a backup would read them; all where that cannot be seen. */
export function dataBytes(path: ByteString, size: number): number {
  const fd = openLongPath(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
  if (fd < 0) return size
  try {
    return dataRanges(fd, size).reduce((sum, { length }) => sum + length, 0)
  } catch (error) {
    if (!(error instanceof PosixError)) throw error
    return size
  } finally {
    closeDescriptor(fd)
  }
}
