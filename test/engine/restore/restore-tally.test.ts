import { expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { TargetError } from '../../../src/base/errors.ts'
import { RestoreTally } from '../../../src/engine/restore/restore-tally.ts'
import { aheadClock } from '../../support/test-machine.ts'

test('what fails more than once is told once, by its first reason', () => {
  const told: string[] = []
  const tally = new RestoreTally({ failure: ({ path, error }) => told.push(`${path}: ${error.message}`) }, aheadClock)
  tally.fail(byteStringOf('/a'), new TargetError('TARGET_DENIED', 'cannot be read'))
  tally.fail(byteStringOf('/b'), new TargetError('TARGET_FULL', 'no room'), 7)
  tally.fail(byteStringOf('/a'), new TargetError('TARGET_DENIED', 'cannot be written'))
  tally.fail(byteStringOf('/b'), new TargetError('TARGET_FULL', 'no room'), 7)
  expect(told).toEqual(['/a: cannot be read', '/b: no room'])
  expect(tally.summary().failures).toHaveLength(2)
  expect(tally.summary().full).toEqual({ entries: 1, bytes: 7 })
})
