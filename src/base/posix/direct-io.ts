import { fileSystemType } from './filesystem.ts'
import { addressOf } from './libc.ts'

/**
 * What is transferred past the page cache starts, ends and lies in memory at multiples of this: the largest logical
 * block of common disks.
 * @see open(2), O_DIRECT
 */
export const BLOCK_BYTES = 4096

/** File systems of local disks that are known to transfer past the page cache. */
const DIRECT_FILE_SYSTEMS: readonly string[] = ['ext4', 'xfs', 'btrfs']

/** Tells whether a file system of this `f_type` (statfs(2)) takes O_DIRECT well; over a network read-ahead is better. */
export function takesDirectIo(magic: number): boolean {
  return DIRECT_FILE_SYSTEMS.includes(fileSystemType(magic))
}

/** Returns how far into `buffer` the first block starts. The same for every thread that shares it. */
export function firstBlock(buffer: ArrayBufferLike): number {
  const past = addressOf(new Uint8Array(buffer)) % BLOCK_BYTES
  return past === 0 ? 0 : BLOCK_BYTES - past
}

/** Returns fresh memory of at least `bytes`, in whole blocks. */
export function blockMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const memory = new ArrayBuffer(wholeBlocks(bytes) + BLOCK_BYTES)
  return new Uint8Array(memory, firstBlock(memory), wholeBlocks(bytes))
}

/** Returns `bytes`, rounded up to whole blocks. */
export function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}

/** Tells whether `memory` begins with a block. */
export function isAtBlock(memory: Uint8Array): boolean {
  return addressOf(memory) % BLOCK_BYTES === 0
}
