import { Box } from 'ink'
import { Fragment, type ReactNode } from 'react'

import { type ListPlace, placeAt } from '../state/list.ts'
import { printable } from '../../src/base/printable.ts'
import { textWidth } from '../../src/base/text-width.ts'
import { fit, type FitOptions, wrap } from '../text/fit.ts'
import { type Color, useTheme } from '../theme/theme.ts'
import { Line } from './line.tsx'

export interface TableColumn<Row> extends FitOptions {
  readonly title: string
  /** Columns of the terminal; `undefined`: what the others leave. One such column makes sense. */
  readonly width?: number
  readonly value: (row: Row, index: number) => string
}

export interface TableProps<Row> {
  readonly columns: readonly TableColumn<Row>[]
  /** All rows, however many: only those in the window are looked at. */
  readonly rows: readonly Row[]
  readonly place: ListPlace
  /** Of the terminal, for everything including headings. */
  readonly width: number
  readonly height: number
  readonly colorOf?: (row: Row) => Color
  /** What is shown when there are none. */
  readonly empty: string
  /** `false` where the keys go elsewhere. */
  readonly isFocused?: boolean
  /** What of the chosen row is cut is said in full below it. */
  readonly unfolds?: boolean
}

/** A window over any number of rows, with headings. The chosen row is marked by `›`, too: colours may be off. */
export function Table<Row>(props: TableProps<Row>): ReactNode {
  const { columns, rows, width, height, colorOf, empty, isFocused = true, unfolds = false } = props
  const theme = useTheme()
  const widths = widthsOf(columns, width - MARK.length)
  const chosen = unfolds && isFocused ? chosenRow(props) : undefined
  const unfolded = chosen === undefined ? [] : cutIn(columns, widths, chosen, width - MARK.length)
  const shown = Math.max(1, tableRows(height) - unfolded.length)
  const place = placeAt(props.place, props.place.selected, { count: rows.length, height: shown })
  const textOf = (cells: readonly string[]): string =>
    cells.map((cell, index) => fit(cell, widths[index] ?? 0, columns[index])).join(GAP)
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Line text={MARK + textOf(columns.map(({ title }) => title))} columns={width} color={theme.muted} isBold />
      {rows.length === 0 &&
        wrap(empty, width - MARK.length)
          .slice(0, tableRows(height))
          .map((line, row) => <Line key={row} text={MARK + line} columns={width} color={theme.muted} />)}
      {rows.slice(place.top, place.top + shown).map((row, offset) => {
        const index = place.top + offset
        const isSelected = index === place.selected
        const cells = columns.map(({ value }) => value(row, index))
        return (
          <Fragment key={index}>
            <Line
              text={(isSelected ? SELECTED : MARK) + textOf(cells)}
              columns={width}
              color={colorOf?.(row)}
              isInverse={isSelected && isFocused}
            />
            {isSelected &&
              unfolded.map((line, row) => <Line key={row} text={MARK + line} columns={width} color={theme.accent} />)}
          </Fragment>
        )
      })}
    </Box>
  )
}

/** Returns how many rows a table of `height` rows of the terminal shows below its headings. */
export function tableRows(height: number): number {
  return Math.max(1, height - 1)
}

/** Rows that the rest of a chosen row takes at most. */
const UNFOLDED_ROWS_MAX = 4

interface ChosenRow<Row> {
  readonly row: Row
  readonly index: number
}

function chosenRow<Row>({ rows, place }: TableProps<Row>): ChosenRow<Row> | undefined {
  const index = Math.min(place.selected, rows.length - 1)
  const row = rows[index]
  return row === undefined ? undefined : { row, index }
}

/** Returns what of a row does not fit its columns, in full. */
function cutIn<Row>(
  columns: readonly TableColumn<Row>[],
  widths: readonly number[],
  { row, index }: ChosenRow<Row>,
  width: number,
): readonly string[] {
  const cells = columns.map(({ value }) => value(row, index))
  const cut = cells.filter((cell, at) => textWidth(printable(cell)) > (widths[at] ?? 0))
  return cut.flatMap((cell) => wrap(cell.slice(0, width * UNFOLDED_ROWS_MAX), width)).slice(0, UNFOLDED_ROWS_MAX)
}

const MARK = '  '
const SELECTED = '› '
const GAP = '  '

function widthsOf<Row>(columns: readonly TableColumn<Row>[], width: number): readonly number[] {
  const fixed = columns.reduce((sum, column) => sum + (column.width ?? 0), 0) + GAP.length * (columns.length - 1)
  return columns.map((column) => column.width ?? Math.max(4, width - fixed))
}
