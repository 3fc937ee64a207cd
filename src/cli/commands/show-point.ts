import { type ByteString, display } from '../../base/byte-string.ts'
import { present } from '../../base/assert.ts'
import { printable } from '../../base/printable.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { type ChainFlags, choosePoint } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { formatBytes, formatTime } from '../../base/format.ts'
import { openPoints } from '../open-points.ts'
import { type DetailedPoint, jsonPointDetail, makerName } from '../point-format.ts'
import { readDetails } from '../read-details.ts'
import { suspicionText } from '../../service/suspicion-text.ts'

const OMISSIONS_MAX = 20

/** Describes one point. */
export async function showPointCommand(context: CliContext, name: string, flags: ChainFlags): Promise<undefined> {
  const { output } = context
  await using opened = await openPoints(context)
  const { points, repository } = opened
  const info = await choosePoint(repository, { point: name }, flags)
  const point = present((await readDetails(repository, [info]))[0], 'the point')
  if (output.json) output.document(jsonPointDetail(point, points))
  else for (const line of descriptionOf(point, points, output.verbose)) output.line(line)
}

function descriptionOf(point: DetailedPoint, points: PointChain, all: boolean): string[] {
  const { detail, info } = point
  const { record, tags } = info
  const { counts, coverage } = record
  const by = detail === undefined ? '' : `, by ${detail.user} on ${detail.host}`
  const changes = `${formatCount(counts.filesNew)} new, ${formatCount(counts.filesChanged)} changed, ${formatCount(counts.filesUnchanged)} unchanged, ${formatCount(counts.filesRemoved)} removed`
  const contents = `${numberOf(counts.files, 'file')}, ${numberOf(counts.dirs, 'folder')}, ${numberOf(counts.others, 'other')}`
  const rows: [string, string][] = [
    ['Point', record.point],
    ['Chain', `${record.chain}, number ${record.sequence}`],
    ['Type', record.type],
    ['Parent', record.parents.map((parent) => parent.point).join(', ') || 'none'],
    ['Started', formatTime(record.started)],
    ['Finished', formatTime(record.finished)],
    ['Made by', `${makerName(points, point)}${by}, ${record.tool}`],
    ['Sources', detail?.sources.map((source) => display(source as ByteString)).join(' ') ?? 'not readable'],
    ['Holds', `${contents}, ${formatBytes(record.bytes)}`],
    ['Changes', changes],
    ['Read', formatBytes(counts.bytesRead)],
    ['Stored', formatBytes(record.bytesStored)],
    ['Tags', tags.join(', ')],
    ['Suspect', (record.tripwire?.suspicions ?? []).map(suspicionText).join('; ')],
    ['Description', record.description],
    ['Coverage', `${formatCount(coverage.stored)} of ${numberOf(coverage.expected, 'entry', 'entries')}`],
  ]
  for (const [reason, count] of coverage.skipped) rows.push(['Left out', `${formatCount(count)} ${reason}`])
  for (const [reason, count] of coverage.unreadable) rows.push(['Not readable', `${formatCount(count)} ${reason}`])
  const lines = rows
    .filter(([, value]) => value !== '')
    .map(([title, value]) => `${title.padEnd(13)}${printable(value)}`)
  const omissions = detail?.omissions ?? []
  const shown = all ? omissions : omissions.slice(0, OMISSIONS_MAX)
  for (const { path, reason } of shown) lines.push(`  ${printable(reason)}: ${display(path as ByteString)}`)
  if (shown.length < omissions.length) lines.push(`  … and ${omissions.length - shown.length} more: -v names all`)
  return lines
}
