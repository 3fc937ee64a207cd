import ignore from 'ignore'
import type { ByteString } from '../../base/byte-string.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import { blake3 } from '../../crypto/blake3.ts'
import { checkPattern } from './exclude-pattern.ts'
import type { ExcludeFilter, ExcludeRules } from './exclude-rules.ts'
import { pathText } from './path-text.ts'

const NOBACKUP = '.nobackup' as ByteString
const CACHE_TAG = 'CACHEDIR.TAG' as ByteString
/** What a cache directory's tag starts with. @see https://bford.info/cachedir/ */
const CACHE_SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55', 'latin1')
/** Answers that the matcher remembers before it starts anew: it keeps every path it was ever asked about. */
const ANSWERS_MAX = 16_384
/** Part of what `digest` covers; raised when the same rules come to mean something else. */
const RULES_VERSION = 1

/**
 * Compiles rules; decisions depend on nothing else.
 *
 * A directory that a pattern leaves out takes all below it with it, also what a later pattern takes back.
 * @throws {UsageError} BAD_PATTERN
 */
export function compileExcludes(rules: ExcludeRules): ExcludeFilter {
  const matches = compilePatterns(rules.patterns)
  const markers = [...new Set(rules.excludeIfPresent)].sort()
  return {
    digest: digestOf(rules, markers),
    hasPatterns: rules.patterns.length > 0,
    excludes: matches,
    markerIn(names, readTag) {
      if (names.includes(NOBACKUP)) return { reason: 'nobackup', keep: undefined }
      for (const marker of markers) if (names.includes(marker)) return { reason: 'marker-file', keep: marker }
      if (!rules.excludeCaches || !names.includes(CACHE_TAG) || !isCacheTag(readTag())) return undefined
      return { reason: 'cache-directory', keep: CACHE_TAG }
    },
  }
}

/**
 * Returns a function that tells whether gitignore patterns match the entry at `path`, a relative path, or a directory
 * that it lies in.
 *
 * Upper and lower case differ. Names are matched as the UTF-8 text they are; see `pathText` for those that are none.
 * @throws {UsageError} BAD_PATTERN
 */
export function compilePatterns(patterns: readonly string[]): (path: ByteString, isDirectory: boolean) => boolean {
  if (patterns.length === 0) return () => false
  const options = { ignorecase: false, allowRelativePaths: true }
  const compiled = ignore(options).add(patterns.map((pattern) => ({ pattern: checkPattern(pattern) })))
  let matcher = ignore(options).add(compiled)
  let answers = 0
  return (path, isDirectory) => {
    // The root itself has no name that a pattern could match.
    if (path === '') return false
    if (++answers > ANSWERS_MAX) {
      matcher = ignore(options).add(compiled)
      answers = 1
    }
    const text = pathText(path)
    return matcher.ignores(isDirectory ? `${text}/` : text)
  }
}

function isCacheTag(tag: Uint8Array | undefined): boolean {
  return tag !== undefined && CACHE_SIGNATURE.equals(tag.subarray(0, CACHE_SIGNATURE.byteLength))
}

function digestOf(rules: ExcludeRules, markers: readonly ByteString[]): string {
  return toHex(blake3(utf8(JSON.stringify([RULES_VERSION, rules.patterns, rules.excludeCaches, markers]))))
}
