import type { Handle, JobData } from '../../../src/service/application/shown.ts'
import { join } from 'node:path/posix'

import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  editorCalls,
  editorKeys,
  editorOf,
  LEAVE_FORM,
  pasteInEditor,
  typeInEditor,
  withoutSecrets,
} from '../../forms/editor.ts'
import { afterRefusal, textField, textOf, withCopies, withMistakes, withoutProblem } from '../../forms/form.ts'
import { newPasswordFields, takeTypedSecret } from '../../forms/opener.ts'
import { listOf, listText } from '../../forms/typed-list.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import {
  type Adding,
  addingKeys,
  type AddingStep,
  answerInAdding,
  failureInAdding,
  isAddingUnsaved,
  pasteInAdding,
  startAdding,
  typeInAdding,
  yesInAdding,
} from '../adding/adding.ts'
import { codeKeys, pasteInCode, type ShownCode, shownCode, typeInCode } from '../recovery-code/recovery-code.ts'
import { editorSurroundings } from '../screen-editor.ts'

/** What the first repository is called, unless something is called that already. */
const FIRST_NAME = 'first'

type BackupField = 'sources' | 'folder' | 'secret' | 'again'

/** How far somebody is who uses Tidemark for the first time. */
export type StartState =
  | { readonly page: 'choose'; readonly selected: number }
  /** "I need my files back". */
  | { readonly page: 'files'; readonly adding: Adding }
  /** "New backup". */
  | { readonly page: 'backup'; readonly editor: Editor<BackupField>; readonly isTrying: boolean }
  | { readonly page: 'code'; readonly code: ShownCode; readonly sources: readonly string[] }
  /** The first point is being made; `undefined` until the service has taken it. */
  | {
      readonly page: 'running'
      readonly repository: string
      readonly sources: readonly string[]
      readonly job: Handle | undefined
    }

const CHOOSE: StartState = { page: 'choose', selected: 0 }

export const start: Screen<StartState, string> = {
  title: 'First start',
  initial: CHOOSE,
  keys: keysFor,
  isTyping: ({ page }) => page === 'files' || page === 'backup' || page === 'code',
  unsaved,
  reduce,
}

const CHOOSE_KEYS: Keymap<string> = [
  { command: 'take', keys: ['enter'], label: 'take', help: 'take the chosen way', needsLook: true },
  { command: 'files', keys: ['f'], help: 'I need my files back: connect to a repository, look into it, restore' },
  { command: 'backup', keys: ['b'], help: 'new backup: keep folders of this machine, within a minute' },
  { command: 'up', keys: ['up', 'k'], help: 'I need my files back' },
  { command: 'down', keys: ['down', 'j'], label: 'choose', help: 'New backup' },
]
const LOOK = { command: 'browse', keys: ['enter'], label: 'look into the point', help: 'walk into what is kept now' }
const AGAIN = { command: 'again', keys: ['r'], label: 'try again', help: 'make the first point again' }

function keysFor(state: StartState, shared: Shared): Keymap<string> {
  switch (state.page) {
    case 'choose':
      return CHOOSE_KEYS
    case 'files':
      return addingKeys(state.adding)
    case 'backup':
      return editorKeys(state.editor)
    case 'code':
      return codeKeys(state.code)
    case 'running':
      return keysBehind(firstJob(state, shared))
  }
}

/** Returns the job that makes the first point, as far as it is known. */
export function firstJob({ job }: Extract<StartState, { page: 'running' }>, { jobs }: Shared): JobData | undefined {
  return valueOr(jobs, []).find(({ id }) => id === job)
}

function keysBehind(job: JobData | undefined): Keymap<string> {
  switch (job?.state) {
    case 'done':
      return [LOOK]
    case 'errored':
    case 'cancelled':
      return [AGAIN]
    default:
      return []
  }
}

function unsaved(state: StartState): string | undefined {
  switch (state.page) {
    case 'files':
      return isAddingUnsaved(state.adding)
    case 'backup':
      return state.editor.isTouched ? 'The first backup is half filled in.' : undefined
    case 'code':
      return `The recovery code of ${state.code.repository} is never shown again.`
    default:
      return undefined
  }
}

