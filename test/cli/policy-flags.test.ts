import { expect, test } from 'vitest'
import { parseCalendarDuration } from '../../src/base/parse-quantity.ts'
import { policyOf } from '../../src/cli/policy-flags.ts'

test.each([
  ['30d', { years: 0, months: 0, days: 30, hours: 0 }],
  ['1y6m', { years: 1, months: 6, days: 0, hours: 0 }],
  ['36h', { years: 0, months: 0, days: 0, hours: 36 }],
  ['2y5m7d3h', { years: 2, months: 5, days: 7, hours: 3 }],
])('%s is a duration', (text, duration) => {
  expect(parseCalendarDuration(text, '--keep-within')).toEqual(duration)
})

test.each(['', '30', 'd', '6m1y', '1w', '-3d', '1.5d', '30 d', '99999999h'])('"%s" is none', (text) => {
  expect(() => parseCalendarDuration(text, '--keep-within')).toThrow(
    expect.objectContaining({ code: 'BAD_ARGUMENT', hint: expect.stringContaining('months') as string }),
  )
})

test('options make a policy of the rules that are given', () => {
  expect(policyOf({})).toBeUndefined()
  expect(policyOf({ keepLast: '3', keepYearly: 'unlimited', keepTag: ['a', 'b'] })).toEqual({
    last: 3,
    yearly: Infinity,
    tags: ['a', 'b'],
  })
  expect(policyOf({ keepDaily: '0' })).toEqual({ daily: 0 })
  for (const bad of ['-1', 'all', '1.5', '']) {
    expect(() => policyOf({ keepLast: bad })).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
  }
})
