import { expect, test } from 'vitest'

import { type ByteString, byteStringOf, display } from '../../src/base/byte-string.ts'
import { fileNameOf, freeName, withSuffix } from '../../src/base/file-name.ts'

test('text from outside becomes a name that leads nowhere else and moves no cursor', () => {
  expect(fileNameOf('../../etc/passwd', 'x')).toBe('.._.._etc_passwd')
  expect(fileNameOf('a\0b\nc\u001b[2J', 'x')).toBe('a_b_c_[2J')
  for (const none of ['', '.', '..']) expect(fileNameOf(none, 'unnamed')).toBe('unnamed')
  expect(display(fileNameOf('Adas Läptop', 'x'))).toBe('Adas Läptop')
})

test('long names are cut between characters, with room for a suffix', () => {
  const name = fileNameOf(`a${'ü'.repeat(200)}`, 'x')
  expect(display(name)).toMatch(/^aü+$/)
  expect(name.length).toBeLessThanOrEqual(222)
  const full = byteStringOf(`${'ü'.repeat(127)}a`)
  expect(full).toHaveLength(255)
  const suffixed = withSuffix(full, '@file')
  expect(suffixed.length).toBeLessThanOrEqual(255)
  expect(display(suffixed)).toMatch(/^ü+@file$/)
  // Bytes that are no text are cut anywhere.
  expect(withSuffix('\x80'.repeat(255) as ByteString, '@file')).toBe(`${'\x80'.repeat(250)}@file`)
})

test('a name that is taken gets a number behind it', () => {
  const taken = new Set(['a', 'a~2'].map((name) => byteStringOf(name)))
  expect(freeName('b' as ByteString, taken)).toBe('b')
  expect(freeName('a' as ByteString, taken)).toBe('a~3')
})
