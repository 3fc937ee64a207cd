import { constants } from 'node:os'
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, SEEK_DATA, SEEK_HOLE } from './constants.ts'
import { errno, lastError } from './errno.ts'
import { libc } from './libc.ts'

const { EINVAL, ENOSYS, ENOTSUP, ENXIO } = constants.errno

/** Bytes [offset, offset + length) of a file. */
export interface FileRange {
  readonly offset: number
  readonly length: number
}

/** Ranges looked for unless told otherwise: the map of a file must not outgrow memory. */
const DATA_RANGES_MAX = 65_536

/**
 * Returns the parts of the first `size` bytes of the open file `fd` that are not holes: ascending, apart, not empty.
 *
 * At most `rangesMax`: the last then holds all the rest. One range where the file system does not tell. Moves the file's position: read with `pread`.
 * @throws {PosixError} EIO, EBADF.
 */
export function dataRanges(
  fd: number,
  size: number,
  { rangesMax = DATA_RANGES_MAX }: { readonly rangesMax?: number } = {},
): FileRange[] {
  const { lseek } = libc()
  const ranges: FileRange[] = []
  let position = 0
  while (position < size) {
    const start = Number(lseek(fd, position, SEEK_DATA))
    if (start < 0) {
      const reason = errno()
      if (reason === ENXIO) break
      if (reason !== EINVAL && reason !== ENOTSUP && reason !== ENOSYS) throw lastError('lseek')
      return [{ offset: 0, length: size }]
    }
    if (start >= size) break
    if (ranges.length === rangesMax - 1) {
      ranges.push({ offset: start, length: size - start })
      break
    }
    const end = Number(lseek(fd, start, SEEK_HOLE))
    // The file may have shrunk in between: what cannot be told counts as data.
    const bound = end <= start ? size : Math.min(end, size)
    ranges.push({ offset: start, length: bound - start })
    position = bound
  }
  return ranges
}

/**
 * Makes a hole of `range`, which then reads as zeros; the file's size stays.
 *
 * Returns false where the file system cannot: nothing has changed then.
 * @throws {PosixError} EBADF, EPERM, EIO, ENOSPC.
 */
export function punchHole(fd: number, { offset, length }: FileRange): boolean {
  if (length === 0) return true
  if (libc().fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) === 0) return true
  const reason = errno()
  if (reason === ENOTSUP || reason === ENOSYS) return false
  throw lastError('fallocate')
}
