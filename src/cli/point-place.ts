import { type ByteString, byteStringOf, display } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'

/** POINT[:/PATH] taken apart. */
export interface PointPlace {
  readonly point: string
  /** An absolute path without `.`, `..` or a slash at the end; `/` when none was given. */
  readonly path: ByteString
  /** Whether a path was given at all. */
  readonly hasPath: boolean
}

/**
 * Takes POINT[:/PATH] apart at the first `:/`.
 *
 * @throws {UsageError} BAD_ARGUMENT: no point, or a path with `..` in it.
 */
export function parsePointPlace(text: string): PointPlace {
  const at = text.indexOf(':/')
  const point = at < 0 ? text : text.slice(0, at)
  if (point === '') {
    throw new UsageError('BAD_ARGUMENT', `"${text}" names no point`, {
      hint: 'Write POINT or POINT:/PATH, such as latest:/etc/hosts.',
    })
  }
  if (at < 0) return { point, path: '/' as ByteString, hasPath: false }
  return { point, path: absolutePath(text.slice(at + 1)), hasPath: true }
}

function absolutePath(text: string): ByteString {
  const names = text.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) {
    throw new UsageError('BAD_ARGUMENT', `${text} goes upwards, which a path in a point cannot`, {
      hint: 'Write the path without "..".',
    })
  }
  return typedPath(`/${names.join('/')}`)
}

/**
 * Returns the path that a user typed. What `display` shows as `\xHH` may be typed like that, so that every path that
 * was printed can be pasted.
 */
function typedPath(text: string): ByteString {
  const path = byteStringOf(text)
  if (!/\\x[0-9a-f]{2}/.test(text)) return path
  const meant = path.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // Only what could not be typed otherwise is meant by such an escape; a real backslash stays one.
  return display(meant as ByteString) === text ? (meant as ByteString) : path
}
