import { expect, test } from 'vitest'
import { pruneOptions } from '../../src/cli/commands/prune.ts'

test.each([
  ['0', 0],
  ['2.5%', 2.5],
  ['100', 100],
  ['unlimited', Infinity],
])('--max-unused %s is a share', (maxUnused, unusedPercentMax) => {
  expect(pruneOptions({ maxUnused })).toMatchObject({ unusedPercentMax })
})

test.each(['200', '100.1', '-1', 'all', ''])('--max-unused "%s" is none', (maxUnused) => {
  const refused = { code: 'BAD_ARGUMENT', hint: expect.stringContaining('from 0 to 100') as string }
  expect(() => pruneOptions({ maxUnused })).toThrow(expect.objectContaining(refused))
})
