import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FileRange, dataRanges, punchHole } from '../../../src/base/posix/sparse.ts'
import { codeOf, useScratch } from './scratch.ts'

const scratch = useScratch()
const BLOCK = 4096

function sparseFile(spots: readonly number[], size: number): number {
  const fd = openSync(join(scratch.path, 'sparse'), 'w+')
  for (const spot of spots) writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, spot)
  ftruncateSync(fd, size)
  return fd
}

test.each<[string, number[], number, FileRange[]]>([
  ['nothing', [], 0, []],
  ['a hole', [], 3 << 20, []],
  ['data', [0, BLOCK], 2 * BLOCK, [{ offset: 0, length: 2 * BLOCK }]],
  ['data that ends in the middle of a block', [0], 100, [{ offset: 0, length: 100 }]],
  [
    'data with a hole in the middle and at the end',
    [0, 64 << 20],
    80 << 20,
    [
      { offset: 0, length: BLOCK },
      { offset: 64 << 20, length: BLOCK },
    ],
  ],
  ['a spot past 4 GiB', [7 * 2 ** 30], 20 * 2 ** 30, [{ offset: 7 * 2 ** 30, length: BLOCK }]],
])('the ranges of a file of %s are found', (_, spots, size, expected) => {
  const fd = sparseFile(spots, size)
  expect(dataRanges(fd, size)).toEqual(expected)
  closeSync(fd)
})

test('a size that no longer holds bounds the ranges', () => {
  const fd = sparseFile([0, 16 * BLOCK], 32 * BLOCK)
  expect(dataRanges(fd, 16 * BLOCK)).toEqual([{ offset: 0, length: BLOCK }])
  expect(dataRanges(fd, 16 * BLOCK + 10).at(-1)).toEqual({ offset: 16 * BLOCK, length: 10 })
  expect(dataRanges(fd, 1 << 30)).toEqual(dataRanges(fd, 32 * BLOCK))
  closeSync(fd)
})

test('a file of more pieces than wanted is full from the last one on', () => {
  const fd = sparseFile([0, 2 * BLOCK, 4 * BLOCK, 6 * BLOCK], 100 * BLOCK)
  expect(dataRanges(fd, 100 * BLOCK).length).toBe(4)
  expect(dataRanges(fd, 100 * BLOCK, { rangesMax: 3 })).toEqual([
    { offset: 0, length: BLOCK },
    { offset: 2 * BLOCK, length: BLOCK },
    { offset: 4 * BLOCK, length: 96 * BLOCK },
  ])
  closeSync(fd)
})

test('a file system that does not know holes has one range', () => {
  const fd = openSync('/sys/kernel/mm/transparent_hugepage/enabled', 'r')
  expect(dataRanges(fd, 100)).toEqual([{ offset: 0, length: 100 }])
  closeSync(fd)
})

test('a punched hole reads as zeros and keeps the size', () => {
  const path = join(scratch.path, 'punched')
  writeFileSync(path, Buffer.alloc(1 << 20, 9))
  const fd = openSync(path, 'r+')
  expect(punchHole(fd, { offset: BLOCK, length: 100 * BLOCK })).toBe(true)
  expect(punchHole(fd, { offset: 0, length: 0 })).toBe(true)
  const expected = Buffer.alloc(1 << 20, 9).fill(0, BLOCK, 101 * BLOCK)
  expect(readFileSync(path).equals(expected)).toBe(true)
  expect(dataRanges(fd, 1 << 20)).toEqual([
    { offset: 0, length: BLOCK },
    { offset: 101 * BLOCK, length: (1 << 20) - 101 * BLOCK },
  ])
  closeSync(fd)
})

test('holes where none can be are told or refused', () => {
  const fd = openSync('/proc/self/comm', 'r+')
  expect(punchHole(fd, { offset: 0, length: BLOCK })).toBe(false)
  closeSync(fd)
  expect(codeOf(() => punchHole(-1, { offset: 0, length: 1 }))).toBe('EBADF')
  expect(codeOf(() => dataRanges(-1, 1))).toBe('EBADF')
})
