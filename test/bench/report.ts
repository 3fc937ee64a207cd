import { FLOOR_TEXT, MOUNT_FLOOR_TEXT } from './floor.ts'
import { INDEX_BYTES_PER_BLOB_MAX, megabytes, ROWS, seconds, TIME_ROWS } from './goals.ts'
import type { Row } from './goals.ts'
import type { Growth } from './growth.ts'
import type { IndexBytes } from './index-bytes.ts'
import { CARE_ROWS } from './care-goals.ts'
import type { ScenarioResults } from './compare-drivers.ts'
import { driverRows } from './driver-goals.ts'
import { MOUNT_ROWS, MOUNT_TIME_ROWS } from './mount-goals.ts'
import type { Measurement } from './measure.ts'
import type { ToolResults } from './results.ts'

/** Parts of the document that a bench does not write but keeps: their first line and their last. */
const BY_HAND = [
  '<!-- What follows is written by hand; the bench keeps it. -->',
  '<!-- End of what is written by hand. -->',
] as const
const OF_CARE = ['<!-- What follows is written by `npm run bench care`. -->', '<!-- End of care. -->'] as const
const OF_DRIVERS = ['<!-- What follows is written by `npm run bench drivers`. -->', '<!-- End of drivers. -->'] as const
const OF_GROWTH = ['<!-- What follows is written by `npm run bench growth`. -->', '<!-- End of growth. -->'] as const
const OF_MOUNTS = ['<!-- What follows is written by `npm run bench mount`. -->', '<!-- End of mounts. -->'] as const

interface Compared {
  readonly ours: ToolResults
  readonly peers: readonly ToolResults[]
}

/** What a run of the bench of care found. */
export interface CareFindings extends Compared {
  /** Lines about the machine, the corpora and how it was measured. */
  readonly conditions: readonly string[]
}

/** What a run of the bench of mounts found. */
export interface MountFindings extends CareFindings {
  /** The least that the same work takes; `undefined` where it was not measured. */
  readonly floor: ToolResults | undefined
}

