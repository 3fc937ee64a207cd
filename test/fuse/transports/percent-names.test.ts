import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import { nameOf, pathOf, textOf } from '../../../fuse/transports/native/percent-names.ts'
import type { ByteString } from '../../../src/base/byte-string.ts'
import { propertyOptions } from '../../format/strict-decoder.ts'

/** Bytes, many of them of the kinds that escapes are made of. */
const name = fc
  .array(fc.constantFrom('a', 'F', '2', '5', '%', '%FF', '%25', '%C3', '\u00c3', '\u00bc', '\u00ff'), { maxLength: 12 })
  .map((parts) => parts.join('') as ByteString)

test('every name has a text of its own, from which it comes back', () => {
  fc.assert(
    fc.property(name, (bytes) => {
      expect(nameOf(textOf(bytes))).toBe(bytes)
    }),
    propertyOptions({ runs: 3000 }),
  )
})

test('names that are text stay as they are', () => {
  expect(textOf('gr\u00c3\u00b6\u00c3\u009fe 100%' as ByteString)).toBe('größe 100%')
  expect(textOf('a%41%' as ByteString)).toBe('a%41%')
})

test('bytes that are no text are shown in hexadecimal', () => {
  expect(textOf('a\u00ff%b' as ByteString)).toBe('a%FF%25b')
  expect(pathOf('/x/a%FF%25b')).toBe('/x/a\u00ff%b')
})

test('a name that looks like an escaped one is escaped itself', () => {
  expect(textOf('a%FF' as ByteString)).toBe('a%25FF')
  expect(nameOf('a%25FF')).toBe('a%FF')
})
