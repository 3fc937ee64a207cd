import { type ByteString, bytesOf } from '../../base/byte-string.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Returns a path as the text that patterns are matched against; different paths never become the same text.
 *
 * A component that is valid UTF-8 is what it says. Of any other, each byte from 0x80 becomes a lone surrogate
 * (U+DC80..U+DCFF), which no valid component contains.
 */
export function pathText(path: ByteString): string {
  if (isAscii(path)) return path
  return path.split('/').map(componentText).join('/')
}

function componentText(component: string): string {
  if (isAscii(component)) return component
  try {
    return strictUtf8.decode(bytesOf(component as ByteString))
  } catch {
    return component.replace(/[\u0080-\u00ff]/g, (c) => String.fromCharCode(0xdc00 + c.charCodeAt(0)))
  }
}

function isAscii(text: string): boolean {
  return !/[\u0080-\u00ff]/.test(text)
}
