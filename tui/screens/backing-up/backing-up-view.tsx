import { Box } from 'ink'
import type { ReactNode } from 'react'

import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { useTheme } from '../../theme/theme.ts'
import type { BackingUp } from './backing-up.ts'

interface BackingUpViewProps {
  readonly backingUp: BackingUp
  readonly columns: number
  readonly rows: number
}

/** The form for one point that is made now. */
export function BackingUpView({ backingUp, columns, rows }: BackingUpViewProps): ReactNode {
  const theme = useTheme()
  const { editor, isTrying } = backingUp
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`A point now, without a plan${isTrying ? ': it is being asked for …' : ''}`}
        columns={columns}
        isBold
        color={theme.accent}
      />
      <EditorView editor={editor} columns={columns} rows={rows - 1} />
    </Box>
  )
}
