import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes, formatDuration } from '../../../src/base/format.ts'
import { formatCount, numberOf } from '../../../src/base/number-of.ts'
import type { DifferenceData, EntryData, PointData } from '../../../src/service/application/shown.ts'
import { EditorView } from '../../components/editor-view.tsx'
import { lineWithCursor } from '../../components/form-view.tsx'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { placeNow } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { fold, foldAll } from '../../text/fold.ts'
import { noPointsText } from '../../text/no-points.ts'
import { metadataChange } from '../../text/metadata-change.ts'
import { renamedPath } from '../../text/renamed.ts'
import { shownTime } from '../../text/when.ts'
import { type Theme, useTheme } from '../../theme/theme.ts'
import { BackingUpView } from '../backing-up/backing-up-view.tsx'
import { ComparisonView } from '../comparison/comparison-view.tsx'
import type { ViewProps } from '../view-props.ts'
import { whyNoneFound } from './filter-points.ts'
import { pointName, type ShownDifference } from './difference.ts'
import { DETAIL_ROWS, headRows, staleText } from './layout.ts'
import type { Mounting } from './mounting.ts'
import { chosenPoint, type PointsState, shownPoints } from './points.ts'
import { timelineOf } from './timeline.ts'

type Props = ViewProps<PointsState>

/** All points, on a line of time and in a table. */
export function PointsView({ state, shared, columns, rows }: Props): ReactNode {
  if (state.difference !== undefined) {
    return <Difference difference={state.difference} shared={shared} columns={columns} rows={rows} />
  }
  if (state.mounting !== undefined) return <MountForm mounting={state.mounting} columns={columns} rows={rows} />
  if (state.backingUp !== undefined) {
    return <BackingUpView backingUp={state.backingUp} columns={columns} rows={rows} />
  }
  return <PointTable state={state} shared={shared} columns={columns} rows={rows} />
}

interface MountFormProps {
  readonly mounting: Mounting
  readonly columns: number
  readonly rows: number
}

function MountForm({ mounting, columns, rows }: MountFormProps): ReactNode {
  const theme = useTheme()
  const { point, editor, isTrying } = mounting
  const title = `Mount the point of ${shownTime(point.startedMs)}  ${point.id.slice(0, 8)}${isTrying ? ': mounting it …' : ''}`
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={title} columns={columns} isBold color={theme.accent} />
      <EditorView editor={editor} columns={columns} rows={rows - 1} />
    </Box>
  )
}

