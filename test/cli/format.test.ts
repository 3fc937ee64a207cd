import { expect, test } from 'vitest'

import { formatCount, numberOf } from '../../src/base/number-of.ts'
import { formatBytes, formatDuration, formatTimestamp } from '../../src/base/format.ts'
import { parseSeconds, parseSize } from '../../src/base/parse-quantity.ts'
import { table } from '../../src/cli/table.ts'
import { textWidth, truncateStart } from '../../src/base/text-width.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [102_350, '100 KiB'],
  [1_048_575, '1.0 MiB'],
  [5 * 2 ** 40, '5.0 TiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0.0 s'],
  [412, '0.4 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [185_000, '3 min 05 s'],
  [2 * 3_600_000 + 7 * 60_000, '2 h 07 min'],
  [100 * 3_600_000, '4 d 04 h'],
])('%d ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('counts are grouped and agree with their nouns', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect(numberOf(1, 'entry', 'entries')).toBe('1 entry')
  expect(numberOf(0, 'entry', 'entries')).toBe('0 entries')
})

test('a timestamp keeps its nanoseconds, also before 1970', () => {
  expect(formatTimestamp({ seconds: 1_795_248_299, nanoseconds: 123 })).toBe('2026-11-21T08:04:59.000000123Z')
  expect(formatTimestamp({ seconds: -1, nanoseconds: 500_000_000 })).toBe('1969-12-31T23:59:59.500000000Z')
  expect(formatTimestamp({ seconds: 1e15, nanoseconds: 0 })).toBe('@1000000000000000')
})

test.each([
  ['64M', 64 << 20],
  ['64MiB', 64 << 20],
  ['1g', 1 << 30],
  ['512', 512],
])('the size %s is %d bytes', (text, bytes) => {
  expect(parseSize(text, '--x')).toBe(bytes)
})

test.each([
  ['24h', 86_400],
  ['90min', 5400],
  ['7d', 604_800],
])('the time %s is %d seconds', (text, seconds) => {
  expect(parseSeconds(text, '--x')).toBe(seconds)
})

test.each(['', 'M', '-1M', '1.5G', '64X', '1e9'])('"%s" is no size', (text) => {
  expect(() => parseSize(text, '--kdf-memory')).toThrow(/--kdf-memory/)
})

test.each(['', '24', 'h', '-1h', '3 months'])('"%s" is no time', (text) => {
  expect(() => parseSeconds(text, '--prune-grace')).toThrow(/--prune-grace/)
})

test('a path that does not fit loses its beginning, by the columns it takes', () => {
  expect(truncateStart('/home/ada/notes.txt', 40)).toBe('/home/ada/notes.txt')
  expect(truncateStart('/home/ada/notes.txt', 10)).toBe('…notes.txt')
  expect(truncateStart('/日本語', 5)).toBe('…本語')
  expect(truncateStart('abc', 0)).toBe('')
  expect(textWidth('e\u0301日')).toBe(3)
})

test('a table lines its columns up', () => {
  const rows = [
    { name: 'a', size: '1' },
    { name: '日本', size: '100' },
  ]
  expect(
    table(
      [
        { title: 'Name', value: ({ name }) => name },
        { title: 'Size', align: 'right', value: ({ size }) => size },
      ],
      rows,
    ),
  ).toEqual(['Name  Size', 'a        1', '日本   100'])
})

test('a cell of a table gives a terminal no order, and starts no line', () => {
  const tag = 'a\u001b[31mb\nc'
  expect(table([{ title: 'Tags', value: () => tag }], [{}])).toEqual(['Tags', 'a\\x1b[31mb\\x0ac'])
})
