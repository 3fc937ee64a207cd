import { UsageError } from '../../base/errors.ts'

/**
 * Returns `pattern` as it is when it is a gitignore pattern that can match something.
 *
 * Git passes over a pattern that it cannot use; whoever wanted a file left out would not learn that it is not.
 * @throws {UsageError} BAD_PATTERN, naming the pattern.
 * @see gitignore(5)
 */
export function checkPattern(pattern: string): string {
  const problem = patternProblem(pattern)
  if (problem === undefined) return pattern
  throw new UsageError('BAD_PATTERN', `the pattern ${JSON.stringify(pattern)} ${problem}`, {
    context: { pattern },
    hint: 'Patterns are those of gitignore(5): quote a special character with a backslash before it.',
  })
}

/**
 * Returns the patterns of an exclude file, one a line: without comments, blank lines, line ends and a byte order mark.
 *
 * @throws {UsageError} BAD_PATTERN: it is not UTF-8 text, or a line is no pattern.
 */
export function parseExcludeFile(bytes: Uint8Array): string[] {
  let text: string
  try {
    // Takes away the byte order mark, too.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new UsageError('BAD_PATTERN', 'the exclude file is not UTF-8 text', {
      cause,
      hint: 'Save the file as UTF-8, one pattern a line.',
    })
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => !line.startsWith('#') && withoutSpacesAtEnd(line) !== '')
    .map(checkPattern)
}

function patternProblem(pattern: string): string | undefined {
  if (/[\0\r\n]/.test(pattern)) return 'contains a NUL or a line end'
  if (pattern.startsWith('#')) return 'is a comment'
  const body = withoutSpacesAtEnd(pattern.startsWith('!') ? pattern.slice(1) : pattern)
  if (body === '' || /^\/+$/.test(body)) return 'is empty'
  return escapeProblem(body)
}

/** Spaces at the end do not count, unless a backslash quotes the last of them. */
function withoutSpacesAtEnd(line: string): string {
  let end = line.length
  while (line[end - 1] === ' ') end--
  let backslashes = 0
  while (line[end - 1 - backslashes] === '\\') backslashes++
  return end < line.length && backslashes % 2 === 1 ? line.slice(0, end + 1) : line.slice(0, end)
}

function escapeProblem(body: string): string | undefined {
  for (let at = 0; at < body.length; at++) {
    if (body[at] === '\\') {
      at++
      if (at === body.length) return 'ends in a backslash that quotes nothing'
    } else if (body[at] === '[') {
      const end = bracketEnd(body, at)
      if (end === undefined) return 'has a [ without its ]'
      at = end
    }
  }
  return undefined
}

/** Returns where the bracket expression that starts at `start` has its `]`. */
function bracketEnd(body: string, start: number): number | undefined {
  let at = start + 1
  if (body[at] === '!' || body[at] === '^') at++
  // A ] at the beginning is one of the characters.
  if (body[at] === ']') at++
  for (; at < body.length; at++) {
    if (body[at] === ']') return at
    if (body[at] === '\\') at++
    else if (body[at] === '[' && body[at + 1] === ':') {
      const end = body.indexOf(':]', at + 2)
      if (end > 0) at = end + 1
    }
  }
  return undefined
}
