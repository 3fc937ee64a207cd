import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import { formatCount } from '../../../src/base/number-of.ts'
import type { EntryData } from '../../../src/service/application/shown.ts'
import { lineWithCursor } from '../../components/form-view.tsx'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { treeLabel } from '../../components/tree-label.ts'
import { placeAt } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { awayText } from '../../text/away.ts'
import { fit } from '../../text/fit.ts'
import { noPointsText } from '../../text/no-points.ts'
import { shownTime } from '../../text/when.ts'
import { useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import { type BrowseState, chosenEntry, type Found, paneColumns } from './browse-state.ts'
import { HistoryPane, PreviewPane } from './panes.tsx'
import type { TreeRow } from './tree.ts'

type Props = ViewProps<BrowseState>

const SIZE_COLUMNS = 8
const MARK_COLUMNS = 4

/** The tree of a point at the left; what is chosen in it at the right. */
export function BrowseView({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  if (state.point === undefined) {
    return (
      <Line text={noPointsText(shared, 'There is no point to walk into yet.')} columns={columns} color={theme.muted} />
    )
  }
  const right = paneColumns(columns)
  const left = columns - right - 1
  const height = rows - 2
  const entry = chosenEntry(state)
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={headOf(state, shared, columns)} columns={columns} isBold color={theme.accent} />
      <Box width={columns} height={height}>
        {state.found === undefined ? (
          <Tree state={state} columns={left} rows={height} />
        ) : (
          <FoundList found={state.found} columns={left} rows={height} isFocused={state.history === undefined} />
        )}
        <Box width={1} />
        {state.history === undefined ? (
          <PreviewPane
            entry={entry}
            preview={state.preview}
            columns={right}
            rows={height}
            isFocused={state.focus === 'pane'}
          />
        ) : (
          <HistoryPane history={state.history} columns={right} rows={height} />
        )}
      </Box>
      <LastLine state={state} shared={shared} columns={columns} />
    </Box>
  )
}

function headOf(state: BrowseState, { points }: Shared, columns: number): string {
  const point = valueOr(points, []).find(({ id }) => id === state.point)
  const when = point === undefined ? (state.point ?? '').slice(0, 8) : shownTime(point.startedMs)
  const marked = state.marked.size === 0 ? '' : ` · ${state.marked.size} marked`
  const head = `Point of ${when}${marked}  `
  return head + fit(chosenEntry(state)?.shownPath ?? '', columns - head.length, { keep: 'ends' })
}

/** What is typed, otherwise that the repository is away. */
function LastLine({ state, shared, columns }: Omit<Props, 'rows'>): ReactNode {
  const theme = useTheme()
  const { input, prompts } = state
  if (input === undefined) {
    const away = awayText(shared)
    const text = away === undefined ? '' : `▲ ${away}: only what was read is shown`
    return <Line text={text} columns={columns} color={theme.warning} />
  }
  const question = input === 'path' ? 'Go to: ' : 'Search for: '
  const text = question + lineWithCursor(prompts[input].line, columns - question.length)
  return <Line text={text} columns={columns} color={theme.accent} />
}

interface TreeProps {
  readonly state: BrowseState
  readonly columns: number
  readonly rows: number
}

function Tree({ state, columns, rows }: TreeProps): ReactNode {
  const theme = useTheme()
  const place = placeAt(state.place, state.place.selected, { count: state.rows.length, height: rows })
  const hasKeys = state.focus === 'tree' && state.history === undefined
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {state.rows.slice(place.top, place.top + rows).map((row, offset) => {
        const index = place.top + offset
        const isSelected = index === place.selected
        return (
          <Line
            key={index}
            text={rowText(row, isSelected, state, columns)}
            columns={columns}
            color={row.kind === 'note' ? theme.muted : row.entry.kind === 'dir' ? theme.accent : undefined}
            isInverse={isSelected && hasKeys}
          />
        )
      })}
    </Box>
  )
}

function rowText(row: TreeRow, isSelected: boolean, state: BrowseState, columns: number): string {
  const chosen = isSelected ? '›' : ' '
  if (row.kind === 'note') return `${chosen}   ${treeLabel(row.depth, 'leaf', row.text)}`
  const { entry, depth, isOpen } = row
  const mark = state.marked.has(entry.path) ? '[x]' : '   '
  const fold = entry.kind !== 'dir' ? 'leaf' : isOpen ? 'open' : 'closed'
  const size = entry.kind === 'file' ? formatBytes(entry.bytes) : ''
  const name = fit(treeLabel(depth, fold, entry.name), columns - MARK_COLUMNS - SIZE_COLUMNS - 1)
  return `${chosen}${mark}${name} ${size.padStart(SIZE_COLUMNS)}`
}

interface FoundListProps {
  readonly found: Found
  readonly columns: number
  readonly rows: number
  readonly isFocused: boolean
}

function FoundList({ found, columns, rows, isFocused }: FoundListProps): ReactNode {
  const { entries, pattern } = found
  const count = entries.kind === 'ready' ? ` (${formatCount(entries.value.length)})` : ''
  const empty =
    entries.kind === 'loading' ? 'searching …' : entries.kind === 'failed' ? entries.problem.message : 'nothing found'
  const shown: readonly TableColumn<EntryData>[] = [
    { title: `${pattern}${count}`, keep: 'end', value: ({ shownPath }) => shownPath },
  ]
  return (
    <Table
      columns={shown}
      rows={valueOr(entries, [])}
      place={found.place}
      width={columns}
      height={rows}
      empty={empty}
      isFocused={isFocused}
      unfolds
    />
  )
}
