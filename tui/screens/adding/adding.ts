import type { HostKey } from '../../../src/service/application/port.ts'
import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  editorCalls,
  editorKeys,
  editorWithMistakes,
  LEAVE_FORM,
  pasteInEditor,
  typeInEditor,
  withoutSecrets,
} from '../../forms/editor.ts'
import { textOf, withNotesLeft } from '../../forms/form.ts'
import { withFittingOpener } from '../../forms/opener.ts'
import { REFUSALS_BEFORE_ADVICE } from '../../forms/refusals.ts'
import { typedPaths } from '../../forms/path-wish.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { type Answer, call, type Effect, type Failure, type Slot } from '../../state/call.ts'
import type { UnknownHostKey } from '../../state/problem.ts'
import type { Shared } from '../../state/shared.ts'
import type { ScreenName } from '../../state/screen-name.ts'
import type { Question } from '../../state/step.ts'
import { codeKeys, pasteInCode, type ShownCode, shownCode, typeInCode } from '../recovery-code/recovery-code.ts'
import { editorSurroundings } from '../screen-editor.ts'
import { ACCEPT_KEY, acceptKeyQuestion } from './accept-key.ts'
import {
  PLACE_KINDS,
  placeEditor,
  type PlaceField,
  type PlaceKind,
  placeMistakes,
  serverKindOf,
  urlOf,
} from './places.ts'
import {
  isSecretWrong,
  refusedEditor,
  secretEditor,
  type SecretField,
  type SecretFormOptions,
  typedRepository,
} from './secret-form.ts'

/** A place that was typed. */
interface TypedPlace {
  readonly kind: PlaceKind
  readonly editor: Editor<PlaceField>
}

/** How far somebody is with adding a repository. */
export type AddingPage =
  | { readonly page: 'kind'; readonly selected: number }
  | ({
      readonly page: 'place'
      /** What was typed behind it before somebody came back, but for the secrets. */
      readonly typed: Editor<SecretField> | undefined
    } & TypedPlace)
  | {
      readonly page: 'secret'
      readonly place: TypedPlace
      readonly editor: Editor<SecretField>
      /** Asked, and not answered yet. */
      readonly isTrying: boolean
      readonly refusals: number
      /** What a question is asked about. */
      readonly unknownKey: UnknownHostKey | undefined
    }
  | { readonly page: 'code'; readonly code: ShownCode }

/** Adding a repository to those that are known, or a new one. */
export interface Adding {
  /** `true`: it is made; `false`: it is there already. */
  readonly isNew: boolean
  readonly at: AddingPage
}

export interface AddingStep {
  /** `undefined`: it was left, or is done. */
  readonly adding: Adding | undefined
  readonly effects?: readonly Effect[]
  readonly ask?: Question
  readonly say?: string
  /** The name under which a repository is known now; nothing else is to be done about it. */
  readonly added?: string
}

export function startAdding(isNew: boolean): Adding {
  return { isNew, at: { page: 'kind', selected: 0 } }
}

export function isAddingUnsaved({ at }: Adding): string | undefined {
  switch (at.page) {
    case 'kind':
      return undefined
    case 'place':
      return isPlaceTouched(at) ? 'A repository is half added.' : undefined
    case 'secret':
      return 'A repository is half added.'
    case 'code':
      return `The recovery code of ${at.code.repository} is never shown again.`
  }
}

const KIND_KEYS: Keymap<string> = [
  { command: 'kind-take', keys: ['enter'], label: 'next', help: 'say where exactly' },
  { command: 'kind-down', keys: ['down'], label: 'choose', help: 'the next kind' },
  { command: 'kind-leave', keys: ['esc'], label: 'leave', help: 'add nothing' },
]

export function addingKeys({ at }: Adding): Keymap<string> {
  switch (at.page) {
    case 'kind':
      return KIND_KEYS
    case 'place':
    case 'secret':
      return editorKeys<string>(at.editor)
    case 'code':
      return codeKeys(at.code)
  }
}

export interface AddingContext {
  /** The screen that is shown, which gets the answers. */
  readonly screen: ScreenName
  readonly shared: Shared
}

/** Returns what a key makes of it. */
export function typeInAdding(adding: Adding, key: Key, context: AddingContext): AddingStep {
  const { at } = adding
  switch (at.page) {
    case 'kind':
      return typeInKinds(adding, at, key)
    case 'place':
      return typeInPlace(adding, at, { key, ...context })
    case 'secret':
      return typeInSecrets(adding, at, { key, ...context })
    case 'code': {
      const { code, outcome } = typeInCode(at.code, key)
      if (outcome === 'shown') return { adding: { ...adding, at: { page: 'code', code } } }
      return { adding: undefined, added: code.repository }
    }
  }
}

