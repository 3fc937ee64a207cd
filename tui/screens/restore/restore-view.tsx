import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import { formatCount, numberOf } from '../../../src/base/number-of.ts'
import { formatPermissions } from '../../../src/base/permissions.ts'
import type { EntryData, PreviewItem, RestoreAction } from '../../../src/service/application/shown.ts'
import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { treeLabel } from '../../components/tree-label.ts'
import { shownEntryKind } from '../../text/entry-kind.ts'
import { wrap } from '../../text/fit.ts'
import { fold } from '../../text/fold.ts'
import { shownDistance, shownTime } from '../../text/when.ts'
import { type Color, type Theme, useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import { JobReport } from './job-report.tsx'
import { COMPARE_ROWS, HEAD_ROWS, SUM_ROWS } from './layout.ts'
import type { RestoreRow } from './restore-rows.ts'
import { bytesNeeded, type RestoreState } from './restore-state.ts'
import { undoneText } from './undo.ts'

type Props = ViewProps<RestoreState>

/** What a restore would do, before it does; then what it did. */
export function RestoreView({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  if (state.undo === undefined && state.job !== undefined) {
    return <JobReport job={state.job} shared={shared} columns={columns} rows={rows} />
  }
  if (state.undo === undefined && state.marked === undefined) {
    const text = 'Nothing is marked: mark files and folders in Browse, then press r there.'
    return <Line text={text} columns={columns} color={theme.muted} />
  }
  if (state.options !== undefined) {
    return (
      <Box flexDirection="column" width={columns}>
        <Line text="Restore: where to, and how" columns={columns} isBold color={theme.accent} />
        <EditorView editor={state.options} columns={columns} rows={rows - 1} />
      </Box>
    )
  }
  return <Preview state={state} nowMs={shared.nowMs} columns={columns} rows={rows} theme={theme} />
}

interface PreviewProps {
  readonly state: RestoreState
  readonly nowMs: number
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}

function Preview({ state, nowMs, columns, rows, theme }: PreviewProps): ReactNode {
  const { out, problem, isWhole } = state
  const shownRow = state.rows[Math.min(state.place.selected, state.rows.length - 1)]
  const empty = problem === undefined ? (isWhole ? 'nothing' : 'looking at what is there …') : `✗ ${problem.message}`
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={titleOf(state)} columns={columns} isBold color={theme.accent} />
      <Box flexDirection="column" width={columns} height={SUM_ROWS}>
        {wrap(sumsOf(state), columns).map((line, index) => (
          <Line key={index} text={line} columns={columns} />
        ))}
      </Box>
      <LookLine state={state} nowMs={nowMs} columns={columns} theme={theme} />
      <Table
        columns={columnsFor(state)}
        rows={state.rows}
        place={state.place}
        width={columns}
        height={rows - HEAD_ROWS - COMPARE_ROWS}
        colorOf={({ item }) => (out.has(item.path) ? theme.muted : actionColor(theme, item.action))}
        empty={empty}
      />
      <Comparison item={shownRow?.item} columns={columns} theme={theme} />
    </Box>
  )
}

function titleOf({ target, overwrite, deleteOthers, undo }: RestoreState): string {
  if (undo !== undefined) return `Preview: take back ${undoneText(undo)}`
  const where = target === '' ? 'in place' : `to ${target}`
  return `Preview: restore ${where}, overwrite ${overwrite}${deleteOthers ? ', delete what is not in the point' : ''}`
}

function sumsOf({ totals, isWhole }: RestoreState): string {
  const parts = ACTIONS.filter((action) => totals[action].count > 0).map((action) => {
    const { count, bytes } = totals[action]
    return action === 'fail'
      ? `would fail ${formatCount(count)}`
      : `${action} ${formatCount(count)} (${formatBytes(bytes)})`
  })
  return parts.join(' · ') + (isWhole ? '' : ' …')
}

const ACTIONS = ['fail', 'create', 'overwrite', 'unchanged', 'delete', 'keep', 'left out'] as const

/** What the target is like, and when it was looked at; what has changed there since comes before that. */
function LookLine({ state, nowMs, columns, theme }: Omit<PreviewProps, 'rows'>): ReactNode {
  const { differing, freeBytes = Infinity, look, seenMs, undo } = state
  if (look !== undefined) return <Line text="looking at it once more …" columns={columns} color={theme.muted} />
  if (differing.size > 0) {
    const text = `▲ ${numberOf(differing.size, 'path')} changed since the preview, marked !: look, then press s again`
    return <Line text={text} columns={columns} color={theme.warning} />
  }
  const isTight = undo === undefined && bytesNeeded(state) > freeBytes
  const fact = undo === undefined ? spaceOf(state) : 'What was changed since that restore is kept'
  const age = seenMs === undefined ? '' : ` · looked at ${shownDistance(seenMs, nowMs)}`
  const text = `${isTight ? '▲ ' : ''}${fact}${age}`
  return <Line text={text} columns={columns} color={isTight ? theme.bad : theme.muted} />
}

function spaceOf(state: RestoreState): string {
  const { freeBytes } = state
  const free = freeBytes === undefined ? '' : `, ${formatBytes(freeBytes)} free`
  return `needs ${formatBytes(bytesNeeded(state))}${free}`
}

const SIGNS: Readonly<Record<RestoreAction, string>> = {
  create: '+ create',
  overwrite: '~ overwrite',
  unchanged: '= unchanged',
  delete: '- delete',
  keep: '· keep',
  fail: '✗ fails',
}

function actionColor(theme: Theme, action: RestoreAction): Color {
  switch (action) {
    case 'create':
      return theme.good
    case 'overwrite':
      return theme.warning
    case 'delete':
    case 'fail':
      return theme.bad
    case 'unchanged':
    case 'keep':
      return theme.muted
  }
}

function columnsFor({ differing, modes, out }: RestoreState): readonly TableColumn<RestoreRow>[] {
  const mark = ({ path }: PreviewItem): string => (differing.size === 0 ? '' : differing.has(path) ? '! ' : '  ')
  return [
    {
      title: 'what',
      width: 11 + (differing.size === 0 ? 0 : 2),
      value: ({ item }) => mark(item) + (out.has(item.path) ? 'x left out' : SIGNS[item.action]),
    },
    { title: 'path', value: (row) => nameOf(row) },
    {
      title: 'size',
      width: 8,
      align: 'right',
      value: ({ item }) => (item.kind === 'dir' ? '' : formatBytes(item.bytes)),
    },
    { title: 'overwrite', width: 10, value: ({ item }) => modes.get(item.path) ?? '' },
  ]
}

/** The top of each tree in full, what is below by its name. */
function nameOf({ item, depth, isClosed }: RestoreRow): string {
  const name = depth === 0 ? item.shownPath : item.shownPath.slice(item.shownPath.lastIndexOf('/') + 1)
  return treeLabel(depth, item.kind === 'dir' ? (isClosed ? 'closed' : 'open') : 'leaf', name)
}

/** Most paths take one of them. */
const PATH_ROWS = 2
/** As many as what is there and what the point has. */
const PROBLEM_ROWS = 2

interface ComparisonProps {
  readonly item: PreviewItem | undefined
  readonly columns: number
  readonly theme: Theme
}

function Comparison({ item, columns, theme }: ComparisonProps): ReactNode {
  return (
    <Box flexDirection="column" height={COMPARE_ROWS} width={columns}>
      <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />
      {fold(item?.shownPath ?? '', columns, PATH_ROWS).map((line, index) => (
        <Line key={index} text={line} columns={columns} />
      ))}
      {item?.problem === undefined ? (
        <>
          <Line text={`there  ${factsOf(item?.before)}`} columns={columns} color={theme.muted} />
          <Line text={`point  ${factsOf(item?.after)}`} columns={columns} />
        </>
      ) : (
        fold(item.problem, columns, PROBLEM_ROWS).map((line, index) => (
          <Line key={index} text={line} columns={columns} color={theme.bad} />
        ))
      )}
    </Box>
  )
}

function factsOf(entry: EntryData | undefined): string {
  if (entry === undefined) return 'nothing'
  const { kind, bytes, modifiedMs, mode, owner, group } = entry
  const size = kind === 'file' ? [numberOf(bytes, 'byte')] : []
  return [shownEntryKind(kind), ...size, shownTime(modifiedMs), formatPermissions(mode), `${owner}:${group}`].join('  ')
}
