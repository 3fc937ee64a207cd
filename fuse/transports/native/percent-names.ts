import { type ByteString, byteStringOf, bytesOf } from '../../../src/base/byte-string.ts'

// Native transports name files in text. A name that is no UTF-8 is shown with its offending bytes as `%HH`, and so is
// the rare name that would be taken for such a one: two files never have the same text.

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
const ESCAPE = /%([0-9A-F]{2})/g

/** Returns the text that stands for a name, or for the target of a link. */
export function textOf(name: ByteString): string {
  const bytes = bytesOf(name)
  if (isUtf8(bytes) && !isEscaped(name)) return bytes.toString('utf8')
  // Of what may be part of a character every byte is escaped: valid or not, it comes back the same.
  return name.replace(
    /[%\u0080-\u00ff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** Returns the name that `text` stands for. */
export function nameOf(text: string): ByteString {
  const name = byteStringOf(text)
  return isEscaped(name) ? unescaped(name) : name
}

/** Returns the path that `text` stands for, name by name. */
export function pathOf(text: string): ByteString {
  return text.split('/').map(nameOf).join('/') as ByteString
}

/** Whether a name reads as one that was escaped: without its escapes it is no text, or itself reads so. */
function isEscaped(name: ByteString): boolean {
  const plain = unescaped(name)
  return plain !== name && (!isUtf8(bytesOf(plain)) || isEscaped(plain))
}

function unescaped(name: ByteString): ByteString {
  return name.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) as ByteString
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictUtf8.decode(bytes)
    return true
  } catch {
    return false
  }
}