export function pasteInAdding(adding: Adding, text: string): Adding {
  const { at } = adding
  switch (at.page) {
    case 'kind': {
      // What is pasted before anything was chosen is where it lies.
      const editor = pasteInEditor(placeEditor('url', adding.isNew), text)
      return { ...adding, at: { page: 'place', kind: 'url', editor, typed: undefined } }
    }
    case 'place':
      return { ...adding, at: { ...at, editor: pasteInEditor(at.editor, text) } }
    case 'secret':
      return at.isTrying ? adding : { ...adding, at: { ...at, editor: pasteInEditor(at.editor, text) } }
    case 'code':
      return { ...adding, at: { ...at, code: pasteInCode(at.code, text) } }
  }
}

/** Returns what follows when a question is answered with yes. */
export function yesInAdding(adding: Adding, question: string, { screen }: AddingContext): AddingStep {
  const { at } = adding
  if (question === LEAVE_FORM.name) return { adding: leaveAddingForm(adding) }
  if (question !== ACCEPT_KEY || at.page !== 'secret' || at.unknownKey === undefined) return { adding }
  const { host, port, key } = at.unknownKey
  return send(adding, at, { slot: `${screen}:add`, acceptedKey: { host, port, key } })
}

/** Returns what follows from an answer in a slot of the screen. */
export function answerInAdding(adding: Adding, answer: Answer, { shared }: AddingContext): AddingStep {
  const { at } = adding
  if (at.page === 'place') return { adding: { ...adding, at: { ...at, editor: editorAfterAnswer(at.editor, answer) } } }
  if (at.page !== 'secret') return { adding }
  if (answer.method === 'placesAt' && pathFields(at.place).some((name) => answer.slot.endsWith(`:places:${name}`))) {
    return { adding: { ...adding, at: withPlaceLooked(at, answer) } }
  }
  if (answer.method !== 'addRepository') {
    return { adding: { ...adding, at: { ...at, editor: editorAfterAnswer(at.editor, answer) } } }
  }
  withoutSecrets(at.editor)
  const [{ name }] = answer.args
  const { recoveryCode } = answer.value
  if (recoveryCode === undefined) return { adding: undefined, added: name }
  const code = shownCode({ repository: name, code: recoveryCode }, shared.nowMs)
  return { adding: { ...adding, at: { page: 'code', code } } }
}

/** Returns the form again after it was refused: all is there but a secret that was wrong. */
export function failureInAdding(adding: Adding, failure: Failure): AddingStep {
  const { at } = adding
  const { method, problem } = failure
  if (at.page === 'place')
    return { adding: { ...adding, at: { ...at, editor: editorAfterFailure(at.editor, failure) } } }
  if (method !== 'addRepository' || at.page !== 'secret') return { adding }
  const refusals = at.refusals + (isSecretWrong(problem) ? 1 : 0)
  const editor = refusedEditor(at.editor, problem)
  const { unknownKey } = problem
  const next: AddingPage = { ...at, editor, isTrying: false, refusals, unknownKey }
  if (unknownKey !== undefined) return { adding: { ...adding, at: next }, ask: acceptKeyQuestion(unknownKey) }
  if (!isSecretWrong(problem) || refusals < REFUSALS_BEFORE_ADVICE) return { adding: { ...adding, at: next } }
  const say = `${problem.message}, ${refusals} times. The recovery code opens it as well: choose it with ← →.`
  return { adding: { ...adding, at: next }, say }
}

function typeInKinds(adding: Adding, at: Extract<AddingPage, { page: 'kind' }>, key: Key): AddingStep {
  const select = (selected: number): AddingStep => {
    return { adding: { ...adding, at: { ...at, selected: Math.max(0, Math.min(PLACE_KINDS.length - 1, selected)) } } }
  }
  switch (key) {
    case 'esc':
      return { adding: undefined }
    case 'up':
    case 'k':
      return select(at.selected - 1)
    case 'down':
    case 'j':
      return select(at.selected + 1)
    case 'enter': {
      const kind = PLACE_KINDS[at.selected] ?? 'local'
      const editor = placeEditor(kind, adding.isNew)
      return { adding: { ...adding, at: { page: 'place', kind, editor, typed: undefined } } }
    }
    default:
      return { adding }
  }
}

interface TypedKey extends AddingContext {
  readonly key: Key
}

function typeInPlace(
  adding: Adding,
  at: Extract<AddingPage, { page: 'place' }>,
  { key, screen, shared }: TypedKey,
): AddingStep {
  const step = typeInEditor(at.editor, key, editorSurroundings(shared))
  const { editor, outcome } = step
  const next: Adding = { ...adding, at: { ...at, editor } }
  switch (outcome) {
    case 'editing':
      return {
        adding: { ...adding, at: { ...at, editor: withPlaceNotes(at.kind, editor) } },
        effects: editorCalls(step, screen),
      }
    case 'left':
    case 'asked':
      return isPlaceTouched({ ...at, editor }) ? { adding: next, ask: LEAVE_FORM } : { adding: leaveAddingForm(adding) }
    case 'sent': {
      const mistakes = placeMistakes(at.kind, editor.form)
      if (Object.keys(mistakes).length > 0) {
        return { adding: { ...adding, at: { ...at, editor: editorWithMistakes(editor, mistakes) } } }
      }
      const place = { kind: at.kind, editor }
      const secrets = secretEditor(secretOptions(adding, place), at.typed)
      const begun = { isTrying: false, refusals: 0, unknownKey: undefined }
      const next: AddingPage = { page: 'secret', place, editor: secrets, ...begun }
      return { adding: { ...adding, at: next }, effects: lookAtPlace(place, screen) }
    }
  }
}

