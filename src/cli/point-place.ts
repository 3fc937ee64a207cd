import type { ByteString } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'
import { typedPath } from '../base/typed-path.ts'

/** POINT[:/PATH] taken apart. */
export interface PointPlace {
  readonly point: string
  /** An absolute path without `.`, `..` or a slash at the end; `/` when none was given. */
  readonly path: ByteString
  /** Whether a path was given at all. */
  readonly hasPath: boolean
}

/** What names a point and cannot have a colon in it, with one behind it: only times have some of their own. */
const RELATIVE = /^(?:latest(?:~\d+)?|[0-9a-f-]{4,36}):/

/**
 * Takes POINT[:/PATH] apart at the first `:/`.
 *
 * @throws {UsageError} BAD_ARGUMENT: no point, or a path that is not absolute, or with `..` in it.
 */
export function parsePointPlace(text: string): PointPlace {
  const at = text.indexOf(':/')
  const point = at < 0 ? text : text.slice(0, at)
  if (point === '') {
    throw new UsageError('BAD_ARGUMENT', `"${text}" names no point`, {
      hint: 'Write POINT or POINT:/PATH, such as latest:/etc/hosts.',
    })
  }
  if (RELATIVE.test(point)) {
    throw new UsageError('BAD_ARGUMENT', `the path of "${text}" does not begin with a slash`, {
      hint: 'Paths in a point are absolute, as they were: latest:/etc/hosts.',
    })
  }
  if (at < 0) return { point, path: '/' as ByteString, hasPath: false }
  return { point, path: typedPath(text.slice(at + 1)), hasPath: true }
}
