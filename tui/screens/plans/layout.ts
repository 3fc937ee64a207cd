import { bodyRows, type Shared } from '../../state/shared.ts'

/** What is planned, below the table. */
export const DETAIL_ROWS = 9
/** Who runs them, above the table, and the headings of that. */
const HEADING_ROWS = 2

/** Returns how many plans are seen at once. */
export function planTableRows(shared: Shared): number {
  return Math.max(1, bodyRows(shared) - DETAIL_ROWS - HEADING_ROWS)
}
