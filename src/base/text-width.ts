/**
 * Most of what screens and tables are drawn with, as a class of a regular expression: ASCII, Latin, punctuation, arrows,
 * frames, bars, signs and Braille dots. Each takes one column, and none joins another one.
 */
export const ONE_COLUMN =
  '\\u0020-\\u007E\\u00A0-\\u00AC\\u00AE-\\u02FF\\u2010-\\u2027\\u2030-\\u205E\\u2190-\\u21FF\\u2500-\\u25FC\\u2713\\u2717\\u2800-\\u28FF'
const ONE_COLUMN_EACH = new RegExp(`^[${ONE_COLUMN}]*$`)

/** Characters that take two columns of a terminal, roughly: East Asian wide forms and pictographs. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const COMBINING = /\p{Mark}/u

/** Returns how many columns of a terminal one character (a code point) takes. */
function widthOf(character: string): number {
  if (ONE_COLUMN_EACH.test(character)) return 1
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Returns how many columns of a terminal `text` takes. */
export function textWidth(text: string): number {
  if (ONE_COLUMN_EACH.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/** Returns the end of `text` that fits `columns`, with `…` before it when something is missing. */
export function truncateStart(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  const kept: string[] = []
  let width = 1
  for (const character of Array.from(text).reverse()) {
    width += widthOf(character)
    if (width > columns) break
    kept.push(character)
  }
  return `…${kept.reverse().join('')}`
}

/** Returns the beginning of `text` that fits `columns`, with `…` behind it when something is missing. */
export function truncateEnd(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  let kept = ''
  let width = 1
  for (const character of text) {
    width += widthOf(character)
    if (width > columns) break
    kept += character
  }
  return `${kept}…`
}

/** Returns both ends of `text` that fit `columns`, with `…` between them when something is missing. */
export function truncateMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  // Each half may come out narrower by a wide character, never wider; each says with a `…` that it is cut.
  const head = truncateEnd(text, Math.ceil((columns + 1) / 2))
  return head + truncateStart(text, columns + 1 - textWidth(head)).slice(1)
}

/** Returns `text` with spaces up to `columns`, after it or, for numbers, before it. */
export function pad(text: string, columns: number, side: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, columns - textWidth(text)))
  return side === 'left' ? text + spaces : spaces + text
}
