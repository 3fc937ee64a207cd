import { expect, test } from 'vitest'
import type { ByteString } from '../../src/base/byte-string.ts'
import { IntegrityError } from '../../src/base/errors.ts'
import type { InstanceId, PointId } from '../../src/base/ids.ts'
import { CheckOutput } from '../../src/cli/check-report.ts'
import { makerName } from '../../src/cli/point-format.ts'
import { RestoreReport } from '../../src/cli/restore-report.ts'
import { REPAIR_PACK_HINT } from '../../src/engine/check/check-packs.ts'
import type { CheckReport } from '../../src/engine/check/check-types.ts'
import type { RestoreFailure } from '../../src/engine/restore-types.ts'
import { problemError } from '../../src/engine/restore/target-errors.ts'
import type { PointChain } from '../../src/repository/point-chain.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import { keptOutput } from '../support/kept-output.ts'
import { aheadClock } from '../support/test-machine.ts'

function reporting(flags: { readonly json?: boolean; readonly quiet?: boolean } = {}): {
  readonly report: CheckOutput
  readonly stdout: { readonly text: string }
} {
  const { output, stdout } = keptOutput(flags)
  return { report: new CheckOutput(output, aheadClock), stdout }
}

const record = { instance: '0123456789abcdef' as InstanceId }

const packs = { packs: 1, bytes: 100 }
const counts = { points: 1, trees: 1, blobs: 1, damage: 0, notes: 0, blobsCalledLost: 0 }
const sound: CheckReport = { ...counts, packs, unnamedPacks: packs, dataRead: undefined, affected: [] }
const affected = [{ point: { record } as PointInfo, entries: 45 }]

test('entries that suffer from what was called lost before are damage, without findings that there are none of', () => {
  const { report, stdout } = reporting()
  report.summarizeCheck({ ...sound, affected })
  expect(stdout.text).toContain('Damage found: 45 entries of 1 point cannot be restored whole\n')
})

test('with -q, a check tells of damage alone', () => {
  const quiet = reporting({ quiet: true })
  quiet.report.summarizeCheck(sound)
  expect(quiet.stdout.text).toBe('')
  quiet.report.summarizeCheck({ ...sound, affected })
  expect(quiet.stdout.text).toContain('Damage found: 45 entries')
})

test('a repair tells how much there is after it, as it was not to be read before', () => {
  const { report, stdout } = reporting()
  const done = { packsIndexed: 2, objectsRemoved: 0, recordsHealed: 0, pointsLost: 0, blobsHealed: 0, bytesHealed: 0 }
  const before = { ...sound, damage: 1, trees: 0, blobs: 0, packs: { packs: 0, bytes: 0 } }
  report.summarizeRepair({ ...done, dryRun: false, before, after: sound, left: [], notesPut: 0 })
  expect(stdout.text).toContain('Checked 1 point: 1 tree, 1 blob in 1 pack of 100 B\n')
})

test.each([
  ['never', 'found different and left alone (see --overwrite), 7 B\n'],
  ['always', 'found different and left alone, 7 B\n'],
] as const)(
  'what is left alone with --overwrite %s is told with that option, where it makes a difference',
  (overwrite, text) => {
    const none = { entries: 0, bytes: 0 }
    const actions = { create: none, overwrite: none, unchanged: none, delete: none, keep: { entries: 1, bytes: 7 } }
    const kept = { bytesWritten: 0, filesVerified: 0, failures: [], full: none, durationMs: 0, actions }
    const path = '/' as ByteString
    const options = { target: undefined, path, include: [], exclude: [], overwrite, delete: false, verify: false }
    const { output, stdout } = keptOutput()
    new RestoreReport(output, aheadClock).summarize(kept, { point: '0123456789abcdef' as PointId, options })
    expect(stdout.text).toContain(text)
  },
)

test.each([
  [0, null],
  [7, 7],
])('a total of %i is sent as %s: of none that is known there is none', (total, sent) => {
  const { report, stdout } = reporting({ json: true })
  report.events.progress?.({ step: 'trees', done: 1, total })
  expect(JSON.parse(stdout.text)).toEqual({ type: 'progress', step: 'trees', done: 1, total: sent })
})

test('an instance whose record stayed where its points were copied from is called as its points say', () => {
  const chain = { instances: new Map() } as unknown as PointChain
  const info = { record } as PointInfo
  const detail = { host: 'tatooine', user: 'luke', sources: [], omissions: [] }
  expect(makerName(chain, { info, detail })).toBe('luke@tatooine')
  expect(makerName(chain, { info, detail: undefined })).toBe('01234567')
})

test('a repair does not advise to run a repair', () => {
  const { report, stdout } = reporting()
  const found = (hint: string) => new IntegrityError('RECORD_MISSING', `a pack is missing: ${hint.length}`, { hint })
  report.repairEvents.leftFinding?.({ kind: 'damage', problem: found(REPAIR_PACK_HINT) })
  expect(stdout.text).toContain('left: a pack is missing')
  expect(stdout.text).toContain('--heal-from')
  expect(stdout.text).not.toContain('check --repair')
})

test('what a restore could not read ends with what to do next, told once', () => {
  const { output, stderr } = keptOutput()
  const report = new RestoreReport(output, aheadClock)
  for (const name of ['/a', '/b']) {
    const path = name as ByteString
    report.events.failure?.({
      path,
      error: problemError(path, { file: 0, code: 'AUTH_FAILED', message: 'it is damaged' }),
    })
  }
  const none = { entries: 0, bytes: 0 }
  const actions = { create: none, overwrite: none, unchanged: none, delete: none, keep: none }
  const failures = [{} as RestoreFailure]
  const summary = { bytesWritten: 0, filesVerified: 0, failures, full: none, durationMs: 0, actions }
  const path = '/' as ByteString
  const options = {
    target: path,
    path,
    include: [],
    exclude: [],
    overwrite: 'never',
    delete: false,
    verify: false,
  } as const
  report.summarize(summary, { point: '0123456789abcdef' as PointId, options })
  expect(stderr.text.match(/hint: .*check --repair --heal-from/g)).toHaveLength(1)
})