function reduce(state: StartState, event: ScreenEvent, shared: Shared): Step<StartState> {
  switch (event.kind) {
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      return type(state, event.key, shared)
    case 'paste':
      return { state: paste(state, event.text) }
    case 'confirmed':
      if (state.page === 'files') {
        return afterAdding(state, yesInAdding(state.adding, event.question, { screen: 'start', shared }))
      }
      return { state: event.question === LEAVE_FORM.name ? leaveForm(state) : state }
    case 'answer':
      return takeAnswer(state, event, shared)
    case 'failure':
      if (state.page === 'files') return afterAdding(state, failureInAdding(state.adding, event))
      return { state: state.page === 'backup' ? backupAfterFailure(state, event) : state }
    default:
      return { state }
  }
}

function takeCommand(state: StartState, command: string, shared: Shared): Step<StartState> {
  if (state.page === 'choose') {
    if (command === 'up' || command === 'down') return { state: { ...state, selected: command === 'up' ? 0 : 1 } }
    if (command === 'files' || (command === 'take' && state.selected === 0))
      return { state: { page: 'files', adding: startAdding(false) } }
    return { state: { page: 'backup', editor: backupEditor(shared), isTrying: false } }
  }
  if (state.page !== 'running') return { state }
  if (command === 'again') return backUp(state.repository, state.sources)
  return { state: CHOOSE, go: { screen: 'browse' } }
}

function backupEditor({ home }: Shared): Editor<BackupField> {
  const sources = textField(listText([home]))
  const folder = textField(proposedFolder(home))
  return editorOf(
    {
      fields: [
        {
          name: 'sources',
          label: 'Folders to keep',
          field: sources,
          help: 'absolute, with commas between; Ctrl+O chooses',
        },
        { name: 'folder', label: 'Repository', field: folder, help: 'an empty or a new folder; Ctrl+O chooses' },
        ...newPasswordFields(),
      ],
      focus: 2,
    },
    {
      pickable: { sources: 'many', folder: 'one' },
      wishes: { sources: 'anything', folder: 'new-folders' },
    },
  )
}

function proposedFolder(home: string): string {
  return join(home, '.local/share/tidemark/repository')
}

function type(state: StartState, key: Key, shared: Shared): Step<StartState> {
  switch (state.page) {
    case 'files':
      return afterAdding(state, typeInAdding(state.adding, key, { screen: 'start', shared }))
    case 'backup':
      return typeBackup(state, key, shared)
    case 'code': {
      const { code, outcome } = typeInCode(state.code, key)
      return outcome === 'checked' ? backUp(code.repository, state.sources) : { state: { ...state, code } }
    }
    default:
      return { state }
  }
}

type Backup = Extract<StartState, { page: 'backup' }>

function typeBackup(state: Backup, key: Key, shared: Shared): Step<StartState> {
  if (state.isTrying) {
    if (key !== 'esc') return { state }
    return { state: { ...state, isTrying: false }, effects: [{ kind: 'drop', slot: 'start:add' }] }
  }
  const step = typeInEditor(state.editor, key, editorSurroundings(shared))
  const { editor, outcome } = step
  const next: StartState = { ...state, editor }
  switch (outcome) {
    case 'editing':
      return { state: next, effects: editorCalls(step, 'start') }
    case 'left':
      return { state: CHOOSE }
    case 'asked':
      return { state: next, ask: LEAVE_FORM }
    case 'sent':
      return sendBackup({ ...state, editor }, shared)
  }
}

