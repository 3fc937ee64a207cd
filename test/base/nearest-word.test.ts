import { expect, test } from 'vitest'

import { nearestWord } from '../../src/base/nearest-word.ts'

const KNOWN = ['url', 'driver', 'limit-upload', 'limit-download', 'password', 'sftp-password']

test.each([
  ['limit-uplaod', 'limit-upload'],
  ['Limit-Upload', 'limit-upload'],
  ['limitupload', 'limit-upload'],
  ['passwrd', 'password'],
  ['password-sftp', undefined],
  ['ulr', 'url'],
  ['uri', 'url'],
  ['colour', undefined],
  ['', undefined],
])('%s is near %s', (word, nearest) => {
  expect(nearestWord(word, KNOWN)).toBe(nearest)
})

test('a word without end is compared with nothing', () => {
  expect(nearestWord('x'.repeat(1_000_000), ['x'.repeat(1_000_000)])).toBeUndefined()
})
