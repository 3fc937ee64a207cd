import type { JobState } from '../../src/service/application/shown.ts'

const WORDS: Readonly<Record<JobState, string>> = {
  queued: '○ waits',
  running: '▸ runs',
  done: '✓ done',
  errored: '✗ failed',
  cancelled: '- ended',
}

/** Returns the state of a job as a sign and a word; `isPartial`: it is done, but for some of it. */
export function shownJobState(state: JobState, isPartial = false): string {
  return isPartial ? '▲ partly' : WORDS[state]
}
