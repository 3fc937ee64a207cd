import type { FileHandle } from 'node:fs/promises'

import { present } from '../../src/base/assert.ts'
import { BLOCK_BYTES, blockMemory, isAtBlock } from '../../src/base/posix/direct-io.ts'

/** Shorter objects are read again soon, and cost more in calls than in copies. */
const DIRECT_BYTES_MIN = 1 << 20

/** Tells whether most of an object lies so that the disk can take it from where it is. */
export function isWorthWritingDirectly([first]: readonly Uint8Array[]): boolean {
  return first !== undefined && first.byteLength >= DIRECT_BYTES_MIN && isAtBlock(first)
}

/**
 * Writes an object, whose first part starts with a block, to an empty file that is open with O_DIRECT: past the page
 * cache, where a backup would only drive out what is of use, and be copied for it.
 *
 * The blocks of the first part go from where they are. What follows is gathered into blocks, and the last one's filling
 * is cut off again.
 */
export async function writeDirectly(
  file: FileHandle,
  parts: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  const first = present(parts[0], 'the part that starts with a block')
  const whole = first.byteLength - (first.byteLength % BLOCK_BYTES)
  await writeBlocks(file, first.subarray(0, whole), 0)
  signal?.throwIfAborted()
  const rest = [first.subarray(whole), ...parts.slice(1)]
  const restBytes = rest.reduce((sum, part) => sum + part.byteLength, 0)
  const blocks = blockMemory(restBytes)
  let at = 0
  for (const part of rest) {
    blocks.set(part, at)
    at += part.byteLength
  }
  await writeBlocks(file, blocks, whole)
  await file.truncate(whole + restBytes)
  signal?.throwIfAborted()
}

async function writeBlocks(file: FileHandle, blocks: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < blocks.byteLength;) {
    const { bytesWritten } = await file.write(blocks, done, blocks.byteLength - done, position + done)
    done += bytesWritten
  }
}
