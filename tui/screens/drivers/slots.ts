import type { SlotData } from '../../../src/service/application/shown.ts'
import {
  type Editor,
  editorAfterAnswer,
  editorCalls,
  editorKeys,
  LEAVE_FORM,
  pasteInEditor,
  typeInEditor,
  withoutSecrets,
} from '../../forms/editor.ts'
import { textOf, withMistakes } from '../../forms/form.ts'
import { takeTypedSecret } from '../../forms/opener.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Effect, type Failure } from '../../state/call.ts'
import { LIST_START, type ListPlace, moveInList } from '../../state/list.ts'
import { type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import type { Question } from '../../state/step.ts'
import { keyEditor, type KeyField, type KeyMethod, newKeyIn } from './key-form.ts'
import { codeKeys, pasteInCode, type ShownCode, shownCode, typeInCode } from '../recovery-code/recovery-code.ts'

/** What is looked at, or being changed. */
export type SlotsPage =
  | { readonly page: 'list' }
  | {
      readonly page: 'key'
      readonly method: KeyMethod
      readonly editor: Editor<KeyField>
      /** Asked, and not answered yet. */
      readonly isTrying: boolean
    }
  | { readonly page: 'code'; readonly code: ShownCode }

/** What opens a repository. */
export interface ShownSlots {
  readonly kind: 'slots'
  readonly repository: string
  readonly slots: Loaded<readonly SlotData[]>
  readonly place: ListPlace
  readonly at: SlotsPage
}

export interface SlotsStep {
  readonly shown: ShownSlots
  readonly effects?: readonly Effect[]
  readonly ask?: Question
  readonly say?: string
}

const LIST = { page: 'list' } as const
/** The question before something is removed that opens a repository. */
export const REMOVE_SLOT = 'remove-slot'

/** The question before a recovery code that was just made is removed again. */
const DISCARD_CODE: Question = {
  name: 'discard-code',
  title: 'Remove this recovery code again?',
  lines: ['It opens the repository already. Whoever has seen it could: removed, it opens nothing.'],
  verb: 'remove it',
  otherwise: 'go on',
}

/** The question before new keys are made. */
const ROTATE: Question = {
  name: 'rotate-keys',
  title: 'Make new keys for new data?',
  lines: [
    'What is backed up from then on cannot be read with keys that were removed before. All slots of the list stay.',
    '',
    'It takes nothing back of what they could read until now, and whoever had such a key and can write to the store can still act as its owner: shut him out there.',
  ],
  verb: 'make them',
}

const CHANGES: Keymap<string> = [
  { command: 'close', keys: ['esc'], label: 'close', help: 'back to the repositories' },
  {
    command: 'slot-add',
    keys: ['a'],
    label: 'add',
    help: 'add a password that opens it as well, or that backs up only',
  },
  { command: 'slot-change', keys: ['p'], label: 'change', help: 'change the password that opened it' },
  { command: 'slot-code', keys: ['c'], label: 'code', help: 'make another recovery code' },
  { command: 'slot-export', keys: ['e'], label: 'file', help: 'write a key file that opens it without a password' },
  { command: 'slot-remove', keys: ['x'], label: 'remove', help: 'remove the chosen one, after a question' },
  { command: 'slot-rotate', keys: ['o'], label: 'new keys', help: 'make new keys for new data, after a question' },
]

export function showSlots(repository: string): SlotsStep {
  return load({ kind: 'slots', repository, slots: LOADING, place: LIST_START, at: LIST })
}

export function slotsKeys({ at }: ShownSlots): Keymap<string> {
  switch (at.page) {
    case 'list':
      return [...CHANGES, ...MOTION_KEYS]
    case 'key':
      return editorKeys<string>(at.editor)
    case 'code':
      return codeKeys(at.code)
  }
}

export function unsavedSlots({ at }: ShownSlots): string | undefined {
  switch (at.page) {
    case 'list':
      return undefined
    case 'key':
      return at.editor.isTouched ? 'A key is half made.' : undefined
    case 'code':
      return `The recovery code of ${at.code.repository} is never shown again.`
  }
}

/** Returns what a command makes of the list. `height`: its rows. */
export function commandInSlots(shown: ShownSlots, command: string, height: number): SlotsStep {
  const slots = valueOr(shown.slots, [])
  if (isMotion(command)) {
    return { shown: { ...shown, place: moveInList(shown.place, command, { count: slots.length, height }) } }
  }
  switch (command) {
    case 'slot-add':
      return { shown: { ...shown, at: keyPage('addPassword') } }
    case 'slot-change':
      return { shown: { ...shown, at: keyPage('changePassword') } }
    case 'slot-export':
      return { shown: { ...shown, at: keyPage('exportKey') } }
    case 'slot-rotate':
      return { shown, ask: ROTATE }
    case 'slot-code':
      return { shown: { ...shown, at: keyPage('addRecoveryCode') } }
    case 'slot-remove': {
      const slot = slots[shown.place.selected]
      return slot === undefined ? { shown } : { shown, ask: removing(shown, slot) }
    }
    default:
      return { shown }
  }
}

/** Returns what follows when the question is answered with yes. */
export function yesInSlots(shown: ShownSlots, question: string): SlotsStep {
  if (question === LEAVE_FORM.name) return { shown: left(shown) }
  if (question === ROTATE.name) {
    return { shown, effects: [call('drivers:change', 'rotateKeys', shown.repository)] }
  }
  const { at } = shown
  if (question === DISCARD_CODE.name) {
    const id = at.page === 'code' ? at.code.slot : undefined
    return { shown, effects: id === undefined ? [] : [call('drivers:change', 'removeSlot', shown.repository, id)] }
  }
  const slot = valueOr(shown.slots, [])[shown.place.selected]
  if (question !== REMOVE_SLOT || slot === undefined) return { shown }
  return { shown, effects: [call('drivers:change', 'removeSlot', shown.repository, slot.id)] }
}

export function typeInSlots(shown: ShownSlots, key: Key): SlotsStep {
  const { at } = shown
  switch (at.page) {
    case 'list':
      return { shown }
    case 'key':
      return typeKey(shown, at, key)
    case 'code': {
      const { code, outcome } = typeInCode(at.code, key)
      if (outcome === 'shown') return { shown: { ...shown, at: { page: 'code', code } } }
      if (outcome === 'discarded') return { shown, ask: DISCARD_CODE }
      return { ...load({ ...shown, at: LIST }), say: 'The recovery code opens it from now on.' }
    }
  }
}

export function pasteInSlots(shown: ShownSlots, text: string): ShownSlots {
  const { at } = shown
  switch (at.page) {
    case 'list':
      return shown
    case 'key':
      return at.isTrying ? shown : { ...shown, at: { ...at, editor: pasteInEditor(at.editor, text) } }
    case 'code':
      return { ...shown, at: { ...at, code: pasteInCode(at.code, text) } }
  }
}

/** Returns what follows from an answer about these slots. */
export function answerInSlots(shown: ShownSlots, answer: Answer, nowMs: number): SlotsStep {
  switch (answer.method) {
    case 'slots':
      return { shown: answer.args[0] === shown.repository ? { ...shown, slots: ready(inOrder(answer.value)) } : shown }
    case 'addPassword':
      return { ...load({ ...shown, at: LIST }), say: ['The password is added.', ...answer.value].join(' ') }
    case 'exportKey':
      return { ...load({ ...shown, at: LIST }), say: [`${answer.args[1]} is written.`, ...answer.value].join(' ') }
    case 'rotateKeys':
      // The question has told the rest.
      return { ...load(shown), say: ['There are new keys.', ...answer.value.slice(0, 1)].join(' ') }
    case 'changePassword':
      return { ...load({ ...shown, at: LIST }), say: ['The password is changed.', ...answer.value].join(' ') }
    case 'removeSlot':
      return { ...load({ ...shown, at: LIST, place: LIST_START }), say: ['It is removed.', ...answer.value].join(' ') }
    case 'addRecoveryCode': {
      const code = shownCode({ repository: shown.repository, ...answer.value }, nowMs)
      return { shown: { ...shown, at: { page: 'code', code } } }
    }
    default: {
      const { at } = shown
      return {
        shown: at.page === 'key' ? { ...shown, at: { ...at, editor: editorAfterAnswer(at.editor, answer) } } : shown,
      }
    }
  }
}

/** Returns the list, or the form, after it was refused: what was typed has been wiped. */
export function failureInSlots(shown: ShownSlots, { method, problem }: Failure): ShownSlots {
  if (method === 'slots') return { ...shown, slots: { kind: 'failed', problem } }
  const { at } = shown
  if (at.page !== 'key' || method !== at.method) return shown
  const field = problem.field ?? MAIN_FIELD[at.method]
  const form = withMistakes(at.editor.form, { [field]: problem.message })
  return { ...shown, at: { ...at, editor: { ...at.editor, form }, isTrying: false } }
}

type KeyPage = Extract<SlotsPage, { page: 'key' }>

function typeKey(shown: ShownSlots, at: KeyPage, key: Key): SlotsStep {
  // Keys of a repository are changed or not: nothing stops it half way.
  if (at.isTrying) return { shown }
  const step = typeInEditor(at.editor, key, { home: '/', height: 1 })
  const { editor, outcome } = step
  const next: ShownSlots = { ...shown, at: { ...at, editor } }
  switch (outcome) {
    case 'editing':
      return { shown: next, effects: editorCalls(step, 'drivers') }
    case 'left':
      return { shown: left(next) }
    case 'asked':
      return { shown: next, ask: LEAVE_FORM }
    case 'sent':
      return send(shown, { ...at, editor })
  }
}

/** Where it stands what is wrong with a key, unless the service names another field. */
const MAIN_FIELD: Readonly<Record<KeyMethod, KeyField>> = {
  addPassword: 'secret',
  changePassword: 'secret',
  exportKey: 'file',
  addRecoveryCode: 'label',
}

function send(shown: ShownSlots, at: KeyPage): SlotsStep {
  switch (at.method) {
    case 'addPassword':
    case 'changePassword':
      return sendPassword(shown, at)
    case 'exportKey':
      return sendFile(shown, at)
    case 'addRecoveryCode': {
      const effect = call('drivers:change', 'addRecoveryCode', shown.repository, textOf(at.editor.form, 'label'))
      return { shown: { ...shown, at: { ...at, isTrying: true } }, effects: [effect] }
    }
  }
}

function sendFile(shown: ShownSlots, at: KeyPage): SlotsStep {
  const { form } = at.editor
  const file = textOf(form, 'file').trim()
  if (!file.startsWith('/')) return { shown: withMistake(shown, at, { file: 'an absolute path begins with /' }) }
  const effect = call('drivers:change', 'exportKey', shown.repository, file, newKeyIn(form))
  return { shown: { ...shown, at: { ...at, isTrying: true } }, effects: [effect] }
}

function sendPassword(shown: ShownSlots, at: KeyPage): SlotsStep {
  const { secret, mistake = '' } = takeTypedSecret(at.editor.form, true)
  const emptied: KeyPage = { ...at, editor: withoutSecrets(at.editor) }
  if (secret === undefined) return { shown: withMistake(shown, emptied, { secret: mistake }) }
  const { repository } = shown
  const effect =
    at.method === 'addPassword'
      ? call('drivers:change', 'addPassword', repository, secret, newKeyIn(at.editor.form))
      : call('drivers:change', 'changePassword', repository, secret)
  return { shown: { ...shown, at: { ...emptied, isTrying: true } }, effects: [effect] }
}

function withMistake(shown: ShownSlots, at: KeyPage, mistakes: Readonly<Record<string, string>>): ShownSlots {
  const form = withMistakes(at.editor.form, mistakes)
  return { ...shown, at: { ...at, editor: { ...at.editor, form } } }
}

function keyPage(method: KeyMethod): SlotsPage {
  return { page: 'key', method, editor: keyEditor(method), isTrying: false }
}

function left(shown: ShownSlots): ShownSlots {
  if (shown.at.page === 'key') withoutSecrets(shown.at.editor)
  return { ...shown, at: LIST }
}

/** As they were added; those that the owner does not vouch for at the end. */
function inOrder(slots: readonly SlotData[]): readonly SlotData[] {
  return slots.toSorted((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity))
}

function load(shown: ShownSlots): SlotsStep {
  return { shown, effects: [call('drivers:slots', 'slots', shown.repository)] }
}

const MAY = {
  full: 'which opens everything',
  'backup-only': 'which backs up only',
  damaged: 'of which nothing can be told',
} as const

function removing({ repository }: ShownSlots, { id, isCurrent, kind, scope }: SlotData): Question {
  return {
    name: REMOVE_SLOT,
    title: `Remove this ${kind?.replace('-', ' ') ?? 'damaged slot'} of ${repository}?`,
    lines: [
      `It is the key ${id.slice(0, 8)}, ${MAY[scope ?? 'damaged']}.`,
      'Whoever has it cannot open the repository any more.',
      ...(isCurrent ? ['', 'It is the one that opened the repository now: have another one at hand.'] : []),
    ],
    verb: 'remove it',
  }
}
