import { pad, textWidth, truncateEnd, truncateStart } from '../../src/base/text-width.ts'

/** What a terminal would obey instead of showing it: controls, and what turns the direction of writing around. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Returns text that no terminal takes for an order: what it would obey is written as `\u{1b}`.
 *
 * What the port gives is fit for a terminal already; that nothing else ever gets there is decided here, where all text passes.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

export interface FitOptions {
  readonly align?: 'left' | 'right'
  /** Which end of a text that is too long stays: paths are told apart by their end. */
  readonly keep?: 'start' | 'end'
}

/** Returns `text` in exactly `columns` columns of a terminal: cut with `…`, or filled with spaces. */
export function fit(text: string, columns: number, { align = 'left', keep = 'start' }: FitOptions = {}): string {
  const safe = printable(text)
  const cut = keep === 'start' ? truncateEnd(safe, columns) : truncateStart(safe, columns)
  return pad(cut, Math.max(0, columns), align)
}

/** Returns `text` in lines of at most `columns` columns, broken at spaces where there are any. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(' ')) {
    if (line === '') line = word
    else if (textWidth(line) + 1 + textWidth(word) <= columns) line += ` ${word}`
    else {
      lines.push(line)
      line = word
    }
    while (textWidth(line) > columns) {
      const head = Array.from(truncateEnd(line, columns + 1))
        .slice(0, -1)
        .join('')
      if (head === '') break
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}
