import { type FileHandle, open } from 'node:fs/promises'

import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { errnoOf } from '../../base/errors.ts'
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import type { FileEntry } from '../../format/tree.ts'

const PIECE_BYTES = 1 << 20
const NS_PER_SECOND = 1_000_000_000n

/** `changed`: it is not there as the point has it, so that nothing can be said. */
export type SourceComparison = 'same' | 'differs' | 'changed'

/**
 * Compares a restored file with the one it was made of, where that still looks as the point has it: same size, same
 * time of modification, before and after it was read.
 *
 * @throws a system error: the restored file cannot be read.
 */
export async function compareWithSource(
  entry: FileEntry,
  { restored, source }: { readonly restored: ByteString; readonly source: ByteString },
): Promise<SourceComparison> {
  await using original = await openSource(source)
  if (original === undefined || !(await looksLike(original, entry))) return 'changed'
  await using copy = await open(bytesOf(restored), O_RDONLY | O_NOFOLLOW)
  const isSame = await sameContent(original, copy)
  if (!(await looksLike(original, entry))) return 'changed'
  return isSame ? 'same' : 'differs'
}

/** What cannot be opened now is not what the point has. */
async function openSource(path: ByteString): Promise<FileHandle | undefined> {
  try {
    // A pipe that took its place must not be waited for.
    return await open(bytesOf(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

async function looksLike(file: FileHandle, { size, mtime }: FileEntry): Promise<boolean> {
  const status = await file.stat({ bigint: true })
  const mtimeNs = BigInt(mtime.seconds) * NS_PER_SECOND + BigInt(mtime.nanoseconds)
  return status.isFile() && status.size === BigInt(size) && status.mtimeNs === mtimeNs
}

async function sameContent(one: FileHandle, other: FileHandle): Promise<boolean> {
  const buffers = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)] as const
  for (let offset = 0; ;) {
    const [first, second] = [await fill(one, buffers[0], offset), await fill(other, buffers[1], offset)]
    if (!first.equals(second)) return false
    if (first.byteLength === 0) return true
    offset += first.byteLength
  }
}

/** Reads as much as the buffer holds, or to the end of the file. */
async function fill(file: FileHandle, buffer: Buffer, offset: number): Promise<Buffer> {
  let filled = 0
  while (filled < buffer.byteLength) {
    const { bytesRead } = await file.read(buffer, filled, buffer.byteLength - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
