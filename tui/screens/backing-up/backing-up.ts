import type { PointData } from '../../../src/service/application/shown.ts'
import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  editorCalls,
  type EditorCommand,
  editorKeys,
  editorOf,
  editorWithMistakes,
  pasteInEditor,
} from '../../forms/editor.ts'
import { choiceField, textField, textOf } from '../../forms/form.ts'
import { listOf, listText } from '../../forms/typed-list.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import { valueOr } from '../../state/loaded.ts'
import type { ScreenName } from '../../state/screen-name.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { typeInScreen } from '../screen-editor.ts'

type BackupField = 'sources' | 'excludes' | 'repository' | 'tags'

/** A form for one point that is made now, without a plan. */
export interface BackingUp {
  readonly editor: Editor<BackupField>
  /** It was sent, and stays until its job is queued: what cannot be done is corrected, not typed again. */
  readonly isTrying: boolean
}

/** What becomes of it; `undefined`: it was left, or is done. */
export type BackingUpStep = Step<BackingUp | undefined>

export interface BackingUpContext {
  /** The screen that is shown, which gets the answers. */
  readonly screen: ScreenName
  readonly shared: Shared
}

/** The key that both screens have for it. */
export const BACK_UP = {
  command: 'backup',
  keys: ['b'],
  label: 'back up',
  help: 'make a point now: of the same folders as the chosen or last one, or of others',
} as const

/** Returns the form, filled in as a point was made; without one, with the folder of the user. */
export function startBackingUp(like: PointData | undefined, { screen, shared }: BackingUpContext): BackingUpStep {
  const names = valueOr(shared.repositories, []).map(({ name }) => name)
  if (names.length === 0)
    return { state: undefined, say: 'There is no repository: add one on the screen Drivers first.' }
  // What a command printed, or a source that cannot be read, is no path.
  const paths = like?.sources?.filter((source) => source.startsWith('/')) ?? []
  const sources = paths.length > 0 ? paths : [shared.home]
  const editor = editorOf<BackupField>(
    {
      fields: [
        {
          name: 'sources',
          label: 'Folders to keep',
          field: textField(listText(sources)),
          help: 'absolute, with commas between; Ctrl+O chooses',
        },
        {
          name: 'excludes',
          label: 'Leave out',
          field: textField(),
          help: 'patterns as of .gitignore, with commas between; what a plan leaves out counts for its own points only',
        },
        {
          name: 'repository',
          label: 'Repository',
          field: choiceField(names, Math.max(0, names.indexOf(shared.repository ?? ''))),
          help: '← → choose',
        },
        {
          name: 'tags',
          label: 'Tags',
          field: textField(listText(like?.tags ?? [])),
          help: 'with commas between',
        },
      ],
      focus: 0,
    },
    { pickable: { sources: 'many' }, wishes: { sources: 'anything' } },
  )
  // Those of another machine, or of a disk that is not there, are told at once.
  const look = { field: 'sources', paths: sources } as const
  return { state: { editor, isTrying: false }, effects: editorCalls({ editor, outcome: 'editing', look }, screen) }
}

export function backingUpKeys({ editor }: BackingUp): Keymap<EditorCommand> {
  return editorKeys(editor)
}

export function unsavedBackup(backingUp: BackingUp | undefined): string | undefined {
  return backingUp?.editor.isTouched === true ? 'A backup is half filled in.' : undefined
}

/** Returns what a key makes of it. */
export function typeInBackingUp(backingUp: BackingUp, key: Key, { screen, shared }: BackingUpContext): BackingUpStep {
  // What was asked for is not taken back by leaving its form: its answer says that it has begun.
  if (backingUp.isTrying) return { state: key === 'esc' ? undefined : backingUp }
  return typeInScreen<BackingUp | undefined, BackupField>(backingUp.editor, key, {
    ...{ screen, shared },
    hold: (editor) => editor && { ...backingUp, editor },
    send: (editor) => send({ ...backingUp, editor }, screen),
  })
}

function send(backingUp: BackingUp, screen: ScreenName): BackingUpStep {
  const { form } = backingUp.editor
  const sources = listOf(textOf(form, 'sources'))
  if (sources.length === 0 || sources.some((path) => !path.startsWith('/'))) {
    const editor = editorWithMistakes(backingUp.editor, { sources: 'folders that begin with /' })
    return { state: { ...backingUp, editor } }
  }
  const how = { tags: listOf(textOf(form, 'tags')), excludes: listOf(textOf(form, 'excludes')) }
  return {
    state: { ...backingUp, isTrying: true },
    effects: [call(`${screen}:backup`, 'backup', textOf(form, 'repository'), sources, how)],
  }
}

export function pasteInBackingUp(backingUp: BackingUp, text: string): BackingUp {
  return backingUp.isTrying ? backingUp : { ...backingUp, editor: pasteInEditor(backingUp.editor, text) }
}

/** Returns what an answer makes of it: its job is looked at once it is queued, unless its form was left meanwhile. */
export function answerInBackingUp(backingUp: BackingUp | undefined, answer: Answer): BackingUpStep {
  if (answer.method === 'backup') {
    const say = 'The backup has begun.'
    if (backingUp?.isTrying !== true) return { state: backingUp, say }
    return { state: undefined, go: { screen: 'jobs', job: answer.value }, say }
  }
  return { state: backingUp && { ...backingUp, editor: editorAfterAnswer(backingUp.editor, answer) } }
}

export function failureInBackingUp(backingUp: BackingUp, failure: Failure): BackingUp {
  const isTrying = backingUp.isTrying && failure.method !== 'backup'
  return { editor: editorAfterFailure(backingUp.editor, failure), isTrying }
}
