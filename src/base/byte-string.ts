/**
 * A byte string: arbitrary bytes held as a JavaScript string, one character (U+0000..U+00FF) a byte.
 *
 * File names are bytes, not text. As byte strings they compare in byte order with `<`, serve as map keys and cost one
 * byte a character. They are never shown as they are: `display` makes text of them.
 */
export type ByteString = string & { readonly __brand: 'ByteString' }

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

export function byteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as ByteString
}

/** Returns the UTF-8 bytes of `text` as a byte string: how a path typed by a user becomes a path on disk. */
export function byteStringOf(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString
}

/** Returns the bytes of `name`, freshly allocated. */
export function bytesOf(name: ByteString): Buffer {
  return Buffer.from(name, 'latin1')
}

/** Returns readable text: UTF-8 where the bytes are valid, otherwise each offending byte as `\xHH`; controls escaped. */
export function display(name: ByteString): string {
  const bytes = bytesOf(name)
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    text = ''
    for (const byte of bytes)
      text += byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  // A name must not move the cursor of a terminal.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Joins a directory's path and a name below it; `/` is the root. */
export function joinPath(parent: ByteString, name: ByteString): ByteString {
  return (parent === '/' ? `/${name}` : parent === '' ? name : `${parent}/${name}`) as ByteString
}
