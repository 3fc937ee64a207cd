import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import { reportError } from '../../src/cli/report-error.ts'
import { keptOutput } from '../support/kept-output.ts'

function report(error: unknown): { readonly exitCode: number; readonly event: unknown } {
  const { output, stdout } = keptOutput({ json: true })
  return { exitCode: reportError(output, error), event: JSON.parse(stdout.text) }
}

test('an error says whether the same command may succeed later', () => {
  const away = new StorageError('STORE_UNAVAILABLE', 'no answer', { retry: 'transient', hint: 'wait' })
  expect(report(away)).toEqual({
    exitCode: 1,
    event: {
      type: 'error',
      code: 'STORE_UNAVAILABLE',
      message: 'no answer',
      hint: 'wait',
      exitCode: 1,
      transient: true,
    },
  })
  expect(report(new StorageError('STORE_DENIED', 'no')).event).toMatchObject({ transient: false, hint: null })
  expect(report(new TypeError('x is not a function')).event).toMatchObject({ code: 'INTERNAL', transient: false })
})
