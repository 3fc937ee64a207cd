import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { BLOCK_BYTES, blockMemory } from '../../src/base/posix/direct-io.ts'
import { StoredFile } from '../../src/storage/stored-file.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const FILE_BYTES = 10 * BLOCK_BYTES + 123
const content = seededRandomness('stored file').bytes(FILE_BYTES)

function file(): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  return path
}

const RANGES: readonly (readonly [number, number])[] = [
  [0, BLOCK_BYTES],
  [0, 11 * BLOCK_BYTES],
  [3 * BLOCK_BYTES, 2 * BLOCK_BYTES],
  [10 * BLOCK_BYTES, BLOCK_BYTES],
  [10 * BLOCK_BYTES, 5 * BLOCK_BYTES],
  [11 * BLOCK_BYTES, BLOCK_BYTES],
  [17, 1000],
  [BLOCK_BYTES, 7],
  [FILE_BYTES - 1, 2],
]

test.each(RANGES)('from %i on, %i bytes are read, or what there is of them', (position, length) => {
  using stored = new StoredFile(file())
  const expected = content.subarray(position, position + length)
  for (const shift of [0, 1]) {
    const out = blockMemory(length + shift).subarray(shift, shift + length)
    expect(stored.read(out, position)).toBe(expected.byteLength)
    expect(Buffer.from(expected).equals(out.subarray(0, expected.byteLength))).toBe(true)
  }
})

test('a file that is cut off while it is open ends where it does', () => {
  const path = file()
  using stored = new StoredFile(path)
  truncateSync(path, 2 * BLOCK_BYTES + 1)
  const out = blockMemory(4 * BLOCK_BYTES)
  expect(stored.read(out, 0)).toBe(2 * BLOCK_BYTES + 1)
  expect(stored.read(out, 4 * BLOCK_BYTES)).toBe(0)
})

test('what is missing or a link is refused with the error of the system', () => {
  const path = file()
  const link = `${path}-link`
  symlinkSync(path, link)
  expect(() => new StoredFile(link)).toThrow(expect.objectContaining({ code: 'ELOOP' }))
  expect(() => new StoredFile(`${path}-missing`)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})

test('a named pipe in its place does not hold up whoever reads', () => {
  const path = join(temporaryFolder(), 'pipe')
  execFileSync('mkfifo', [path])
  expect(() => {
    using stored = new StoredFile(path)
    stored.read(blockMemory(BLOCK_BYTES), 0)
  }).toThrow(expect.objectContaining({ code: 'ESPIPE' }))
})
