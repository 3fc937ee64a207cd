import { expect, test } from 'vitest'
import { inodeNumber } from '../../../fuse/tree/inode-number.ts'

function inoOf(parent: number, name: string): number {
  return inodeNumber(parent, Buffer.from(name), 0, Buffer.byteLength(name))
}

test('inode numbers are exact, stable, and follow from name and parent', () => {
  const ino = inoOf(1, 'file')
  expect(Number.isSafeInteger(ino) && ino > 1).toBe(true)
  expect(inoOf(1, 'file')).toBe(ino)
  expect(inoOf(2, 'file')).not.toBe(ino)
  expect(inoOf(2 ** 40 + 1, 'file')).not.toBe(ino)
  expect(inodeNumber(1, Buffer.from('a file'), 2, 6)).toBe(ino)
})

test('a hundred thousand similar names have a hundred thousand numbers', () => {
  const numbers = new Set<number>()
  for (let parent = 0; parent < 10; parent++) {
    for (let i = 0; i < 10_000; i++) numbers.add(inoOf(parent * 2 ** 32 + parent, `file-${i}.txt`))
  }
  expect(numbers.size).toBe(100_000)
})

test('every bit of a number varies', () => {
  const ones = new Array<number>(53).fill(0)
  for (let i = 0; i < 2000; i++) {
    const ino = BigInt(inoOf(i, 'x'))
    for (let bit = 0; bit < 53; bit++) if (((ino >> BigInt(bit)) & 1n) === 1n) ones[bit]!++
  }
  for (const count of ones) expect(Math.abs(count - 1000)).toBeLessThan(200)
})
