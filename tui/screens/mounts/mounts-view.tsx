import { Box } from 'ink'
import type { ReactNode } from 'react'

import { numberOf } from '../../../src/base/number-of.ts'
import type { MountData } from '../../../src/service/application/shown.ts'
import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { Lines } from '../../components/lines.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { shownDistance, shownTime } from '../../text/when.ts'
import { useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import { DETAIL_ROWS, chosenMount, type MountsState } from './mounts.ts'

/** Points that are folders of this machine now. */
export function MountsView({ state, shared, columns, rows }: ViewProps<MountsState>): ReactNode {
  const theme = useTheme()
  const { editor } = state
  if (editor !== undefined) {
    return (
      <Box flexDirection="column" width={columns}>
        <Line
          text={`Mount ${shared.repository ?? ''}: its points as folders, read-only`}
          columns={columns}
          isBold
          color={theme.accent}
        />
        <EditorView editor={editor} columns={columns} rows={rows - 1} />
      </Box>
    )
  }
  const all = valueOr(shared.mounts, [])
  const chosen = chosenMount(state, shared)
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`${numberOf(all.length, 'mount')}; they stay when the dashboard is left`}
        columns={columns}
        color={theme.muted}
      />
      <Table
        columns={columnsFor(shared)}
        rows={all}
        place={state.place}
        width={columns}
        height={rows - 1 - DETAIL_ROWS}
        colorOf={({ answer }) => (answer === 'alive' ? undefined : theme.bad)}
        empty={emptyText(shared)}
        unfolds
      />
      {chosen !== undefined && <Details mount={chosen} columns={columns} />}
    </Box>
  )
}

interface DetailsProps {
  readonly mount: MountData
  readonly columns: number
}

/** What is known of the chosen mount, and what can be done about it. */
function Details({ mount, columns }: DetailsProps): ReactNode {
  const theme = useTheme()
  return (
    <Box flexDirection="column" width={columns} height={DETAIL_ROWS}>
      <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />
      <Lines text={knownText(mount)} columns={columns} />
      <Lines
        text={helpText(mount)}
        columns={columns}
        color={mount.answer !== 'alive' ? theme.bad : isNoted(mount) ? theme.muted : theme.warning}
      />
    </Box>
  )
}

function isNoted({ repository }: MountData): boolean {
  return repository !== undefined
}

function knownText({ repository, point, sinceMs, process, answer }: MountData): string {
  if (repository === undefined) return 'What is mounted here, and since when, was not noted.'
  const what = point === undefined ? 'all points' : `the point ${point.slice(0, 8)}`
  const since = sinceMs === undefined ? '' : `, since ${shownTime(sinceMs)}`
  const by = process === undefined ? '' : `, by the process ${process}${answer === 'dead' ? ', which is gone' : ''}`
  return `${what} of ${repository}${since}${by}`
}

function helpText(mount: MountData): string {
  if (mount.answer === 'silent') {
    return '✗ It does not answer: whatever reads there waits. Its process may be stopped. u ends it, m mounts it again.'
  }
  if (mount.answer === 'dead')
    return '✗ Nobody answers any more: nothing can be read there. u takes it away, m mounts it again.'
  if (isNoted(mount)) return 'u ends it, unless something reads there.'
  return '▲ A Tidemark of yours with other folders of its own, or an older one, has mounted it. It can be read; u ends it.'
}

function emptyText({ mounts }: Shared): string {
  if (mounts.kind === 'loading') return 'asking what is mounted …'
  return mounts.kind === 'failed' ? mounts.problem.message : 'nothing is mounted: m mounts all points, or one'
}

function columnsFor({ nowMs }: Shared): readonly TableColumn<MountData>[] {
  return [
    { title: '', width: 1, value: (mount) => (mount.answer !== 'alive' ? '✗' : isNoted(mount) ? '' : '▲') },
    { title: 'repository', width: 12, value: ({ repository }) => repository ?? 'not noted' },
    { title: 'point', width: 8, value: (mount) => mount.point?.slice(0, 8) ?? (isNoted(mount) ? 'all' : '') },
    {
      title: 'since',
      width: 12,
      value: ({ sinceMs }) => (sinceMs === undefined ? '' : shownDistance(sinceMs, nowMs)),
    },
    { title: 'folder', keep: 'end', value: ({ directory }) => directory },
  ]
}
