import { expect, test } from 'vitest'

import { backupSummaryLines } from '../../src/cli/backup-summary.ts'
import type { BackupSummary } from '../../src/engine/backup-types.ts'

const summary = {
  point: undefined,
  type: 'full',
  parent: undefined,
  ...{ filesNew: 1, filesChanged: 0, filesUnchanged: 0, filesRemoved: 0, dirs: 1, others: 0 },
  ...{ bytes: 1, bytesRead: 1, bytesStored: 1, blobsStored: 1 },
  skipped: new Map([['excluded', 3]]),
  troubles: new Map(),
  suspect: [],
  durationMs: 1,
} as unknown as BackupSummary

test.each([
  ['all sizes that are known', { bytes: 2048, isMore: false }, '3 excluded, 2.0 KiB (by'],
  ['what it knows, where some sizes are not known', { bytes: 2048, isMore: true }, '3 excluded, more than 2.0 KiB (by'],
  ['no size, where none is known', { bytes: 0, isMore: true }, '3 excluded (by'],
])('what is left out is told with %s', (_, met, line) => {
  const lines = backupSummaryLines(summary, { dryRun: true, met: new Map([['excluded', met]]) })
  expect(lines.at(-1)).toContain(line)
})
