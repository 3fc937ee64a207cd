import { type ByteString, byteStringOf, display } from './byte-string.ts'
import { UsageError } from './errors.ts'

/**
 * Returns the absolute path in a point that a user typed, without `.` and without a slash at the end. What `display`
 * shows as `\xHH` may be typed like that, so that every path that was printed can be pasted.
 *
 * @throws {UsageError} BAD_ARGUMENT: it has `..` in it.
 */
export function typedPath(text: string): ByteString {
  const names = text.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) {
    throw new UsageError('BAD_ARGUMENT', `${text} goes upwards, which a path in a point cannot`, {
      hint: 'Write the path without "..".',
    })
  }
  return unescaped(`/${names.join('/')}`)
}

function unescaped(text: string): ByteString {
  const path = byteStringOf(text)
  if (!/\\x[0-9a-f]{2}/.test(text)) return path
  const meant = path.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // Only what could not be typed otherwise is meant by such an escape; a real backslash stays one.
  return display(meant as ByteString) === text ? (meant as ByteString) : path
}