function sendBackup(state: Backup, shared: Shared): Step<StartState> {
  const form = withCopies(state.editor.form)
  const sources = listOf(textOf(form, 'sources'))
  const folder = textOf(form, 'folder').trim()
  const { secret, mistake } = takeTypedSecret(form, true)
  const isRelative = (path: string): boolean => !path.startsWith('/')
  const mistakes = {
    ...(sources.length === 0 || sources.some(isRelative) ? { sources: 'folders that begin with /' } : {}),
    ...(isRelative(folder) ? { folder: 'begins with /' } : {}),
    ...(mistake === undefined ? {} : { secret: mistake }),
  }
  withoutSecrets({ ...state.editor, form })
  if (secret === undefined || Object.keys(mistakes).length > 0) {
    secret?.bytes.fill(0)
    const kept = secret === undefined ? withoutSecrets(state.editor).form : state.editor.form
    return { state: { ...state, editor: { ...state.editor, form: withMistakes(kept, mistakes) } } }
  }
  const repository = { name: unusedName(shared), url: folder, create: true }
  return {
    state: { ...state, editor: { ...state.editor, form: withoutProblem(state.editor.form) }, isTrying: true },
    effects: [call('start:add', 'addRepository', repository, secret)],
  }
}

function backupAfterFailure(state: Backup, failure: Failure): StartState {
  if (failure.method !== 'addRepository') return { ...state, editor: editorAfterFailure(state.editor, failure) }
  const form = afterRefusal(state.editor.form, failure.problem)
  return { ...state, isTrying: false, editor: { ...state.editor, form } }
}

function unusedName({ repositories }: Shared): string {
  const taken = new Set(valueOr(repositories, []).map(({ name }) => name))
  let name = FIRST_NAME
  for (let number = 2; taken.has(name); number++) name = `${FIRST_NAME}-${number}`
  return name
}

function backUp(repository: string, sources: readonly string[]): Step<StartState> {
  return {
    state: { page: 'running', repository, sources, job: undefined },
    effects: [call('start:backup', 'backup', repository, sources)],
  }
}

function paste(state: StartState, text: string): StartState {
  switch (state.page) {
    case 'files':
      return { ...state, adding: pasteInAdding(state.adding, text) }
    case 'backup':
      return state.isTrying ? state : { ...state, editor: pasteInEditor(state.editor, text) }
    case 'code':
      return { ...state, code: pasteInCode(state.code, text) }
    default:
      return state
  }
}

function leaveForm(state: StartState): StartState {
  if (state.page !== 'backup') return state
  withoutSecrets(state.editor)
  return CHOOSE
}

function takeAnswer(state: StartState, answer: Answer, shared: Shared): Step<StartState> {
  if (state.page === 'files') {
    return afterAdding(state, answerInAdding(state.adding, answer, { screen: 'start', shared }))
  }
  if (state.page === 'running' && answer.method === 'backup') return { state: { ...state, job: answer.value } }
  if (state.page !== 'backup') return { state }
  if (answer.method !== 'addRepository') {
    const editor = editorAfterAnswer(state.editor, answer)
    return { state: { ...state, editor: withoutOwnRemark(editor, shared.home) } }
  }
  if (answer.value.recoveryCode === undefined) return { state }
  withoutSecrets(state.editor)
  const code = shownCode({ repository: answer.args[0].name, code: answer.value.recoveryCode }, shared.nowMs)
  return { state: { page: 'code', code, sources: listOf(textOf(state.editor.form, 'sources')) } }
}

/** That folders are made on the way to what was proposed here is nothing that somebody may have typed wrong. */
function withoutOwnRemark(editor: Editor<BackupField>, home: string): Editor<BackupField> {
  const { form } = editor
  if (textOf(form, 'folder') !== proposedFolder(home)) return editor
  const fields = form.fields.map((each) => (each.name === 'folder' ? { ...each, remark: undefined } : each))
  return { ...editor, form: { ...form, fields } }
}

/** A repository that is connected is looked into at once: files are wanted back. */
function afterAdding(
  state: Extract<StartState, { page: 'files' }>,
  { adding, added, effects = [], ask, say }: AddingStep,
): Step<StartState> {
  if (added !== undefined) return { state: CHOOSE, effects, go: { screen: 'browse' }, say: `${added} is open.` }
  return {
    state: adding === undefined ? CHOOSE : { ...state, adding },
    effects,
    ...(ask === undefined ? {} : { ask }),
    ...(say === undefined ? {} : { say }),
  }
}
