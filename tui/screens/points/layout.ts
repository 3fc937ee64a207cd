import { bodyRows, type Shared } from '../../state/shared.ts'
import { awayText } from '../../text/away.ts'

/** Rows above the table: what is shown, and the timeline. */
const HEAD_ROWS = 3
/** Rows of the details, where they stand below the table. */
export const DETAIL_ROWS = 10
/** Headings of a table. */
const HEADING_ROWS = 1

/** Returns since when points are no longer listed, `undefined` while they are, or were never. */
export function staleText(shared: Shared): string | undefined {
  return shared.points.kind === 'ready' ? awayText(shared) : undefined
}

/** Returns rows above the table. */
export function headRows(shared: Shared): number {
  return HEAD_ROWS + (staleText(shared) === undefined ? 0 : 1)
}

/** Returns how many points are seen at once. */
export function pointRowCount(shared: Shared, hasDetails: boolean): number {
  return bodyRows(shared) - headRows(shared) - HEADING_ROWS - (hasDetails ? DETAIL_ROWS : 0)
}

/** Returns how many differences are seen at once, below their title. */
export function differenceRowCount(shared: Shared): number {
  return bodyRows(shared) - 1 - HEADING_ROWS
}
