import { expect, test } from 'vitest'
import { coalesce, RANGE_BYTES_MAX, RANGE_GAP_BYTES_MAX } from '../../src/repository/frame-ranges.ts'

test('neighbours within the gap share a request, whatever order they are named in', () => {
  const gap = RANGE_GAP_BYTES_MAX
  const ranges = coalesce([
    { frame: 2, offset: 200 + gap, storedBytes: 50 },
    { frame: 1, offset: 100, storedBytes: 100 },
    { frame: 3, offset: 251 + 2 * gap, storedBytes: 10 },
  ])
  expect(ranges.map(({ offset, length }) => [offset, length])).toEqual([
    [100, 150 + gap],
    [251 + 2 * gap, 10],
  ])
  expect(ranges[0]!.frames.map(({ frame }) => frame)).toEqual([1, 2])
})

test('no request is longer than the bound, unless one frame alone is', () => {
  const half = RANGE_BYTES_MAX / 2
  const frames = [0, 1, 2].map((frame) => ({ frame, offset: frame * half, storedBytes: half }))
  expect(coalesce(frames).map(({ length }) => length)).toEqual([RANGE_BYTES_MAX, half])
  expect(coalesce([{ frame: 0, offset: 0, storedBytes: RANGE_BYTES_MAX + 1 }]).length).toBe(1)
  expect(coalesce([])).toEqual([])
})
