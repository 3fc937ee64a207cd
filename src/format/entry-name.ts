import type { ByteString } from '../base/byte-string.ts'
import { NAME_BYTES_MAX } from '../base/limits.ts'

/**
 * Returns what keeps `name` from being the name of a directory entry, or `undefined` for a good one.
 *
 * A name that left its directory (`..`, or one with a slash) would let a hostile point write anywhere.
 */
export function entryNameProblem(name: ByteString): string | undefined {
  if (name.length === 0) return 'an entry has an empty name'
  if (name.length > NAME_BYTES_MAX) return `an entry's name has ${name.length} bytes`
  if (name === '.' || name === '..') return `an entry is named ${name}`
  if (name.includes('/')) return "an entry's name contains a slash"
  if (name.includes('\0')) return "an entry's name contains a NUL"
  return undefined
}
