import { Box, useIsScreenReaderEnabled } from 'ink'
import type { ReactNode } from 'react'

import { textWidth } from '../../src/base/text-width.ts'
import { shownKey, type Keymap } from '../keymap/keymap.ts'
import type { Size } from '../state/event.ts'
import type { Message } from '../state/state.ts'
import { useTheme } from '../theme/theme.ts'
import { Line } from './line.tsx'

export interface FrameProps {
  readonly title: string
  /** At the right end of the title line: what is looked at. */
  readonly place: string
  readonly size: Size
  readonly message: Message | undefined
  /** Those with a label stand at the bottom, as many as fit. */
  readonly keys: Keymap<string>
  readonly children: ReactNode
}

/** The whole terminal: title line, a rule, the screen, the message line, and the keys at the bottom. */
export function Frame({ title, place, size, message, keys, children }: FrameProps): ReactNode {
  const theme = useTheme()
  const { columns, rows } = size
  const isHeard = useIsScreenReaderEnabled()
  return (
    <Box flexDirection="column" width={columns} {...(isHeard ? {} : { height: rows })}>
      <Line text={titleLine(title, place, columns)} columns={columns} isBold color={theme.accent} />
      {!isHeard && <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />}
      <Box flexGrow={1} flexDirection="column" overflow="hidden">
        {children}
      </Box>
      <Line
        text={messageText(message)}
        columns={columns}
        color={message?.isProblem === true ? theme.bad : theme.good}
      />
      <Line text={keyLine(keys, columns)} columns={columns} color={theme.muted} />
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

/** Returns the keys with labels, as many as fit: the first ones are the more important ones. */
function keyLine(keys: Keymap<string>, columns: number): string {
  let line = ''
  for (const { keys: names, label } of keys) {
    if (label === undefined) continue
    const next = `${line === '' ? '' : '  '}${names.slice(0, 1).map(shownKey).join('')} ${label}`
    if (textWidth(line) + textWidth(next) > columns) break
    line += next
  }
  return line
}
