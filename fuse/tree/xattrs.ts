import { bytesOf } from '../../src/base/byte-string.ts'
import type { TreeEntry } from '../../src/engine/point-view-frames.ts'

// Behind a row: how many there are, then for each the lengths of name and value, 32 bits each, and both.

const WORD = 4

/** Returns extended attributes as they lie behind a row. */
export function encodeXattrs(xattrs: TreeEntry['xattrs']): Uint8Array {
  const parts: Uint8Array[] = [wordsOf(xattrs.length)]
  for (const { name, value } of xattrs) parts.push(wordsOf(name.length, value.byteLength), bytesOf(name), value)
  return new Uint8Array(Buffer.concat(parts))
}

/** One attribute: places in the bytes that it was read from. */
export interface XattrPlace {
  readonly nameStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** Yields the attributes that begin at `start`. */
export function* xattrsAt(bytes: Uint8Array, start: number): Generator<XattrPlace> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = start + WORD
  for (let left = view.getUint32(start, true); left > 0; left--) {
    const nameStart = at + 2 * WORD
    const valueStart = nameStart + view.getUint32(at, true)
    const valueEnd = valueStart + view.getUint32(at + WORD, true)
    yield { nameStart, valueStart, valueEnd }
    at = valueEnd
  }
}

function wordsOf(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer)
}
