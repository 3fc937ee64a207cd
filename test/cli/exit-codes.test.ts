import { expect, test } from 'vitest'

import { type ErrorCode, KeyError, RunError, StorageError, UsageError } from '../../src/base/errors.ts'
import { exitCodeOf } from '../../src/cli/exit-codes.ts'
import { refusalOfNode } from '../../src/cli/node-version.ts'

test.each<[ErrorCode, number]>([
  ['STORE_FULL', 1],
  ['SLOT_DAMAGED', 1],
  ['COMMAND_FAILED', 1],
  ['BAD_ARGUMENT', 2],
  ['AMBIGUOUS_POINT', 2],
  ['CONFIRMATION_NEEDED', 2],
  ['SOURCE_NOT_FOUND', 2],
  ['NOT_MOUNTED', 2],
  ['NO_REPOSITORY', 10],
  ['PRUNED_UNDER_RUN', 11],
  ['WRONG_PASSWORD', 12],
  ['WRONG_KEY', 12],
  ['BAD_RECOVERY_CODE', 12],
  ['INTERRUPTED', 130],
])('%s ends with exit code %d', (code, exitCode) => {
  for (const Kind of [StorageError, KeyError, UsageError, RunError]) {
    expect(exitCodeOf(new Kind(code, 'something'))).toBe(exitCode)
  }
})

test('whatever is not expected is a failure', () => {
  expect(exitCodeOf(new Error('a defect'))).toBe(1)
  expect(exitCodeOf('a string')).toBe(1)
})

test('an old Node is refused in one sentence, a new one is not', () => {
  expect(refusalOfNode('20.20.2')).toMatch(/^tidemark needs Node 24\.7 .* Node 20\.20\.2: .*$/)
  expect(refusalOfNode('24.6.0')).toMatch(/^tidemark needs Node 24\.7 .* Node 24\.6\.0: .*$/)
  expect(refusalOfNode('24.7.0')).toBeUndefined()
  expect(refusalOfNode('24.21.0')).toBeUndefined()
  expect(refusalOfNode('25.0.0')).toBeUndefined()
  expect(refusalOfNode('100.1.0')).toBeUndefined()
})
