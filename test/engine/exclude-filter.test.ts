import { describe, expect, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { compileExcludes, compilePatterns } from '../../src/engine/scan/exclude-filter.ts'
import { parseExcludeFile } from '../../src/engine/scan/exclude-pattern.ts'
import type { ExcludeRules } from '../../src/engine/scan/exclude-rules.ts'

const none: ExcludeRules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }
const names = (...all: string[]): ByteString[] => all.map(byteStringOf)

function excludes(patterns: readonly string[], path: string, isDirectory = false): boolean {
  return compileExcludes({ ...none, patterns }).excludes(byteStringOf(path), isDirectory)
}

describe('patterns', () => {
  test.each([
    [['*.log'], 'a/b/c.log', false, true],
    [['*.log', '!keep.log'], 'a/keep.log', false, false],
    [['!keep.log', '*.log'], 'a/keep.log', false, true],
    [['/build'], 'build', true, true],
    [['/build'], 'src/build', true, false],
    [['build/'], 'build', false, false],
    [['build/'], 'build', true, true],
    [['a/**/z'], 'a/b/c/z', false, true],
    [['a/*/z'], 'a/b/c/z', false, false],
    [['a/**'], 'a', true, false],
    [['a/**'], 'a/b', false, true],
    [['cache[0-9]'], 'cache7', false, true],
    [['[]x]y'], ']y', false, true],
    [['[[:digit:]]'], '5', false, true],
    [['\\#x'], '#x', false, true],
    [['\\!x'], '!x', false, true],
    [['README'], 'readme', false, false],
    [['é*'], 'été', false, true],
    [['?'], 'é', false, true],
    [['cache', '!cache/keep'], 'cache/keep', false, true],
    [['..foo'], '..foo', false, true],
    [['*.tmp'], ' .tmp', false, true],
  ] as const)('%j on %s (directory: %s) leaves it out: %s', (patterns, path, isDirectory, expected) => {
    expect(excludes(patterns, path, isDirectory)).toBe(expected)
  })

  test('match names that are not UTF-8 without taking one for another', () => {
    const matches = compilePatterns(['x\u00ff*', '*.bin'])
    expect(matches('x\xff' as ByteString, false)).toBe(false)
    expect(matches('x\xc3\xbf' as ByteString, false)).toBe(true)
    expect(matches('\xff\xfe.bin' as ByteString, false)).toBe(true)
    expect(matches('\xff/x\xc3\xbf' as ByteString, false)).toBe(true)
  })

  test('give the same answers after more paths than are remembered', () => {
    const matches = compilePatterns(['*7'])
    for (let i = 0; i < 40_000; i++) {
      if (matches(`d/${i}` as ByteString, false) !== (i % 10 === 7)) expect.fail(`d/${i}`)
    }
  })

  test.each(['', ' ', '/', '!', 'a\0b', 'a\\', 'a\\\\\\', '[abc', 'x[!', '[]', '[[:alpha:]', '# comment', 'a\nb'])(
    '%j is refused, and named',
    (pattern) => {
      expect(() => compileExcludes({ ...none, patterns: [pattern] })).toThrow(
        expect.objectContaining({
          code: 'BAD_PATTERN',
          message: expect.stringContaining(JSON.stringify(pattern)) as string,
        }) as Error,
      )
    },
  )

  test.each(['a\\\\', '[a\\]]', '[[]', '\\[', 'a\\ ', '[!]]'])('%j is accepted', (pattern) => {
    expect(compileExcludes({ ...none, patterns: [pattern] }).hasPatterns).toBe(true)
  })
})

describe('an exclude file', () => {
  test('has comments, blank lines, Windows line ends and a byte order mark that are no patterns', () => {
    const text = '\ufeff*.o\r\n\r\n# comment\r\n  \n!keep.o\n\\#hash\nlast'
    expect(parseExcludeFile(Buffer.from(text))).toEqual(['*.o', '!keep.o', '\\#hash', 'last'])
  })

  test('that is not UTF-8 is refused', () => {
    expect(() => parseExcludeFile(Uint8Array.of(0x61, 0xff))).toThrow(
      expect.objectContaining({ code: 'BAD_PATTERN' }) as Error,
    )
  })
})

describe('markers', () => {
  const tag = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55\n# made by a cache\n')

  test('.nobackup leaves its directory out whatever the rules', () => {
    const marker = compileExcludes(none).markerIn(names('a', '.nobackup'), () => undefined)
    expect(marker).toEqual({ reason: 'nobackup', keep: undefined })
  })

  test('a valid cache tag leaves a directory out but for the tag, when asked to', () => {
    const inside = names('CACHEDIR.TAG', 'x')
    const filter = compileExcludes({ ...none, excludeCaches: true })
    expect(filter.markerIn(inside, () => tag)).toEqual({ reason: 'cache-directory', keep: 'CACHEDIR.TAG' })
    expect(filter.markerIn(inside, () => tag.subarray(0, 42))).toBeUndefined()
    expect(filter.markerIn(inside, () => undefined)).toBeUndefined()
    expect(compileExcludes(none).markerIn(inside, () => expect.fail('read a tag in vain'))).toBeUndefined()
  })

  test('a marker file leaves its directory out but for itself', () => {
    const filter = compileExcludes({ ...none, excludeIfPresent: names('.skip', 'é') })
    expect(filter.markerIn(names('b', 'é'), () => undefined)).toEqual({
      reason: 'marker-file',
      keep: byteStringOf('é'),
    })
    expect(filter.markerIn(names('b'), () => undefined)).toBeUndefined()
  })
})

test('the digest tells rules apart, and only rules that differ', () => {
  const rules: ExcludeRules = { patterns: ['a', 'b'], excludeCaches: false, excludeIfPresent: names('x', 'y') }
  const digest = compileExcludes(rules).digest
  expect(compileExcludes({ ...rules, excludeIfPresent: names('y', 'x', 'y') }).digest).toBe(digest)
  expect(compileExcludes({ ...rules, patterns: ['b', 'a'] }).digest).not.toBe(digest)
  expect(compileExcludes({ ...rules, patterns: ['a,b'] }).digest).not.toBe(digest)
  expect(compileExcludes({ ...rules, excludeCaches: true }).digest).not.toBe(digest)
})
