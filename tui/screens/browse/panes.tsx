import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import { formatCount, numberOf } from '../../../src/base/number-of.ts'
import { formatPermissions } from '../../../src/base/permissions.ts'
import type { EntryData, VersionData } from '../../../src/service/application/shown.ts'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { valueOr } from '../../state/loaded.ts'
import { textWidth } from '../../../src/base/text-width.ts'
import { shownEntryKind } from '../../text/entry-kind.ts'
import { wrap } from '../../text/fit.ts'
import { fold, foldAll } from '../../text/fold.ts'
import { shownTime } from '../../text/when.ts'
import { useTheme } from '../../theme/theme.ts'
import { ComparisonView } from '../comparison/comparison-view.tsx'
import type { Preview } from './browse-state.ts'
import { type History, isMarked } from './history.ts'
import { PREVIEW_BYTES_MAX } from './preview.ts'

export interface PreviewPaneProps {
  readonly entry: EntryData | undefined
  readonly preview: Preview | undefined
  readonly columns: number
  readonly rows: number
  readonly isFocused: boolean
}

/** Metadata of the chosen entry, and the beginning of a file. */
export function PreviewPane({ entry, preview, columns, rows, isFocused }: PreviewPaneProps): ReactNode {
  const theme = useTheme()
  if (entry === undefined) return <Box width={columns} />
  const facts = [...(textWidth(entry.name) > columns ? fold(entry.name, columns, 4) : []), ...factsOf(entry)]
  const lines = foldAll(previewText(preview, columns).slice(preview?.top ?? 0), columns, rows - facts.length - 1)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {facts.map((fact) => (
        <Line key={fact} text={fact} columns={columns} color={theme.muted} />
      ))}
      <Line
        text={isFocused ? '› Preview: ↑ ↓ scroll, ← back' : ruleOf(entry).padEnd(columns, '─')}
        columns={columns}
        color={isFocused ? theme.accent : theme.muted}
        isInverse={isFocused}
      />
      {lines.map((line, index) => (
        <Line key={index} text={line} columns={columns} />
      ))}
    </Box>
  )
}

/** What of a file is not seen is said where what is seen begins. */
function ruleOf({ kind, bytes }: EntryData): string {
  return kind === 'file' && bytes > PREVIEW_BYTES_MAX ? `the first ${formatBytes(PREVIEW_BYTES_MAX)} ` : ''
}

function factsOf({ kind, bytes, modifiedMs, mode, owner, group, target }: EntryData): readonly string[] {
  const what = shownEntryKind(kind) + (target === undefined ? '' : ` to ${target}`)
  const size = kind === 'file' ? `, ${sizeText(bytes)}` : ''
  return [`${what}${size}`, `modified ${shownTime(modifiedMs)}`, `${formatPermissions(mode)} ${owner}:${group}`]
}

function sizeText(bytes: number): string {
  const exact = numberOf(bytes, 'byte')
  return bytes < 1024 ? exact : `${formatBytes(bytes)} (${exact})`
}

function previewText(preview: Preview | undefined, columns: number): readonly string[] {
  if (preview === undefined) return []
  const { lines } = preview
  if (lines.kind === 'loading') return ['reading …']
  return lines.kind === 'failed' ? wrap(`✗ ${lines.problem.message}`, columns) : lines.value
}

export interface HistoryPaneProps {
  readonly history: History
  readonly columns: number
  readonly rows: number
}

/** The versions of a file, or two of them line against line. */
export function HistoryPane({ history, columns, rows }: HistoryPaneProps): ReactNode {
  const theme = useTheme()
  const { versions, comparison } = history
  if (comparison !== undefined) {
    return <ComparisonView comparison={comparison} columns={columns} rows={rows} />
  }
  const count = versions.kind === 'ready' ? numberOf(versions.value.length, 'version') : ''
  const empty =
    versions.kind === 'loading' ? 'looking …' : versions.kind === 'failed' ? versions.problem.message : 'in no point'
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Line text={`History: ${count}`} columns={columns} isBold color={theme.accent} />
      <Table
        columns={versionColumns(history)}
        rows={valueOr(versions, [])}
        place={history.place}
        width={columns}
        height={rows - 1}
        empty={empty}
      />
    </Box>
  )
}

function versionColumns(history: History): readonly TableColumn<VersionData>[] {
  const timeOf = (version: VersionData): string => {
    return `${isMarked(history, version) ? '*' : ' '}${shownTime(version.entry.modifiedMs)}`
  }
  return [
    { title: ' modified', width: 17, value: timeOf },
    { title: 'size', width: 8, align: 'right', value: ({ entry }) => formatBytes(entry.bytes) },
    { title: 'points', value: ({ points }) => formatCount(points.length) },
  ]
}
