import { UsageError } from '../base/errors.ts'
import { LABEL_BYTES_MAX, TEXT_BYTES_MAX } from '../format/record-fields.ts'

/** Far below what a record holds. */
const TAGS_MAX = 1000

/**
 * Returns `tag` as it is when a point can have it.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is empty, or longer than a record holds.
 */
export function checkTag(tag: string): string {
  if (tag === '') throw new UsageError('BAD_ARGUMENT', 'a tag is empty', { hint: 'Name it, or leave it out.' })
  if (Buffer.byteLength(tag) <= LABEL_BYTES_MAX) return tag
  throw new UsageError('BAD_ARGUMENT', `a tag has more than ${LABEL_BYTES_MAX} bytes`, {
    hint: 'Shorten it: long texts belong into the description.',
  })
}

/** Returns tags without those that are named twice. @throws {UsageError} BAD_ARGUMENT: as `checkTag`, or too many. */
export function checkTags(tags: readonly string[]): string[] {
  const different = new Set(tags.map(checkTag))
  if (different.size <= TAGS_MAX) return [...different]
  throw new UsageError('BAD_ARGUMENT', `a point has at most ${TAGS_MAX} tags`)
}

/** Returns a description as it is when a point can have it. @throws {UsageError} BAD_ARGUMENT: it is too long. */
export function checkDescription(description: string): string {
  if (Buffer.byteLength(description) <= TEXT_BYTES_MAX) return description
  throw new UsageError('BAD_ARGUMENT', `a description has more than ${TEXT_BYTES_MAX} bytes`)
}
