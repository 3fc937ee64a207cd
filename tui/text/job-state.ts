import type { JobData, JobState } from '../../src/service/application/shown.ts'

const WORDS: Readonly<Record<JobState, string>> = {
  queued: '○ waits',
  running: '▸ runs',
  done: '✓ done',
  errored: '✗ failed',
  cancelled: '- cancelled',
}

/** Columns of the longest. */
export const JOB_STATE_COLUMNS = 11

/** Returns the state of a job as a sign and a word; `isPartial`: it is done, but for some of it. */
export function shownState(state: JobState, isPartial = false): string {
  return isPartial ? '▲ partly' : WORDS[state]
}

/** As `shownState`; of one whose daemon has ended without a word, whether it works on. */
export function shownJobState({ state, isPartial, left }: Pick<JobData, 'state' | 'isPartial' | 'left'>): string {
  if (left === undefined) return shownState(state, isPartial)
  return left === 'goes-on' ? '▲ alone' : '▲ ended'
}
