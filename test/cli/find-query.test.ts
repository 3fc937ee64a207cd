import { expect, test } from 'vitest'
import { queryOf } from '../../src/cli/commands/find.ts'

/** Local time, in seconds. */
function at(
  ...[year, month, day, hour = 0, minute = 0, second = 0]: readonly [number, number, number, ...number[]]
): number {
  return new Date(year, month - 1, day, hour, minute, second).getTime() / 1000
}

test('a day is newer and older than itself, from its first to its last second', () => {
  expect(queryOf('*', { newer: '2026-11-01', older: '2026-11-01' })).toMatchObject({
    newerThan: at(2026, 11, 1),
    olderThan: at(2026, 11, 1, 23, 59, 59),
  })
})

test('so is a minute, and a moment', () => {
  expect(queryOf('*', { newer: '2026-11-01T14:05', older: '2026-11-01T14:05' })).toMatchObject({
    newerThan: at(2026, 11, 1, 14, 5),
    olderThan: at(2026, 11, 1, 14, 5, 59),
  })
  expect(queryOf('*', { newer: '2026-11-01T14:05:07Z', older: '2026-11-01T14:05:07Z' })).toMatchObject({
    newerThan: Date.UTC(2026, 10, 1, 14, 5, 7) / 1000,
    olderThan: Date.UTC(2026, 10, 1, 14, 5, 7) / 1000,
  })
})

test.each(['newer', 'older'] as const)('what names no time is refused, with --%s', (flag) => {
  expect(() => queryOf('*', { [flag]: '2026-02-30' })).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
})
