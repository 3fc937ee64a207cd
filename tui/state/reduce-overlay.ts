import { EMPTY_LINE, pasteText, typeKey } from '../forms/text-line.ts'
import type { Key } from '../keymap/key.ts'
import { helpLines, helpRows } from './help.ts'
import { tellScreen } from './navigate.ts'
import { outcome, type Outcome } from './outcome.ts'
import type { Overlay } from './overlay.ts'
import { paletteEntries, type PaletteEntry } from './palette.ts'
import type { State } from './state.ts'
import { keyWhileUnlocking, pasteWhileUnlocking } from './unlock.ts'

export const EMPTY_PALETTE: Overlay = { kind: 'palette', query: EMPTY_LINE, selected: 0 }

/** What a key means while something lies over the screen; `choose` does what was found in the palette. */
export function reduceOverlay(
  state: State,
  overlay: Overlay,
  key: Key,
  choose: (state: State, entry: PaletteEntry) => Outcome,
): Outcome {
  switch (overlay.kind) {
    case 'help':
      return outcome(keyInHelp(state, overlay.top, key))
    case 'palette':
      return keyInPalette(state, overlay, key, choose)
    case 'question':
      return keyInQuestion(state, overlay, key)
    case 'quit':
      return keyInQuit(state, key)
    case 'unlock':
      return keyWhileUnlocking(state, overlay, key)
  }
}

/** What pasted text means while something lies over the screen. */
export function pasteInOverlay(state: State, overlay: Overlay, text: string): State {
  if (overlay.kind === 'unlock') return pasteWhileUnlocking(state, overlay, text)
  if (overlay.kind !== 'palette') return state
  return { ...state, overlay: { ...overlay, query: pasteText(overlay.query, text), selected: 0 } }
}

function keyInHelp(state: State, top: number, key: Key): State {
  const last = Math.max(0, helpLines(state).length - helpRows(state.shared))
  if (key === 'down' || key === 'j') return { ...state, overlay: { kind: 'help', top: Math.min(last, top + 1) } }
  if (key === 'up' || key === 'k') return { ...state, overlay: { kind: 'help', top: Math.max(0, top - 1) } }
  return { ...state, overlay: undefined }
}

function keyInPalette(
  state: State,
  overlay: Extract<Overlay, { kind: 'palette' }>,
  key: Key,
  choose: (state: State, entry: PaletteEntry) => Outcome,
): Outcome {
  const entries = paletteEntries(state, overlay.query.text)
  const closed: State = { ...state, overlay: undefined }
  const select = (selected: number): Outcome =>
    outcome({ ...state, overlay: { ...overlay, selected: Math.max(0, Math.min(selected, entries.length - 1)) } })
  switch (key) {
    case 'esc':
    case 'ctrl+c':
      return outcome(closed)
    case 'up':
      return select(overlay.selected - 1)
    case 'down':
      return select(overlay.selected + 1)
    case 'enter': {
      const entry = entries[overlay.selected]
      return entry === undefined ? outcome(closed) : choose(closed, entry)
    }
    default:
      return outcome({ ...state, overlay: { ...overlay, query: typeKey(overlay.query, key), selected: 0 } })
  }
}

function keyInQuestion(state: State, overlay: Extract<Overlay, { kind: 'question' }>, key: Key): Outcome {
  const closed: State = { ...state, overlay: undefined }
  if (key === 'y') return tellScreen(closed, overlay.screen, { kind: 'confirmed', question: overlay.question.name })
  // Enter is pressed too easily to mean yes.
  return key === 'n' || key === 'esc' || key === 'q' || key === 'ctrl+c' ? outcome(closed) : outcome(state)
}

function keyInQuit(state: State, key: Key): Outcome {
  if (key === 'y' || key === 'ctrl+c') return outcome(state, [{ kind: 'quit' }])
  return outcome(key === 'n' || key === 'esc' || key === 'q' ? { ...state, overlay: undefined } : state)
}
