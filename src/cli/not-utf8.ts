import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'

import { byteString, display } from '../base/byte-string.ts'
import { errnoOf } from '../base/errors.ts'

/** What Node puts in the place of bytes that are not UTF-8; a name may hold it, too. */
const REPLACEMENT = '\ufffd'

/**
 * Returns the first word of the command line that is not UTF-8, as it is shown; `undefined` when there is none, or where
 * nobody can tell. Node gives another text for it, which names another file.
 */
export function wordThatIsNotUtf8(words: readonly string[], read = readCommandLine): string | undefined {
  if (!words.some((word) => word.includes(REPLACEMENT))) return undefined
  const line = read()
  for (let at = 0; at < line.byteLength;) {
    const end = line.indexOf(0, at)
    const word = line.subarray(at, end < 0 ? line.byteLength : end)
    if (!isUtf8(word)) return display(byteString(word))
    at += word.byteLength + 1
  }
  return undefined
}

/** Returns the words of this process, each with a zero behind it; nothing where the system has no such file. */
function readCommandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return Buffer.alloc(0)
  }
}
