import { type ByteString, bytesOf, display } from '../base/byte-string.ts'

/** A path as JSON shows it. */
export interface JsonPath {
  readonly path: string
  /** Base64 of the path's bytes: only where `path` is not exactly them in UTF-8. */
  readonly pathBytes?: string
}

/** Returns the fields that show a path in JSON: its text, and its bytes where the text had to be escaped. */
export function jsonPath(path: ByteString): JsonPath {
  const text = display(path)
  const bytes = bytesOf(path)
  return bytes.equals(Buffer.from(text, 'utf8')) ? { path: text } : { path: text, pathBytes: bytes.toString('base64') }
}
