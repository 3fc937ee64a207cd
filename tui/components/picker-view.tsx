import { Box } from 'ink'
import { basename } from 'node:path/posix'
import type { ReactNode } from 'react'

import { type FolderPicker, PICKER_HEAD_ROWS, pickerRows } from '../forms/picker.ts'
import { listText } from '../forms/typed-list.ts'
import { useTheme } from '../theme/theme.ts'
import { Line } from './line.tsx'
import { Table } from './table.tsx'

export interface PickerViewProps {
  readonly picker: FolderPicker
  readonly columns: number
  readonly rows: number
}

/** Folders of this machine as a list. */
export function PickerView({ picker, columns, rows }: PickerViewProps): ReactNode {
  const theme = useTheme()
  const { directory, folders, chosen, isForMany, place } = picker
  const state = folders.kind === 'loading' ? ' …' : folders.kind === 'failed' ? ` ✗ ${folders.problem.message}` : ''
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`${directory}${state}`}
        columns={columns}
        isBold
        color={folders.kind === 'failed' ? theme.bad : theme.accent}
      />
      <Line
        text={isForMany ? `chosen: ${listText(chosen) || 'none yet, the space bar chooses'}` : 'Enter takes the folder'}
        columns={columns}
        color={theme.muted}
      />
      <Table
        columns={[
          { title: '', width: 3, value: (path) => (chosen.includes(path) ? '[x]' : isForMany ? '[ ]' : '') },
          { title: 'folder', value: (path, index) => (index === 0 ? './ (this folder)' : `${basename(path)}/`) },
        ]}
        rows={pickerRows(picker)}
        place={place}
        width={columns}
        height={rows - PICKER_HEAD_ROWS}
        empty=""
      />
    </Box>
  )
}
