import { Box } from 'ink'
import type { ReactNode } from 'react'

import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { shownHost } from '../../text/host.ts'
import { useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import type { SettingsState } from './settings.ts'

const FOR_GOOD = [
  'They last until the dashboard is left. For good, variables say them:',
  'NO_COLOR, COLORFGBG (0;15 is black on white), TZ for the times that are shown,',
  'INK_SCREEN_READER=true for frames that are read aloud.',
]

/** What can be set, and what is so. */
export function SettingsView({ state, shared, columns, rows }: ViewProps<SettingsState>): ReactNode {
  const theme = useTheme()
  const { editor } = state
  const { settings, host, size } = shared
  const facts = [
    `Colours       ${settings.theme.colors}`,
    `Background    ${settings.theme.background}`,
    `Mount folder  ${settings.mountFolder}`,
    '',
    `Jobs run in   ${shownHost(host)}`,
    `Terminal      ${size.columns}x${size.rows}`,
  ]
  return (
    <Box flexDirection="column" width={columns}>
      <Line text="Settings" columns={columns} isBold color={theme.accent} />
      {editor === undefined ? (
        facts.map((fact, index) => <Line key={index} text={`  ${fact}`} columns={columns} />)
      ) : (
        <EditorView editor={editor} columns={columns} rows={rows - 1} />
      )}
      {editor?.picking === undefined &&
        ['', ...FOR_GOOD].map((line, index) => (
          <Line key={`for-good-${index}`} text={line} columns={columns} color={theme.muted} />
        ))}
    </Box>
  )
}