/** A form that is sent with a field in focus has not been looked at: what comes of that is told on the next page. */
function lookAtPlace(place: TypedPlace, screen: ScreenName): readonly Effect[] {
  const { editor } = place
  return pathFields(place).flatMap((field) => {
    const paths = typedPaths(textOf(editor.form, field), false)
    return paths.length === 0 ? [] : editorCalls({ editor, outcome: 'editing', look: { field, paths } }, screen)
  })
}

/** Returns the fields of a place that take a path of this machine, which the editor looks at. */
function pathFields({ editor: { form, wishes } }: Pick<TypedPlace, 'editor'>): readonly PlaceField[] {
  return form.fields.flatMap(({ name }) => (wishes[name] === undefined ? [] : [name]))
}

/** Returns the page of secrets with what is wrong with the place behind it, where somebody gets with Esc. */
function withPlaceLooked(at: Extract<AddingPage, { page: 'secret' }>, answer: Answer): AddingPage {
  const editor = editorAfterAnswer(at.place.editor, answer)
  const mistake = editor.form.fields.find(({ mistake }) => mistake !== undefined)?.mistake
  const problem = mistake === undefined ? at.editor.form.problem : `${mistake}. Esc goes back to it.`
  return { ...at, place: { ...at.place, editor }, editor: { ...at.editor, form: { ...at.editor.form, problem } } }
}

/** What is wrong with a field is said once it was left; of paths of this machine, the editor says it. */
function withPlaceNotes(kind: PlaceKind, editor: Editor<PlaceField>): Editor<PlaceField> {
  const looked = editor.form.fields.filter(({ name }) => editor.wishes[name] !== undefined)
  const said = (what: 'mistake' | 'remark'): Record<string, string | undefined> =>
    Object.fromEntries(looked.map((field) => [field.name, field[what]]))
  const mistakes = { ...placeMistakes(kind, editor.form), ...said('mistake') }
  return { ...editor, form: withNotesLeft(editor.form, { mistakes, remarks: said('remark') }) }
}

function isPlaceTouched({ editor, typed }: Extract<AddingPage, { page: 'place' }>): boolean {
  return editor.isTouched || typed?.isTouched === true
}

function typeInSecrets(
  adding: Adding,
  at: Extract<AddingPage, { page: 'secret' }>,
  { key, screen, shared }: TypedKey,
): AddingStep {
  const slot: Slot = `${screen}:add`
  const surroundings = { home: shared.home, height: 1 }
  if (at.isTrying) {
    if (key !== 'esc') return { adding }
    return { adding: { ...adding, at: { ...at, isTrying: false } }, effects: [{ kind: 'drop', slot }] }
  }
  const step = typeInEditor(at.editor, key, surroundings)
  const { editor, outcome } = step
  switch (outcome) {
    case 'editing': {
      const next: AddingPage = { ...at, editor: { ...editor, form: withFittingOpener(editor.form) } }
      return { adding: { ...adding, at: next }, effects: editorCalls(step, screen) }
    }
    case 'left':
    case 'asked':
      // Back to where it lies; nothing but the secrets is gone.
      return { adding: { ...adding, at: { page: 'place', ...at.place, typed: withoutSecrets(editor) } } }
    case 'sent':
      return send(adding, { ...at, editor }, { slot })
  }
}

/** How a form is sent. */
interface Sending {
  readonly slot: Slot
  /** Of the server, as it was just accepted. */
  readonly acceptedKey?: HostKey
}

function send(adding: Adding, at: Extract<AddingPage, { page: 'secret' }>, { slot, ...accepted }: Sending): AddingStep {
  const typed = typedRepository(at.editor, secretOptions(adding, at.place))
  if ('mistaken' in typed) return { adding: { ...adding, at: { ...at, editor: typed.mistaken } } }
  const { name, credentials, secret, editor } = typed
  const { kind, editor: place } = at.place
  const repository = { name, url: urlOf(kind, place.form), create: adding.isNew, credentials, ...accepted }
  return {
    adding: { ...adding, at: { ...at, editor, isTrying: true, unknownKey: undefined } },
    effects: [call(slot, 'addRepository', repository, secret)],
  }
}

function secretOptions({ isNew }: Adding, { kind, editor }: TypedPlace): SecretFormOptions {
  return { isNew, server: serverKindOf(kind, editor.form) }
}

/** Returns it after a form was left: another kind of place may be chosen. */
function leaveAddingForm({ isNew, at }: Adding): Adding {
  const selected = at.page === 'place' ? PLACE_KINDS.indexOf(at.kind) : 0
  return { isNew, at: { page: 'kind', selected } }
}
