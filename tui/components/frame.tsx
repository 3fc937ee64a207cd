import { Box, useIsScreenReaderEnabled } from 'ink'
import type { ReactNode } from 'react'

import { textWidth } from '../../src/base/text-width.ts'
import type { Keymap } from '../keymap/keymap.ts'
import type { Size } from '../state/event.ts'
import type { Message } from '../state/state.ts'
import { useTheme } from '../theme/theme.ts'
import { keyLine } from './key-line.ts'
import { Line } from './line.tsx'
import { Lines } from './lines.tsx'

export interface FrameProps {
  readonly title: string
  /** At the right end of the title line: what is looked at. */
  readonly place: string
  readonly size: Size
  readonly message: Message | undefined
  /** The screen's own keys; `undefined`: something lies over it that names its own. */
  readonly keys: Keymap<string> | undefined
  /** `false` while keys are text of a field. */
  readonly hasSharedKeys: boolean
  readonly children: ReactNode
}

/** The whole terminal: title line, a rule, the screen, the message line, and the keys at the bottom. */
export function Frame({ title, place, size, message, keys, hasSharedKeys, children }: FrameProps): ReactNode {
  const theme = useTheme()
  const { columns, rows } = size
  const isHeard = useIsScreenReaderEnabled()
  return (
    <Box flexDirection="column" width={columns} {...(isHeard ? {} : { height: rows })}>
      <Line text={titleLine(title, place, columns)} columns={columns} isBold color={theme.accent} />
      {!isHeard && <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />}
      <Box flexGrow={1} {...(isHeard ? {} : { flexBasis: 0 })} flexDirection="column" overflow="hidden">
        {/* A message of several lines covers the end of the screen: nothing shrinks for it. */}
        <Box flexDirection="column" flexShrink={0}>
          {children}
        </Box>
      </Box>
      <Lines
        text={messageText(message)}
        columns={columns}
        color={message?.isProblem === true ? theme.bad : theme.good}
      />
      <Line
        text={keys === undefined ? '' : keyLine(keys, { columns, hasSharedKeys })}
        columns={columns}
        color={theme.muted}
      />
    </Box>
  )
}

function titleLine(title: string, place: string, columns: number): string {
  const room = columns - textWidth(title) - 1
  return textWidth(place) > room ? title : title + ' '.repeat(room + 1 - textWidth(place)) + place
}

function messageText(message: Message | undefined): string {
  if (message === undefined) return ''
  const sign = message.isProblem ? '✗ ' : ''
  return `${sign}${message.text}${message.hint === undefined ? '' : ` — ${message.hint}`}`
}
