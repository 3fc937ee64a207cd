import { bodyRows, type Shared } from '../../state/shared.ts'

/** About the chosen repository, below the table. */
export const DETAIL_ROWS = 6
/** Headings of a table. */
const HEADING_ROWS = 1
/** Title and end of a test. */
export const DETAIL_HEAD_ROWS = 2
/** Title of the keys, and what is to be known of all of them. */
export const SLOTS_HEAD_ROWS = 3

/** Returns how many repositories are seen at once. */
export function repositoryRows(shared: Shared): number {
  return Math.max(1, bodyRows(shared) - DETAIL_ROWS - HEADING_ROWS)
}

/** Returns how many answers of a test are seen at once. */
export function answerRows(shared: Shared): number {
  return Math.max(1, bodyRows(shared) - DETAIL_HEAD_ROWS - HEADING_ROWS)
}

/** Returns how many slots are seen at once. */
export function slotRows(shared: Shared): number {
  return Math.max(1, bodyRows(shared) - SLOTS_HEAD_ROWS - HEADING_ROWS)
}
