import { bodyRows, type Shared } from '../../state/shared.ts'

/** Rows that the sums take at most. */
export const SUM_ROWS = 2
/** Rows above the table: where to, sums, free space. */
export const HEAD_ROWS = 2 + SUM_ROWS
/** Rows below it: old against new. */
export const COMPARE_ROWS = 5

/** Returns how many items are seen at once, below their headings. */
export function restoreRowCount(shared: Shared): number {
  return bodyRows(shared) - HEAD_ROWS - COMPARE_ROWS - 1
}
