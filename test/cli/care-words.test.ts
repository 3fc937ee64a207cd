import { expect, test } from 'vitest'
import type { InstanceId } from '../../src/base/ids.ts'
import { CheckOutput } from '../../src/cli/check-report.ts'
import { makerName } from '../../src/cli/point-format.ts'
import type { CheckReport } from '../../src/engine/check/check-types.ts'
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
