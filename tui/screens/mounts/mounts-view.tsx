import { Box } from 'ink'
import type { ReactNode } from 'react'

import { numberOf } from '../../../src/base/number-of.ts'
import type { MountData } from '../../../src/service/application/shown.ts'
import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { shownDistance } from '../../text/when.ts'
import { useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import type { MountsState } from './mounts.ts'

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
        height={rows - 1}
        empty={emptyText(shared)}
        unfolds
      />
    </Box>
  )
}

function emptyText({ mounts }: Shared): string {
  if (mounts.kind === 'loading') return 'asking what is mounted …'
  return mounts.kind === 'failed' ? mounts.problem.message : 'nothing is mounted: m mounts all points, or one'
}

function columnsFor({ nowMs }: Shared): readonly TableColumn<MountData>[] {
  return [
    { title: 'repository', width: 12, value: ({ repository }) => repository ?? '?' },
    { title: 'point', width: 10, value: ({ point }) => point?.slice(0, 8) ?? 'all' },
    {
      title: 'since',
      width: 12,
      value: ({ sinceMs }) => (sinceMs === undefined ? '' : shownDistance(sinceMs, nowMs)),
    },
    { title: 'folder', keep: 'end', value: ({ directory }) => directory },
  ]
}
