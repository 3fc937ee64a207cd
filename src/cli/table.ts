import { printable } from '../base/printable.ts'
import { pad, textWidth } from '../base/text-width.ts'

export interface Column<Row> {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right'
  readonly value: (row: Row) => string
}

/**
 * Returns the lines of a table, headings first; columns as wide as what is in them, two spaces between. What a terminal would
 * obey in a cell, such as in a tag that somebody else gave, is shown and not obeyed.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => printable(value(row)))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => textWidth(line[index] ?? ''))))
  return cells.map((line) =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd(),
  )
}
