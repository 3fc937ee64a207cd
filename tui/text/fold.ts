import { printable } from '../../src/base/printable.ts'
import { textWidth, truncateEnd } from '../../src/base/text-width.ts'
import type { Motion } from '../keymap/motion.ts'

/**
 * Returns `text` as it is in at most `rows` lines of `columns` columns; the last of them is longer where that is not
 * enough. No more of it is looked at than may fit: a file may be one line.
 */
export function fold(text: string, columns: number, rows: number): readonly string[] {
  const lines: string[] = []
  let rest = printable(text.slice(0, columns * rows + 1))
  while (lines.length < rows - 1 && textWidth(rest) > columns) {
    const head = truncateEnd(rest, columns + 1).slice(0, -1)
    if (head === '') break
    lines.push(head)
    rest = rest.slice(head.length)
  }
  return [...lines, rest]
}

/** Returns what of `lines` fits `rows` rows, each folded. */
export function foldAll(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const folded: string[] = []
  for (const line of lines) {
    if (folded.length >= rows) break
    folded.push(...fold(line, columns, rows - folded.length))
  }
  return folded
}

/** Returns how many of `lines`, from the first on, fit `rows` rows as a whole; 1 at least. */
export function foldedCount(lines: readonly string[], columns: number, rows: number): number {
  let used = 0
  for (const [index, line] of lines.entries()) {
    used += fold(line, columns, rows + 1).length
    if (used > rows) return Math.max(1, index)
  }
  return Math.max(1, lines.length)
}

/** What folded lines are seen in. */
export interface Room {
  readonly columns: number
  readonly height: number
}

/** Returns the first of folded lines that is seen after a key: fewer of them than there are rows may fill a room. */
export function scrollFolded(lines: readonly string[], top: number, motion: Motion, { columns, height }: Room): number {
  const upwards = motion === 'page-up' || motion === 'last'
  const seen = upwards
    ? lines.slice(0, motion === 'last' ? lines.length : top).toReversed()
    : lines.slice(top, top + height)
  const page = foldedCount(seen.slice(0, height), columns, height)
  const last = Math.max(0, lines.length - 1)
  const next = { up: top - 1, down: top + 1, 'page-up': top - page, 'page-down': top + page, first: 0 }
  return Math.max(0, Math.min(last, motion === 'last' ? lines.length - page : next[motion]))
}
