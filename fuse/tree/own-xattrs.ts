import { createHash } from 'node:crypto'
import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { utf8 } from '../../src/base/bytes.ts'

/**
 * Extended attributes that the mount itself answers, and never lists: whoever copies all attributes would copy them.
 *
 * The content's is equal for equal content, within one repository.
 */
export const OWN_XATTRS_PREFIX = byteStringOf('user.tidemark.')
const POINT = byteStringOf('user.tidemark.point')
const CONTENT = byteStringOf('user.tidemark.content')

/** Of something that a point holds. */
export interface PointContent {
  /** The point's uuid. */
  readonly point: string
  /** As a row has it: ids of blobs or trees, and holes. */
  readonly payload: Uint8Array
  readonly size: number
}

/** Returns the value of one of the mount's own attributes, as text, or `undefined` where there is none of that name. */
export function ownXattr(name: ByteString, { point, payload, size }: PointContent): Uint8Array | undefined {
  if (name === POINT) return utf8(point)
  if (name !== CONTENT) return undefined
  // Ids of blobs are keyed hashes of contents: what is equal has equal ids.
  return utf8(createHash('sha256').update(`${size} `).update(payload).digest('hex'))
}
