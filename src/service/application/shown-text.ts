import { type ByteString, byteStringOf, display } from '../../base/byte-string.ts'
import type { Shown } from './shown.ts'

/** Nobody reads more of a name or a message, and a screen has no room for it. */
const SHOWN_LENGTH_MAX = 4096
const PRINTABLE = /^[ -~]*$/
/** What turns the direction of text or ends its line: shown, a name could pass for another one. */
const MISLEADING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Returns a file name, a path or other bytes as text that is fit for a terminal. */
export function shownBytes(bytes: ByteString): Shown {
  // Nearly all names are like that, and there may be hundreds of thousands.
  if (PRINTABLE.test(bytes)) return bounded(bytes)
  return bounded(display(bytes).replace(MISLEADING, escaped))
}

/** Returns text that comes from outside fit for a terminal. */
export function shownText(text: string): Shown {
  return shownBytes(byteStringOf(text.slice(0, 2 * SHOWN_LENGTH_MAX)))
}

/** Returns shown text, cut where it is longer than anybody reads. */
export function bounded(text: Shown): Shown {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX - 1)}…`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
