import type { ReactNode } from 'react'

import { shownKey } from '../keymap/keymap.ts'
import { helpLines, helpRows } from '../state/help.ts'
import { placeAt } from '../state/list.ts'
import type { Overlay } from '../state/overlay.ts'
import { paletteEntries } from '../state/palette.ts'
import { titleOf } from '../state/screen-step.ts'
import type { State } from '../state/state.ts'
import { useTheme } from '../theme/theme.ts'
import { Dialog } from './dialog.tsx'
import { FormView, lineWithCursor } from './form-view.tsx'
import { Line } from './line.tsx'

export interface OverlayViewProps {
  readonly state: State
  readonly overlay: Overlay
  readonly columns: number
  readonly rows: number
}

/** What lies over the screen. */
export function OverlayView({ state, overlay, columns, rows }: OverlayViewProps): ReactNode {
  const theme = useTheme()
  const room = { columns, rows }
  switch (overlay.kind) {
    case 'help':
      return <Help state={state} top={overlay.top} columns={columns} />
    case 'palette':
      return <Palette state={state} overlay={overlay} {...room} />
    case 'question': {
      const { title, lines, verb, otherwise = 'leave it' } = overlay.question
      const answers = `y ${verb}   n ${otherwise}`
      return <Dialog title={title} lines={lines} answers={answers} color={theme.warning} {...room} />
    }
    case 'quit':
      return (
        <Dialog
          title="Leave the dashboard?"
          lines={overlay.reasons}
          answers="y leave   n stay"
          color={theme.warning}
          {...room}
        />
      )
    case 'unlock':
      return (
        <Dialog
          title={`Open ${overlay.repository}`}
          lines={overlay.isTrying ? ['Deriving the key …'] : []}
          answers={
            overlay.isLeaving
              ? 'What was typed would be lost: y leave it   n go on'
              : 'Enter open   Esc leave it locked'
          }
          {...room}
        >
          <FormView form={overlay.form} columns={Math.min(columns, 72) - 4} />
        </Dialog>
      )
  }
}

interface HelpProps {
  readonly state: State
  readonly top: number
  readonly columns: number
}

function Help({ state, top, columns }: HelpProps): ReactNode {
  const theme = useTheme()
  const lines = helpLines(state)
  const rows = helpRows(state.shared)
  // The terminal may have grown since somebody scrolled.
  const first = Math.min(top, Math.max(0, lines.length - rows))
  return (
    <>
      <Line text={`Keys of ${titleOf(state.screen)}`} columns={columns} isBold color={theme.accent} />
      {lines.slice(first, first + rows).map((line, index) => (
        <Line key={index} text={line} columns={columns} />
      ))}
      <Line text="  ↑ ↓ scroll, any other key closes this" columns={columns} color={theme.muted} />
    </>
  )
}

interface PaletteProps {
  readonly state: State
  readonly overlay: Extract<Overlay, { kind: 'palette' }>
  readonly columns: number
  readonly rows: number
}

function Palette({ state, overlay, columns, rows }: PaletteProps): ReactNode {
  const theme = useTheme()
  const entries = paletteEntries(state, overlay.query.text)
  const height = rows - 1
  const place = placeAt({ selected: overlay.selected, top: 0 }, overlay.selected, { count: entries.length, height })
  return (
    <>
      <Line text={`:${lineWithCursor(overlay.query, columns - 1)}`} columns={columns} isBold color={theme.accent} />
      {entries.length === 0 && <Line text="  nothing of that name" columns={columns} color={theme.muted} />}
      {entries.slice(place.top, place.top + height).map(({ title, keys }, offset) => {
        const isSelected = place.top + offset === place.selected
        const text = `${isSelected ? '› ' : '  '}${keys.map(shownKey).join(' ').padEnd(10)} ${title}`
        return <Line key={offset} text={text} columns={columns} isInverse={isSelected} />
      })}
    </>
  )
}
