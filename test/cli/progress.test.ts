import { expect, test } from 'vitest'

import { progressLine, type ProgressState } from '../../src/cli/progress.ts'
import { textWidth } from '../../src/base/text-width.ts'

const state: ProgressState = {
  bytesDone: 50 << 20,
  bytesTotal: 100 << 20,
  filesDone: 1200,
  filesTotal: 2400,
  totalsKnown: true,
  elapsedMs: 5000,
  path: '/home/ada/photos/2026/summer/日本/IMG_0001.jpg',
}

test('a line shows share, amount, rate, what is left, files and path', () => {
  const line = progressLine(state, 160)
  for (const part of [' 50%', '50.0 MiB of 100 MiB', '10.0 MiB/s', '5.0 s left', '1,200 of 2,400 files', state.path]) {
    expect(line).toContain(part)
  }
})

test('a line says what is done with bytes that are read and still to be stored', () => {
  expect(progressLine({ ...state, verb: 'storing' }, 160)).toContain('storing 50.0 MiB of 100 MiB  10.0 MiB/s')
})

test('a line never takes more columns than there are', () => {
  for (let columns = 1; columns < 200; columns++) {
    expect(textWidth(progressLine(state, columns))).toBeLessThanOrEqual(columns)
    expect(textWidth(progressLine({ ...state, totalsKnown: false }, columns))).toBeLessThanOrEqual(columns)
  }
})

test('before the totals are known nothing is estimated', () => {
  const line = progressLine({ ...state, totalsKnown: false }, 160)
  expect(line).not.toMatch(/%|left| of /)
})

test('nothing to do is all done, and a start without a rate is no division by zero', () => {
  const nothing = { ...state, bytesDone: 0, bytesTotal: 0, elapsedMs: 0 }
  expect(progressLine(nothing, 160)).toContain('100%')
  expect(progressLine(nothing, 160)).not.toMatch(/NaN|Infinity/)
})