function PointTable({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  const shown = shownPoints(state, shared)
  const chosen = chosenPoint(state, shared)
  const { bars, scale } = timelineOf(shown, chosen, columns)
  const stale = staleText(shared)
  return (
    <Box flexDirection="column" width={columns}>
      {stale !== undefined && (
        <Line text={`▲ ${stale}: the list is as last seen`} columns={columns} color={theme.warning} />
      )}
      <Line
        text={headOf(state, shared, shown.length)}
        columns={columns}
        color={state.isFiltering ? theme.accent : theme.muted}
      />
      <Line text={bars} columns={columns} color={theme.accent} />
      <Line text={scale} columns={columns} color={theme.muted} />
      <Table
        columns={columnsFor(state, shared, columns)}
        rows={shown}
        place={placeNow(state, shown)}
        width={columns}
        height={rows - headRows(shared) - (state.hasDetails ? DETAIL_ROWS : 0)}
        colorOf={(point) => (point.suspect.length > 0 ? theme.warning : undefined)}
        empty={shown.length > 0 ? '' : noPointsText(shared, whyNone(state, shared))}
      />
      {state.hasDetails && chosen !== undefined && <Details point={chosen} columns={columns} theme={theme} />}
    </Box>
  )
}

function whyNone({ filter }: PointsState, { points }: Shared): string {
  const all = valueOr(points, [])
  return all.length === 0 ? 'there is no point yet' : whyNoneFound(all, filter.line.text)
}

function headOf(state: PointsState, shared: Shared, count: number): string {
  const all = valueOr(shared.points, []).length
  const marked = state.marked.length === 0 ? '' : ` · ${state.marked.length} marked`
  if (state.isFiltering)
    return `/${lineWithCursor(state.filter.line, 60)}   ${formatCount(count)} of ${formatCount(all)}`
  if (state.filter.line.text === '') return `${numberOf(all, 'point')}${marked}`
  return `/${state.filter.line.text}   ${formatCount(count)} of ${numberOf(all, 'point')}${marked}`
}

function columnsFor(state: PointsState, shared: Shared, width: number): readonly TableColumn<PointData>[] {
  const mounted = new Set(valueOr(shared.mounts, []).map(({ point }) => point))
  const signOf = ({ id, suspect }: PointData): string =>
    `${state.marked.includes(id) ? '*' : ' '}${mounted.has(id) ? 'm' : ' '}${suspect.length > 0 ? '▲' : ' '}`
  return [
    { title: '', width: 3, value: signOf },
    { title: 'started', width: 16, value: ({ startedMs }) => shownTime(startedMs) },
    { title: 'type', width: 4, value: (point) => shownType(point) },
    { title: 'instance', width: 10, value: ({ instanceName }) => instanceName },
    { title: 'files', width: 9, align: 'right', value: ({ files }) => formatCount(files) },
    { title: 'size', width: 8, align: 'right', value: ({ bytes }) => formatBytes(bytes) },
    ...(width < 100
      ? []
      : [
          { title: 'id', width: 8, value: ({ id }: PointData) => id.slice(0, 8) },
          {
            title: 'stored',
            width: 8,
            align: 'right',
            value: ({ bytesStored }: PointData) => formatBytes(bytesStored),
          } as const,
        ]),
    { title: 'tags and sources', value: ({ tags, sources }) => [...tags, ...(sources ?? [])].join(' ') },
  ]
}

function shownType({ type, isUndo }: PointData): string {
  return isUndo ? 'undo' : type === 'full' ? 'full' : 'inc'
}

interface DetailsProps {
  readonly point: PointData
  readonly columns: number
  readonly theme: Theme
}

function Details({ point, columns, theme }: DetailsProps): ReactNode {
  const changes = `new ${formatCount(point.filesNew)}, changed ${formatCount(point.filesChanged)}, removed ${formatCount(point.filesRemoved)}`
  const lines = [
    `${point.type} point ${point.id}${point.isUndo ? ', made before a restore, to undo that' : ''}`,
    `chain ${point.chain}  parents ${point.parents.map((id) => id.slice(0, 8)).join(' ') || 'none'}`,
    `by ${point.instanceName} (${point.instance})`,
    `from ${shownTime(point.startedMs)} in ${formatDuration(point.finishedMs - point.startedMs)}`,
    `${numberOf(point.files, 'file')}, ${numberOf(point.dirs, 'folder')}, ${formatBytes(point.bytes)}; stored ${formatBytes(point.bytesStored)}; ${changes}`,
    `tags ${point.tags.join(' ') || 'none'}  ${point.description}`,
    `sources ${point.sources?.join(' ') ?? 'cannot be read with these keys'}`,
  ]
  const warning = point.suspect.length === 0 ? [] : fold(`▲ ${point.suspect.join('; ')}`, columns, 2)
  return (
    <Box flexDirection="column" width={columns} height={DETAIL_ROWS}>
      <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />
      {warning.map((line) => (
        <Line key={line} text={line} columns={columns} color={theme.warning} />
      ))}
      {foldAll(lines, columns, DETAIL_ROWS - 1 - warning.length).map((line, index) => (
        <Line key={index} text={line} columns={columns} />
      ))}
    </Box>
  )
}

interface DifferenceProps {
  readonly difference: ShownDifference
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}

const SIGNS: Readonly<Record<DifferenceData['kind'], string>> = {
  added: '+ added',
  removed: '- removed',
  renamed: '→ renamed',
  type: '! type',
  content: '~ content',
  metadata: '· metadata',
}

function Difference({ difference, shared, columns, rows }: DifferenceProps): ReactNode {
  const theme = useTheme()
  const { comparison, items, place } = difference
  if (comparison !== undefined) {
    const { shownPath = '' } = valueOr(items, [])[place.selected] ?? {}
    return <ComparisonView comparison={comparison} path={shownPath} columns={columns} rows={rows} />
  }
  const count = items.kind === 'ready' ? `${numberOf(items.value.length, 'difference')}, ` : ''
  const title = `${count}${pointName(difference.before, shared)} → ${pointName(difference.after, shared)}`
  const empty =
    items.kind === 'loading' ? 'comparing …' : items.kind === 'failed' ? items.problem.message : 'no difference'
  const colorOf = ({ kind }: DifferenceData): string | undefined =>
    kind === 'added' ? theme.good : kind === 'removed' ? theme.bad : undefined
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={title} columns={columns} isBold color={theme.accent} />
      <Table
        columns={DIFFERENCE_COLUMNS}
        rows={valueOr(items, [])}
        place={place}
        width={columns}
        height={rows - 1}
        colorOf={colorOf}
        empty={empty}
        unfolds
      />
    </Box>
  )
}

const DIFFERENCE_COLUMNS: readonly TableColumn<DifferenceData>[] = [
  { title: 'what', width: 10, value: ({ kind }) => SIGNS[kind] },
  {
    title: 'before',
    width: 9,
    align: 'right',
    value: ({ before, kind }) => bytesOf(before, kind),
  },
  {
    title: 'after',
    width: 9,
    align: 'right',
    value: ({ after, kind }) => bytesOf(after, kind),
  },
  {
    title: 'path',
    keep: 'ends',
    value: (difference) => pathOf(difference),
  },
]

/** Sizes say nothing of metadata: content that differs is told as that. */
function bytesOf(entry: EntryData | undefined, kind: DifferenceData['kind']): string {
  return entry === undefined || kind === 'metadata' ? '' : formatBytes(entry.bytes)
}

function pathOf({ after, before, from, kind, shownPath }: DifferenceData): string {
  const path = from === undefined ? shownPath : renamedPath(from, shownPath)
  if (kind !== 'metadata' || before === undefined || after === undefined) return path
  return `${path}: ${metadataChange(before, after)}`
}
