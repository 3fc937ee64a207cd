import { type ByteString, byteStringOf, display } from '../../base/byte-string.ts'
import { printable } from '../../base/printable.ts'
import type { Shown } from './shown.ts'

/** Nobody reads more of a name or a message, and a screen has no room for it. */
const SHOWN_LENGTH_MAX = 4096
const PRINTABLE = /^[ -~]*$/

/** Returns a file name, a path or other bytes as text that is fit for a terminal. */
export function shownBytes(bytes: ByteString): Shown {
  // Nearly all names are like that, and there may be hundreds of thousands.
  if (PRINTABLE.test(bytes)) return bounded(bytes)
  return bounded(printable(display(bytes)))
}

/** Returns text that comes from outside fit for a terminal. */
export function shownText(text: string): Shown {
  return shownBytes(byteStringOf(text.slice(0, 2 * SHOWN_LENGTH_MAX)))
}

/** Returns shown text, cut where it is longer than anybody reads. */
export function bounded(text: Shown): Shown {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX - 1)}…`
}
