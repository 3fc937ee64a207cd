import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

import { StorageError } from '../../src/base/errors.ts'
import { INDEX_BYTES_MAX } from '../../src/base/limits.ts'
import type { ByteRange, ObjectName } from '../../src/storage/driver.ts'
import { notAFile, rangeInside } from '../../src/storage/object-errors.ts'

/** No object is larger than the largest index file; a longer read would only serve to exhaust memory. */
const READ_BYTES_MAX = INDEX_BYTES_MAX

// Without O_NONBLOCK, opening a named pipe in place of an object would wait for ever.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Returns the bytes of the regular file at `path`, or exactly `range` of them, freshly allocated.
 *
 * @throws {StorageError} NOT_FOUND: no regular file; OUT_OF_RANGE; STORE_FAILED: larger than any object.
 */
export async function readObject(
  path: string,
  wanted: {
    readonly name: ObjectName
    readonly range: ByteRange | undefined
    readonly signal: AbortSignal | undefined
  },
): Promise<Uint8Array> {
  await using file = await open(path, OPEN_FLAGS)
  const info = await file.stat()
  if (!info.isFile()) throw notAFile(wanted.name, path)
  const { offset, length } = rangeInside(wanted.name, wanted.range, info.size)
  if (length > READ_BYTES_MAX) throw unreadable(path, `has ${length} bytes, more than any object`)
  wanted.signal?.throwIfAborted()

  // Not zeroed first, since all of it is written below; an ArrayBuffer of its own, unlike Buffer.allocUnsafe's.
  const memory = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(memory, filled, length - filled, offset + filled)
    if (bytesRead === 0) throw unreadable(path, 'became shorter while it was read')
    filled += bytesRead
    wanted.signal?.throwIfAborted()
  }
  return new Uint8Array(memory.buffer, memory.byteOffset, length)
}

function unreadable(path: string, what: string): StorageError {
  return new StorageError('STORE_FAILED', `${path} ${what}`, {
    context: { path },
    hint: 'Run `tidemark check`, which names what is affected.',
  })
}