/** All that a run of the bench found. */
export interface Findings extends MountFindings {
  readonly index: IndexBytes
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  return [head, head.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function best(row: Row, peers: readonly ToolResults[]): { readonly name: string; readonly figure: number } | undefined {
  let result: { readonly name: string; readonly figure: number } | undefined
  for (const peer of peers) {
    const figure = row.figure(peer)
    if (figure !== undefined && (result === undefined || figure < result.figure)) result = { name: peer.name, figure }
  }
  return result
}

/** Says whether `figure` reaches `goal`, or by how much it misses it. */
function verdict(figure: number, goal: number): string {
  return figure <= goal ? 'pass' : `miss by ${Math.max(1, Math.ceil((figure / goal - 1) * 100))} %`
}

function figuresTable({ ours, peers }: Compared, rows: readonly Row[]): string {
  const all = [ours, ...peers]
  return table([
    ['work', ...all.map(({ name, isDistribution }) => (isDistribution ? `${name} (distribution)` : name))],
    ...rows.map((row) => [
      row.title,
      ...all.map((results) => (row.figure(results) === undefined ? '' : row.write(results))),
    ]),
  ])
}

function ratioLine(row: Row, ours: number, peers: readonly ToolResults[], goal: number | undefined): string[] {
  const peer = best(row, peers)
  if (peer === undefined) return ['', '', '']
  const ratio = ours / peer.figure
  return [
    `${ratio.toFixed(2)} of ${peer.name}`,
    goal === undefined ? '' : `<= ${goal.toFixed(2)}`,
    goal === undefined ? '' : verdict(ratio, goal),
  ]
}

function goalsTable({ ours, peers }: Compared, rows: readonly Row[]): string {
  const distribution = peers.filter(({ isDistribution }) => isDistribution)
  const lines = rows.flatMap((row) => {
    const figure = row.figure(ours)
    if (figure === undefined) return []
    const most = row.most?.value(ours)
    if (row.most !== undefined && most !== undefined) {
      const share = `${(figure / most).toFixed(2)} of the goal`
      return [[row.title, share, row.most.text, verdict(figure, most), '', '', '']]
    }
    return [
      [
        row.title,
        ...ratioLine(row, figure, peers, row.ofBest),
        ...ratioLine(row, figure, distribution, row.ofDistribution),
      ],
    ]
  })
  return table([['work', 'of the best', 'goal', 'result', "of the distribution's best", 'goal', 'result'], ...lines])
}

/** Sets what was measured beside the least that the machine takes for it. */
function floorTable({ ours, peers }: Compared, floor: ToolResults, rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => {
    const [figure, least, peer] = [row.figure(ours), row.figure(floor), best(row, peers)]
    if (figure === undefined || least === undefined) return []
    const ofPeer = peer === undefined ? '' : `${(least / peer.figure).toFixed(2)} of ${peer.name}`
    return [[row.title, row.write(floor), ofPeer, (figure / least).toFixed(2)]]
  })
  return table([['work', 'floor', 'of the best of the others', 'Tidemark, of the floor'], ...lines])
}

function growthTable(growth: readonly Growth[]): string {
  const cells = (files: number, { wallMs, cpuMs, peakBytes }: Measurement): string =>
    `${seconds(wallMs)} s (${seconds(cpuMs)}), ${megabytes(peakBytes)} MB; ` +
    `${((wallMs * 1000) / files).toFixed(1)} µs, ${(peakBytes / files).toFixed(0)} B a file`
  return table([
    ['files', 'first backup', 'nothing changed', 'restore to a RAM disk'],
    ...growth.map(({ files, first, unchanged, restore }) => [
      String(files),
      ...[first, unchanged, restore].map((measurement) => cells(files, measurement)),
    ]),
  ])
}

/** Returns a part that is kept as `document` has it, or with `otherwise` in it. */
function keptPart(document: string, [begin, end]: readonly [string, string], otherwise = '\n'): string {
  const [start, stop] = [document.indexOf(begin), document.indexOf(end)]
  const kept = start < 0 || stop < start ? otherwise : document.slice(start + begin.length, stop)
  return `${begin}${kept}${end}`
}

/** Writes the report as Markdown; what was written by hand in `before`, the report it replaces, is kept. */
export function writeReport({ conditions, index, floor, ...compared }: Findings, before: string): string {
  const indexLine =
    `The index of ${index.blobs} blobs takes ${index.counted.toFixed(1)} bytes a blob by its own count, and made its ` +
    `process ${index.resident.toFixed(1)} bytes a blob larger. Goal: <= ${INDEX_BYTES_PER_BLOB_MAX}: ` +
    `${verdict(index.counted, INDEX_BYTES_PER_BLOB_MAX)}.`
  return [
    '# Benchmarks',
    'Written by `npm run bench`: every figure was measured by it. Compare ratios, not seconds.',
    conditions.map((line) => `- ${line}`).join('\n'),
    '## Figures',
    'Medians. Seconds are wall time, [the shortest and the longest], and (processor time of all threads).',
    figuresTable(compared, ROWS),
    '## Goals',
    "Tidemark's figure over the smallest of the others.",
    goalsTable(compared, ROWS),
    ...(floor === undefined
      ? []
      : ['## Floor', `What ${floor.name} take: ${FLOOR_TEXT}`, floorTable(compared, floor, TIME_ROWS)]),
    '## Index',
    indexLine,
    '## Growth',
    keptPart(before, OF_GROWTH, '\n\nNot measured.\n\n'),
    '## Mounts',
    keptPart(before, OF_MOUNTS, '\n\nNot measured.\n\n'),
    '## Care',
    keptPart(before, OF_CARE, '\n\nNot measured.\n\n'),
    '## Drivers',
    keptPart(before, OF_DRIVERS, '\n\nNot measured.\n\n'),
    '## Remarks',
    keptPart(before, BY_HAND),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

/** Returns the report `before` with other figures of mounts. */
export function withMounts({ floor, ...findings }: MountFindings, before: string): string {
  const how =
    'Written by `npm run bench mount`. Medians. Seconds are wall time, [the shortest and the longest], and (processor time of ' +
    'the mounting process, meanwhile).'
  const least =
    floor === undefined
      ? []
      : [`The floor, ${floor.name}: ${MOUNT_FLOOR_TEXT}`, floorTable(findings, floor, MOUNT_TIME_ROWS)]
  const text = [...section(findings, MOUNT_ROWS, how), ...least, ''].join('\n\n')
  return withSection(before, { title: 'Mounts', marks: OF_MOUNTS, text })
}

/** Returns the report `before` with other figures of looking after a repository. */
export function withCare(findings: CareFindings, before: string): string {
  const how =
    'Written by `npm run bench care`. Six backups of the small corpus, one file in a hundred changed between them; the oldest half is ' +
    'forgotten and pruned at once. Medians. Seconds are wall time, [the shortest and the longest], and (processor time).'
  const text = [...section(findings, CARE_ROWS, how), ''].join('\n\n')
  return withSection(before, { title: 'Care', marks: OF_CARE, text })
}

/** Returns the report `before` with other figures of how the cost of Tidemark grows. */
export function withGrowth(
  { conditions, growth }: { readonly conditions: readonly string[]; readonly growth: readonly Growth[] },
  before: string,
): string {
  const how =
    'Written by `npm run bench growth`. Tidemark alone, on seeded files of about 1 kB. Medians, of the largest one run. Seconds are wall ' +
    'time and (processor time); then peak memory, and both for each file.'
  const text = ['', how, conditions.map((line) => `- ${line}`).join('\n'), growthTable(growth), ''].join('\n\n')
  return withSection(before, { title: 'Growth', marks: OF_GROWTH, text })
}

/** Returns the report `before` with other figures of repositories on servers. */
export function withDrivers(
  { conditions, scenarios }: { readonly conditions: readonly string[]; readonly scenarios: readonly ScenarioResults[] },
  before: string,
): string {
  const how =
    'Written by `npm run bench drivers`. Servers on loopback, each behind a proxy: an sshd, and the S3 server of the tests. Far is 20 ms ' +
    'each way. Medians. Seconds are wall time, [the shortest and the longest], and (processor time). The floor is Tidemark itself with a ' +
    'repository in a folder of this machine: what is not the way to the server.'
  const floor = scenarios.find(({ kind }) => kind === 'folder')?.results[0]
  const tables = scenarios.flatMap((scenario) => {
    const [ours, ...peers] = scenario.results
    if (ours === undefined || scenario.kind === 'folder') return []
    const title = `### ${scenario.kind === 's3' ? 'S3' : 'SFTP'}, ${scenario.delayMs === 0 ? 'near' : 'far'}`
    const rows = driverRows(scenario)
    const least = floor === undefined ? [] : [floorTable({ ours, peers }, floor, rows)]
    return [title, figuresTable({ ours, peers }, rows), goalsTable({ ours, peers }, rows), ...least]
  })
  const text = ['', how, conditions.map((line) => `- ${line}`).join('\n'), ...tables, ''].join('\n\n')
  return withSection(before, { title: 'Drivers', marks: OF_DRIVERS, text })
}

function section({ conditions, ...compared }: CareFindings, rows: readonly Row[], how: string): string[] {
  return [
    '',
    how,
    conditions.map((line) => `- ${line}`).join('\n'),
    figuresTable(compared, rows),
    "Tidemark's figure over the smallest of the others:",
    goalsTable(compared, rows),
  ]
}

function withSection(
  before: string,
  { title, marks, text }: { readonly title: string; readonly marks: readonly [string, string]; readonly text: string },
): string {
  const written = `${marks[0]}${text}${marks[1]}`
  const kept = keptPart(before, marks)
  return before.includes(kept) ? before.replace(kept, () => written) : `${before}\n## ${title}\n\n${written}\n`
}
