import { printable } from '../../../src/base/printable.ts'
import { imageSizeOf } from './image-size.ts'

/** What of a file is read to be shown. */
export const PREVIEW_BYTES_MAX = 64 * 1024

const HEX_BYTES = 8
/** Pairs, so that a line fits beside the tree at 80 columns. */
const HEX_COLUMNS = (HEX_BYTES / 2) * 5 - 1

/** Returns the beginning of a file as lines for people: its size for a picture, text as text, anything else in hexadecimal. */
export function previewLines(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return ['(empty)']
  const image = imageSizeOf(bytes)
  if (image !== undefined) return [`${image.format} image, ${image.width} x ${image.height}`, '', ...hexLines(bytes)]
  const text = textOfBytes(bytes)
  return text === undefined
    ? hexLines(bytes)
    : text.split(/\r?\n/).map((line) => printable(line.replaceAll('\t', '  ')))
}

/** Returns the text that bytes are in UTF-8, `undefined` when they are none. A character cut in two at the end is left out. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return ''
  if (bytes.includes(0)) return undefined
  for (let cut = 0; cut < 4 && cut < bytes.length; cut++) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - cut))
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      if (bytes.length < PREVIEW_BYTES_MAX) return undefined
    }
  }
  return undefined
}

function hexLines(bytes: Uint8Array): readonly string[] {
  const lines: string[] = []
  for (let offset = 0; offset < bytes.length; offset += HEX_BYTES) {
    const part = bytes.subarray(offset, offset + HEX_BYTES)
    const hex = Array.from(part, (byte, i) => byte.toString(16).padStart(2, '0') + (i % 2 === 1 ? ' ' : '')).join('')
    const text = Array.from(part, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${offset.toString(16).padStart(4, '0')} ${hex.trimEnd().padEnd(HEX_COLUMNS)} ${text}`)
  }
  return lines
}
