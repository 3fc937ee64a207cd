import { type ByteString, byteStringOf } from './byte-string.ts'
import { NAME_BYTES_MAX } from './limits.ts'

/** Bytes kept free at the end of a name for what tells it from another one. */
const SUFFIX_BYTES = 33
/** Bytes of a character. */
const UTF8_BYTES_MAX = 4

/**
 * Returns a file name made of `text`, which anybody may have written: slashes, NULs and controls become `_`, and what
 * cannot be a name at all becomes `otherwise`. At most 222 bytes of UTF-8, so that a suffix fits behind it.
 */
export function fileNameOf(text: string, otherwise: string): ByteString {
  const name = cut(byteStringOf(text.replace(/[/\u0000-\u001f\u007f-\u009f]/g, '_')), NAME_BYTES_MAX - SUFFIX_BYTES)
  return name === '' || name === '.' || name === '..' ? byteStringOf(otherwise) : name
}

/** Returns `name`, or where that is taken the first of `name~2`, `name~3`, … that is not. */
export function freeName(name: ByteString, taken: { has(name: ByteString): boolean }): ByteString {
  let free = name
  for (let n = 2; taken.has(free); n++) free = withSuffix(name, `~${n}`)
  return free
}

/** Returns `name` with `suffix` behind it; of a name too long for that, the beginning. */
export function withSuffix(name: ByteString, suffix: string): ByteString {
  return `${cut(name, NAME_BYTES_MAX - suffix.length)}${suffix}` as ByteString
}

/** Returns the first bytes of a name, without half a character of UTF-8 at the end. */
function cut(name: ByteString, bytesMax: number): ByteString {
  if (name.length <= bytesMax) return name
  for (let end = bytesMax; end > bytesMax - UTF8_BYTES_MAX; end--) {
    if (!isContinuation(name.charCodeAt(end))) return name.slice(0, end) as ByteString
  }
  return name.slice(0, bytesMax) as ByteString
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
