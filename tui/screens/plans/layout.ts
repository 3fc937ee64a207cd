import { bodyRows, type Shared } from '../../state/shared.ts'

/** What is planned, below the table. */
export const DETAIL_ROWS = 9
/** Headings of the table. */
const HEADING_ROWS = 1

/** Returns how many plans are seen at once. */
export function planTableRows(shared: Shared): number {
  return Math.max(1, bodyRows(shared) - DETAIL_ROWS - HEADING_ROWS)
}
