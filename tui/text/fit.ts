import { printable } from '../../src/base/printable.ts'
import { pad, textWidth, truncateEnd, truncateMiddle, truncateStart } from '../../src/base/text-width.ts'

export interface FitOptions {
  readonly align?: 'left' | 'right'
  /** What of a text that is too long stays: paths are told apart by their end, two of them by both. */
  readonly keep?: 'start' | 'end' | 'ends'
}

const CUT = { start: truncateEnd, end: truncateStart, ends: truncateMiddle } as const

/**
 * Returns `text` in exactly `columns` columns of a terminal: cut with `…`, or filled with spaces.
 *
 * What the port gives is fit for a terminal already; that nothing else ever gets there is decided here, where all text passes.
 */
export function fit(text: string, columns: number, { align = 'left', keep = 'start' }: FitOptions = {}): string {
  return pad(CUT[keep](printable(text), columns), Math.max(0, columns), align)
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
