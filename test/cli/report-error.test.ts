import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import { Output, type OutputStream } from '../../src/cli/output.ts'
import { reportError } from '../../src/cli/report-error.ts'

function report(error: unknown): { readonly exitCode: number; readonly event: unknown } {
  let said = ''
  const stdout: OutputStream = { write: (text) => ((said += String(text)), true), on: () => undefined }
  const stderr: OutputStream = { write: () => true, on: () => undefined }
  const output = new Output({ stdout, stderr, json: true, quiet: false, verbose: false, progress: false })
  return { exitCode: reportError(output, error), event: JSON.parse(said) }
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
