import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { isWorthWritingDirectly } from '../../../drivers/local/direct-write.ts'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { writeTemporaryFile } from '../../../drivers/local/temporary-file.ts'
import { BLOCK_BYTES, blockMemory } from '../../../src/base/posix/direct-io.ts'
import { PackSlabs } from '../../../src/repository/pack-slabs.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'
import { freshName } from '../../support/objects.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const MEBIBYTE = 1 << 20
const random = seededRandomness('direct writes')

/** Returns `bytes` random bytes that start with a block. */
function atBlock(bytes: number): Uint8Array {
  const memory = blockMemory(bytes).subarray(0, bytes)
  memory.set(random.bytes(bytes))
  return memory
}

const LAYOUTS: readonly (readonly [string, readonly number[]])[] = [
  ['whole blocks', [MEBIBYTE]],
  ['whole blocks and a footer', [MEBIBYTE, 10_000, 8]],
  ['a torn block and a footer', [MEBIBYTE + 1, 10_000, 8]],
  ['a torn block and a footer that fill blocks', [MEBIBYTE + 100, BLOCK_BYTES - 100]],
  ['nearly two blocks more than half of it', [MEBIBYTE + 2 * BLOCK_BYTES - 1, 3 * MEBIBYTE + 5]],
]

test.each(LAYOUTS)('an object of %s is stored as it is', async (_, lengths) => {
  const root = temporaryFolder()
  const driver = await openLocalDriver({ root })
  const parts = lengths.map((length, index) => (index === 0 ? atBlock(length) : random.bytes(length)))
  expect(isWorthWritingDirectly(parts)).toBe(true)
  const name = freshName()
  await driver.put(name, parts)
  const stored = readFileSync(driver.localFile(name))
  expect(stored.byteLength).toBe(lengths.reduce((sum, length) => sum + length))
  expect(stored.equals(Buffer.concat(parts))).toBe(true)
  expect(statSync(driver.localFile(name)).mode & 0o777).toBe(0o400)
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
})

test('packs are made in memory that a disk can take them from', () => {
  const { slabs } = PackSlabs.create(() => undefined, 3)
  for (const { bytes } of slabs) expect(isWorthWritingDirectly([bytes])).toBe(true)
})

test('short objects, and such as lie anywhere, go through the page cache', () => {
  expect(isWorthWritingDirectly([])).toBe(false)
  expect(isWorthWritingDirectly([atBlock(MEBIBYTE - 1)])).toBe(false)
  expect(isWorthWritingDirectly([atBlock(MEBIBYTE + 2).subarray(1)])).toBe(false)
})

rootTest('a file system that takes no such transfers after all gets the object another way', async () => {
  const root = temporaryFolder()
  execFileSync('mount', ['-t', 'ramfs', 'tidemark-test', root])
  onTestFinished(() => void execFileSync('umount', ['--lazy', root]))
  mkdirSync(join(root, 'tmp'))
  const parts = [atBlock(MEBIBYTE + 7), random.bytes(9)]
  const { path } = await writeTemporaryFile(root, parts, { direct: true, signal: undefined })
  expect(readFileSync(path).equals(Buffer.concat(parts))).toBe(true)
  expect(readdirSync(join(root, 'tmp'))).toHaveLength(1)
})
