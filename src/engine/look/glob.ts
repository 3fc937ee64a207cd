import { UsageError } from '../../base/errors.ts'

/**
 * Compiles a pattern as shells know them: `*` and `?` do not match `/`, `**` does, `[a-z]` and `[!a-z]` match one
 * character, a backslash takes the next character as it is. Names that begin with a dot are like all others.
 *
 * @throws {UsageError} BAD_PATTERN
 */
export function compileGlob(pattern: string, options: { readonly ignoreCase: boolean }): (text: string) => boolean {
  let source = ''
  for (let i = 0; i < pattern.length;) {
    const { regex, length } = piece(pattern, i)
    source += regex
    i += length
  }
  try {
    const compiled = new RegExp(`^(?:${source})$`, options.ignoreCase ? 'isu' : 'su')
    return (text) => compiled.test(text)
  } catch (cause) {
    throw new UsageError('BAD_PATTERN', `"${pattern}" is no pattern`, {
      cause,
      hint: 'Put a backslash before a character that is meant as it is.',
    })
  }
}

/** The regular expression of the part of a pattern that begins at `at`, and how long that is. */
function piece(pattern: string, at: number): { readonly regex: string; readonly length: number } {
  const rest = pattern.slice(at)
  if (rest.startsWith('**/')) return { regex: '(?:.*/)?', length: 3 }
  if (rest.startsWith('**')) return { regex: '.*', length: 2 }
  const [first = ''] = rest
  if (first === '*') return { regex: '[^/]*', length: 1 }
  if (first === '?') return { regex: '[^/]', length: 1 }
  const set = /^\[(!?)((?:\\.|[^\]\\])+)\]/su.exec(rest)
  if (set !== null) {
    const [whole, negation, members = ''] = set
    // Inside a set of the u flag only these mean something, and `-` between two characters, as here.
    const escaped = members.replace(/\\(.)/gsu, '$1').replace(/[\\\][^]/g, '\\$&')
    return { regex: `[${negation === '!' ? '^/' : ''}${escaped}]`, length: whole.length }
  }
  const literal = first === '\\' && rest.length > 1 ? (/^\\(.)/su.exec(rest)?.[1] ?? '') : first
  return {
    regex: literal.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&').replace('\\-', '-'),
    length: first === '\\' && rest.length > 1 ? 1 + literal.length : first.length,
  }
}
