import { time } from './goals.ts'
import type { Row } from './goals.ts'
import type { ToolResults } from './results.ts'

/** Reading everything may take a quarter longer than restoring everything does. */
function readGoal(ours: ToolResults): number | undefined {
  const restore = ours.of('restore all')?.wallMs
  return restore === undefined ? undefined : restore / 0.8
}

/** What is compared of looking after a repository, with its goals. */
export const CARE_ROWS: readonly Row[] = [
  time('check, s', 'check', { ofBest: 0.5, ofDistribution: 0.5 }),
  time('check with all data, s', 'check data', {
    most: { value: readGoal, text: 'at 0.8 of the rate of `tidemark restore`, or faster' },
  }),
  time('`tidemark restore` of the newest point, s', 'restore all', {}),
  time('forget and prune half of the points, s', 'forget and prune', { ofBest: 0.5, ofDistribution: 0.5 }),
]
