import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  editorCalls,
  editorKeys,
  editorOf,
  editorWithMistakes,
  LEAVE_FORM,
  pasteInEditor,
  typeInEditor,
} from '../../forms/editor.ts'
import { choiceField, textField, textOf } from '../../forms/form.ts'
import type { Key } from '../../keymap/key.ts'
import type { ScreenEvent } from '../../state/event.ts'
import type { Screen } from '../../state/screen.ts'
import type { Settings, Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { editorSurroundings } from '../screen-editor.ts'

const COLORS = ['none', '16', '256'] as const
const BACKGROUNDS = ['dark', 'light'] as const

type SettingField = 'colors' | 'background' | 'mountFolder'

export interface SettingsState {
  /** Open while something is being set. */
  readonly editor: Editor<SettingField> | undefined
}

export const settings: Screen<SettingsState, string> = {
  title: 'Settings',
  initial: { editor: undefined },
  keys: ({ editor }) => (editor === undefined ? [CHANGE] : editorKeys(editor)),
  isTyping: ({ editor }) => editor !== undefined,
  unsaved: ({ editor }) => (editor?.isTouched === true ? 'What was typed in Settings is not set yet.' : undefined),
  reduce,
}

const CHANGE = { command: 'change', keys: ['enter', 'e'], label: 'change', help: 'change what is set' } as const

function reduce(state: SettingsState, event: ScreenEvent, shared: Shared): Step<SettingsState> {
  const { editor } = state
  switch (event.kind) {
    case 'command':
      return { state: { editor: editorFor(shared.settings) } }
    case 'typed':
      return editor === undefined ? { state } : type(editor, event.key, shared)
    case 'paste':
      return { state: { editor: editor && pasteInEditor(editor, event.text) } }
    case 'confirmed':
      return { state: event.question === LEAVE_FORM.name ? { editor: undefined } : state }
    case 'answer':
      return editor === undefined ? { state } : { state: { editor: editorAfterAnswer(editor, event) } }
    case 'failure':
      return { state: { editor: editor && editorAfterFailure(editor, event) } }
    default:
      return { state }
  }
}

function editorFor({ theme, mountFolder }: Settings): Editor<SettingField> {
  return editorOf(
    {
      fields: [
        {
          name: 'colors',
          label: 'Colours',
          field: choiceField(COLORS, COLORS.indexOf(theme.colors)),
          help: '← → choose; seen at once',
        },
        {
          name: 'background',
          label: 'Background',
          field: choiceField(BACKGROUNDS, BACKGROUNDS.indexOf(theme.background)),
          help: '← → choose what the terminal has',
        },
        {
          name: 'mountFolder',
          label: 'Mount folder',
          field: textField(mountFolder),
          help: 'where mounting is offered; Ctrl+O chooses',
        },
      ],
      focus: 0,
    },
    { pickable: { mountFolder: 'one' }, wishes: { mountFolder: 'new-folder' } },
  )
}

function type(before: Editor<SettingField>, key: Key, shared: Shared): Step<SettingsState> {
  const step = typeInEditor(before, key, editorSurroundings(shared))
  const { editor, outcome } = step
  switch (outcome) {
    case 'editing':
      return { state: { editor }, effects: editorCalls(step, 'settings'), set: { theme: themeIn(editor) } }
    case 'left':
      return { state: { editor: undefined } }
    case 'asked':
      // Colours are seen while they are chosen: leaving keeps them, there is nothing to lose.
      if (textOf(editor.form, 'mountFolder') !== shared.settings.mountFolder)
        return { state: { editor }, ask: LEAVE_FORM }
      return { state: { editor: undefined }, set: { theme: themeIn(editor) } }
    case 'sent':
      return send(editor)
  }
}

function send(editor: Editor<SettingField>): Step<SettingsState> {
  const mountFolder = textOf(editor.form, 'mountFolder')
  if (!mountFolder.startsWith('/')) {
    return { state: { editor: editorWithMistakes(editor, { mountFolder: 'an absolute path begins with /' }) } }
  }
  return { state: { editor: undefined }, set: { theme: themeIn(editor), mountFolder }, say: 'Set.' }
}

function themeIn({ form }: Editor<SettingField>): Settings['theme'] {
  const colors = COLORS.find((each) => each === textOf(form, 'colors')) ?? 'none'
  const background = BACKGROUNDS.find((each) => each === textOf(form, 'background')) ?? 'dark'
  return { colors, background }
}
