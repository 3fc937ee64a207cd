import { expect, test } from 'vitest'

import { DriverResults } from './compare-drivers.ts'
import { withDrivers, withGrowth, withMounts, writeReport } from './report.ts'
import { median, medianOf, ToolResults } from './results.ts'
import type { Measurement } from './measure.ts'
import type { Findings } from './report.ts'

function results(name: string, wallMs: readonly number[], isDistribution = false): ToolResults {
  const tool = new ToolResults({ name, isDistribution })
  for (const each of wallMs) tool.add('first small', { wallMs: each, cpuMs: 2 * each, peakBytes: 100e6 })
  return tool
}

function findings(ours: readonly number[]): Findings {
  return {
    conditions: ['a machine'],
    ours: results('Tidemark', ours),
    peers: [results('quick', [1000]), results('packaged', [2000], true)],
    floor: results('programs', [320], true),
    index: { blobs: 1_000_000, counted: 36.8, resident: 36.7 },
  }
}

function line(report: string, start: string, occurrence = 0): string {
  return report.split('\n').filter((each) => each.startsWith(`| ${start}`))[occurrence] ?? ''
}

test('what was measured on servers is a part of its own, with requests where they were counted', () => {
  const onServer = (name: string, wallMs: number, requests: number): DriverResults => {
    const tool = new DriverResults({ name, isDistribution: false })
    tool.add('unchanged', { wallMs, cpuMs: wallMs, peakBytes: 1 })
    tool.requests.set('unchanged', requests)
    return tool
  }
  const measured = [onServer('Tidemark', 200, 13), onServer('other', 1000, 40)]
  const scenarios = [
    { kind: 'folder', delayMs: 0, results: [onServer('Tidemark', 160, 0)] },
    { kind: 'sftp', delayMs: 0, results: measured },
    { kind: 's3', delayMs: 20, results: measured },
  ] as const
  const before = writeReport(findings([400]), '')
  const report = withDrivers({ conditions: ['a machine'], scenarios }, before)
  expect(line(report, 'nothing changed, s |', 1)).toContain('| 0.20 of other | <= 0.16 | miss by 25 % |')
  expect(line(report, 'nothing changed, s |', 2)).toContain('| 0.16 of other | 1.25 |')
  expect(line(report, 'nothing changed, s |', 4)).toContain('| 0.20 of other | <= 0.24 | pass |')
  expect(line(report, 'nothing changed, requests')).toContain('| 13 | 40 |')
  expect(line(report, 'nothing changed, requests', 1)).toContain('| <= 12 | miss by 9 % |')
  expect(writeReport(findings([500]), report)).toContain('### S3, far')
})

test('a median is the value in the middle, or the mean of the two there, and nothing of nothing', () => {
  expect(median([30, 10, 20])).toBe(20)
  expect(median([10, 40, 20, 30])).toBe(25)
  expect(median([])).toBeUndefined()
  expect(medianOf([])).toBeUndefined()
})

test('a figure is judged against the best of all and the best of the distribution', () => {
  const goals = line(writeReport(findings([400, 500, 9000]), ''), 'first backup, small', 1)
  expect(goals).toContain('| 0.50 of quick | <= 0.42 | miss by 20 % |')
  expect(goals).toContain('| 0.25 of packaged | <= 0.35 | pass |')
})

test('a figure is told as a median, a range and processor time', () => {
  const figures = line(writeReport(findings([400, 500, 9000]), ''), 'first backup, small')
  expect(figures).toContain('| 0.50 [0.40-9.00] (1.00) | 1.00 [1.00-1.00] (2.00) |')
})

test('what was not measured has no line among the goals and an empty one among the figures', () => {
  const report = writeReport(findings([400]), '')
  expect(line(report, 'restore, small')).toBe('| restore, small, to a RAM disk, s |  |  |  |')
  expect(line(report, 'restore, small', 1)).toBe('')
})

test('an index above its goal is told as a miss', () => {
  expect(writeReport(findings([400]), '')).toContain('Goal: <= 36: miss by 3 %.')
})

test('remarks written by hand survive when the report is written again', () => {
  const first = writeReport(findings([400]), '')
  const edited = first.replace('keeps it. -->', 'keeps it. -->\n\nThe reason is the disk.\n')
  const second = writeReport(findings([500]), edited)
  expect(second).toContain('The reason is the disk.')
  expect(second).toContain('0.50 of quick')
  expect(writeReport(findings([500]), second)).toBe(second)
})

test('figures of mounts are written alone, and kept when all else is written again', () => {
  const mounts = findings([400])
  mounts.ours.add('walk', { wallMs: 1000, cpuMs: 500, peakBytes: 0 })
  mounts.peers[0]?.add('walk', { wallMs: 4000, cpuMs: 500, peakBytes: 0 })
  mounts.floor?.add('walk', { wallMs: 1250, cpuMs: 500, peakBytes: 0 })
  const first = withMounts(mounts, writeReport(findings([400]), ''))
  expect(line(first, 'walk', 2)).toBe('| walk + lstat, small, s | 1.25 [1.25-1.25] (0.50) | 0.31 of quick | 0.80 |')
  expect(line(first, 'walk', 1)).toContain('| 0.25 of quick | <= 0.35 | pass |')
  const second = withMounts(mounts, writeReport(findings([500]), first))
  expect(second).toContain('0.50 of quick')
  expect(second.match(/^\| walk/gm)).toHaveLength(3)
  expect(writeReport(findings([400]), second)).toContain(line(first, 'walk', 1))
  // A report that has no part for them gets one.
  expect(line(withMounts(mounts, ''), 'walk', 1)).toBe(line(first, 'walk', 1))
})

test('growth is a part of its own, with the cost of each file', () => {
  const measured = (wallMs: number): Measurement => ({ wallMs, cpuMs: 2 * wallMs, peakBytes: 200e6 })
  const growth = [{ files: 100_000, first: measured(4000), unchanged: measured(700), restore: measured(3000) }]
  const report = withGrowth({ conditions: ['a machine'], growth }, writeReport(findings([400]), ''))
  expect(line(report, '100000')).toContain('| 4.00 s (8.00), 200 MB; 40.0 µs, 2000 B a file | 0.70 s (1.40)')
  expect(line(writeReport(findings([500]), report), '100000')).toBe(line(report, '100000'))
})

test('the least that the machine takes for the same work is set beside the best of the others, and is nobody to beat', () => {
  const report = writeReport(findings([400]), '')
  expect(line(report, 'first backup, small', 2)).toContain('| 0.32 of quick | 1.25 |')
  expect(line(report, 'first backup, small', 1)).toContain('| 0.40 of quick |')
  expect(line(report, 'peak memory, first backup, small', 2)).toBe('')
})
