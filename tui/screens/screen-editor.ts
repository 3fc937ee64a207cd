import { type Editor, editorCalls, type EditorSurroundings, LEAVE_FORM, typeInEditor } from '../forms/editor.ts'
import { pickerListRows } from '../forms/picker.ts'
import type { Key } from '../keymap/key.ts'
import type { ScreenName } from '../state/screen-name.ts'
import { bodyRows, type Shared } from '../state/shared.ts'
import type { Step } from '../state/step.ts'

/** Returns what a form that fills a screen is typed in. */
export function editorSurroundings(shared: Shared): EditorSurroundings {
  return { home: shared.home, height: pickerListRows(bodyRows(shared)) }
}

/** How a screen has a form in its state. */
export interface EditorHolder<State, Name extends string> {
  /** The screen that is shown, which gets the answers. */
  readonly screen: ScreenName
  readonly shared: Shared
  /** Returns the state with the form as it is now, or without it. */
  readonly hold: (editor: Editor<Name> | undefined) => State
  readonly send: (editor: Editor<Name>) => Step<State>
}

/** Returns what a key makes of a form: what was put into it is not lost without a question. */
export function typeInScreen<State, Name extends string>(
  editor: Editor<Name>,
  key: Key,
  { screen, shared, hold, send }: EditorHolder<State, Name>,
): Step<State> {
  const step = typeInEditor(editor, key, editorSurroundings(shared))
  switch (step.outcome) {
    case 'editing':
      return { state: hold(step.editor), effects: editorCalls(step, screen) }
    case 'left':
      return { state: hold(undefined) }
    case 'asked':
      return { state: hold(step.editor), ask: LEAVE_FORM }
    case 'sent':
      return send(step.editor)
  }
}
