import { describe, expect, test } from 'vitest'

import { byteStringOf } from '../../src/base/byte-string.ts'
import { BackupReport } from '../../src/cli/backup-report.ts'
import { backupSummaryFields, backupSummaryLines } from '../../src/cli/backup-summary.ts'
import type { BackupOptions, BackupSummary } from '../../src/engine/backup-types.ts'
import { keptOutput } from '../support/kept-output.ts'
import { aheadClock } from '../support/test-machine.ts'

const summary = {
  point: undefined,
  type: 'full',
  parent: undefined,
  ...{ filesNew: 1, filesChanged: 0, filesUnchanged: 0, filesRemoved: 0, dirs: 1, others: 0 },
  ...{ bytes: 1, bytesRead: 1, bytesStored: 1, blobsStored: 1, healed: { blobs: 0, bytes: 0 } },
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

test('a backup that stored lost blobs again says so', () => {
  const options = { dryRun: false, met: new Map() }
  expect(backupSummaryLines(summary, options).join('\n')).not.toContain('again')
  const healed = { blobs: 1200, bytes: 3 << 20 }
  expect(backupSummaryLines({ ...summary, healed }, options)).toContain(
    '  stored again 1,200 blobs, 3.0 MiB, that had been lost',
  )
  expect(backupSummaryFields({ ...summary, healed }, { dryRun: false, errors: 0 })).toMatchObject({
    blobsHealed: 1200,
    bytesHealed: 3 << 20,
  })
})

describe('with -q', () => {
  const options: BackupOptions = { full: false, tags: [], description: '', dryRun: false, strict: false }

  test('a backup in which all went well says nothing, so that cron sends no mail', () => {
    const { output, stdout, stderr } = keptOutput({ quiet: true })
    new BackupReport(output, aheadClock).summarize(summary, options)
    expect([stdout.text, stderr.text]).toEqual(['', ''])
  })

  test('a backup names what it could not read, and not what it left out', () => {
    const { output, stdout, stderr } = keptOutput({ quiet: true })
    const report = new BackupReport(output, aheadClock)
    report.events.trouble?.({ path: byteStringOf('/left/out'), reason: 'excluded' })
    for (let i = 0; i < 25; i++) report.events.trouble?.({ path: byteStringOf(`/secret/${i}`), reason: 'denied' })
    report.summarize({ ...summary, troubles: new Map([['denied', 25]]) }, options)
    expect(stdout.text).toBe('')
    expect(stderr.text).toMatch(/^tidemark: warning: 25 not readable: no permission\n {2}no permission: \/secret\/0\n/)
    expect(stderr.text).toMatch(/\/secret\/19\n {2}… and 5 more: -v names all\n$/)
    expect(stderr.text).not.toContain('/left/out')
  })

  test('a dry run says what it was asked for', () => {
    const { output, stdout } = keptOutput({ quiet: true })
    new BackupReport(output, aheadClock).summarize(summary, { ...options, dryRun: true })
    expect(stdout.text).toContain('Would make a point')
  })
})
