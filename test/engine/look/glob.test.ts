import { describe, expect, test } from 'vitest'

import { compileGlob } from '../../../src/engine/look/glob.ts'

const matches = (pattern: string, text: string, ignoreCase = false): boolean =>
  compileGlob(pattern, { ignoreCase })(text)

describe('a pattern', () => {
  test.each([
    ['*.txt', 'a.txt', true],
    ['*.txt', '.txt', true],
    ['*.txt', 'dir/a.txt', false],
    ['?.txt', 'é.txt', true],
    ['?.txt', '😀.txt', true],
    ['**/a', '/x/y/a', true],
    ['/home/**/*.txt', '/home/a.txt', true],
    ['/home/**/*.txt', '/home/.x/b/a.txt', true],
    ['/home/**', '/home/a/b', true],
    ['[a-c]*', 'beta', true],
    ['[!a-c]*', 'beta', false],
    ['[!a-c]*', 'delta', true],
    ['[]', '[]', true],
    ['[', '[', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\', 'a\\', true],
    ['a.b', 'axb', false],
    ['a(b|c)+{2}^$', 'a(b|c)+{2}^$', true],
    ['x-y', 'x-y', true],
    ['[\\]]', ']', true],
    ['', '', true],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  test('looks past case where it is told to', () => {
    expect(matches('*.TXT', 'a.txt')).toBe(false)
    expect(matches('*.TXT', 'a.txt', true)).toBe(true)
    expect(matches('É*', 'été', true)).toBe(true)
  })

  test('with a set that runs backwards is refused', () => {
    expect(() => matches('[z-a]', 'x')).toThrow(expect.objectContaining({ code: 'BAD_PATTERN' }))
  })
})
