import { memory, time } from './goals.ts'
import type { Row } from './goals.ts'
import type { ToolResults } from './results.ts'

/** Copying with all attributes may cost half as much again as a restore does. */
function copyGoal(ours: ToolResults): number | undefined {
  const restore = ours.of('restore folder')?.wallMs
  return restore === undefined ? undefined : 1.5 * restore
}

/** Times that are compared of mounts, with their goals. */
export const MOUNT_TIME_ROWS: readonly Row[] = [
  time('mount and first listing, s', 'mount and list', { ofBest: 1, ofDistribution: 0.4 }),
  time('walk + lstat, small, s', 'walk', { ofBest: 0.35, ofDistribution: 0.31 }),
  time('2,000 small files, neighbours, s', 'small files', { ofBest: 0.3, ofDistribution: 0.29 }),
  time('2,000 small files, from all over, s', 'scattered files', {}),
  time('400 random 4 KiB reads, large, cold, s', 'random reads', { ofBest: 0.25, ofDistribution: 0.22 }),
  time('`cat`, large, after those, s', 'cat', { ofBest: 0.25, ofDistribution: 0.24 }),
  time('`cat`, large, again, s', 'cat again', { ofBest: 1 }),
  time('`cp -r` of a folder, s', 'copy folder', { ofBest: 0.35, ofDistribution: 0.35 }),
  time('`cp -a` of a larger folder, s', 'copy attributes', {
    most: { value: copyGoal, text: '<= 1.5 times `tidemark restore`' },
  }),
]

/** What is compared of mounts, with its goals. */
export const MOUNT_ROWS: readonly Row[] = [
  ...MOUNT_TIME_ROWS,
  time('`tidemark restore` of the same, s', 'restore folder', {}),
  memory('peak memory of the mount, MB', 'whole mount'),
]
