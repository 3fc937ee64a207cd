import type { Key } from '../keymap/key.ts'
import type { Keymap } from '../keymap/keymap.ts'
import { type Answer, type Call, call, type Failure } from '../state/call.ts'
import type { ScreenName } from '../state/screen-name.ts'
import type { Question } from '../state/step.ts'
import {
  type Field,
  type Form,
  pasteInForm,
  textField,
  textOf,
  typeInForm,
  withMistakes,
  withoutSecretsIn,
} from './form.ts'
import { noteOnPlaces, type PathWish, typedPaths } from './path-wish.ts'
import {
  type FolderPicker,
  pickerAt,
  type PickerCommand,
  pickerKeys,
  pickWithKey,
  withFolders,
  withoutFolders,
} from './picker.ts'
import { EMPTY_LINE, pasteText } from './text-line.ts'
import { listOf, listText } from './typed-list.ts'

/** A form that fills a screen, and whether anything was put into it: that is not lost without a question. */
export interface Editor<Name extends string> {
  readonly form: Form<Name>
  readonly isTouched: boolean
  /** Fields that take one folder, or several. */
  readonly pickable: Readonly<Record<string, 'one' | 'many' | undefined>>
  /** Fields that take paths of this machine, and what has to lie there: they are looked at once they were left. */
  readonly wishes: Readonly<Record<string, PathWish | undefined>>
  /** Open while folders are chosen for a field. */
  readonly picking: Picking<Name> | undefined
  /** What was chosen when such a list was left with Esc: it is there again, unless the field says something else by then. */
  readonly pickedBefore: (Picking<Name> & { readonly text: string }) | undefined
}

interface Picking<Name extends string> {
  readonly field: Name
  readonly picker: FolderPicker
}

export interface EditorPaths {
  readonly pickable?: Editor<string>['pickable']
  readonly wishes?: Editor<string>['wishes']
}

export function editorOf<Name extends string>(
  form: Form<Name>,
  { pickable = {}, wishes = {} }: EditorPaths = {},
): Editor<Name> {
  return { form, isTouched: false, pickable, wishes, picking: undefined, pickedBefore: undefined }
}

export interface EditorSurroundings {
  /** Where choosing folders begins. */
  readonly home: string
  /** Rows of the list of folders. */
  readonly height: number
}

export interface EditorStep<Name extends string> {
  readonly editor: Editor<Name>
  /** `asked`: it may be left once a question was answered with yes. */
  readonly outcome: 'editing' | 'sent' | 'left' | 'asked'
  /** A folder of this machine whose folders have to be asked for. */
  readonly open?: string
  /** Paths in a field that was left, which have to be looked at. */
  readonly look?: { readonly field: Name; readonly paths: readonly string[] }
}

/** Returns the editor after a key. */
export function typeInEditor<Name extends string>(
  editor: Editor<Name>,
  key: Key,
  surroundings: EditorSurroundings,
): EditorStep<Name> {
  if (editor.picking !== undefined) return pickInEditor(editor, editor.picking, { key, ...surroundings })
  const focused = focusedName(editor)
  if (key === 'ctrl+o' && editor.pickable[focused] !== undefined)
    return startPicking(editor, focused, surroundings.home)
  const { form, outcome } = typeInForm(editor.form, key)
  const isTouched = editor.isTouched || form.fields !== editor.form.fields
  const typed: Editor<Name> = { ...editor, form, isTouched }
  if (form.focus !== editor.form.focus) return leaveField(typed, focused)
  return { editor: typed, outcome: outcome === 'left' && isTouched ? 'asked' : outcome }
}

/** What was typed into a field is looked at when it is left, not at every letter. */
function leaveField<Name extends string>(editor: Editor<Name>, field: Name): EditorStep<Name> {
  const step = { editor, outcome: 'editing' } as const
  const paths = pathsIn(editor, field)
  if (paths.length === 0) return step
  if (paths.every((path) => path.startsWith('/'))) return { ...step, look: { field, paths } }
  return { ...step, editor: withNote(editor, field, { mistake: 'begins with /' }) }
}

/** Returns the paths that a field holds now, none of one that takes something else. */
function pathsIn<Name extends string>({ form, wishes, pickable }: Editor<Name>, name: Name): readonly string[] {
  const isText = form.fields.some((each) => each.name === name && each.field.kind === 'text')
  return wishes[name] === undefined || !isText ? [] : typedPaths(textOf(form, name), pickable[name] === 'many')
}

/** Returns the calls that a step of the editor of a screen needs. */
export function editorCalls({ open, look }: EditorStep<string>, screen: ScreenName): readonly Call[] {
  return [
    ...(open === undefined ? [] : [call(`${screen}:folders`, 'folders', open)]),
    ...(look === undefined ? [] : [call(`${screen}:places:${look.field}`, 'placesAt', look.paths)]),
  ]
}

/** Returns the editor after one of these calls was answered; other answers change nothing. */
export function editorAfterAnswer<Name extends string>(editor: Editor<Name>, answer: Answer): Editor<Name> {
  if (answer.method === 'folders') return editorWithFolders(editor, answer.args[0], answer.value)
  if (answer.method !== 'placesAt') return editor
  const [asked] = answer.args
  const name = editor.form.fields.find((each) => answer.slot.endsWith(`:places:${each.name}`))?.name
  if (name === undefined) return editor
  const wish = editor.wishes[name]
  const paths = pathsIn(editor, name)
  // What was typed since is looked at when the field is left again.
  if (wish === undefined || paths.length !== asked.length || paths.some((path, i) => path !== asked[i])) return editor
  return withNote(editor, name, noteOnPlaces(wish, paths, answer.value))
}

function withNote<Name extends string>(
  editor: Editor<Name>,
  name: Name,
  { mistake, remark }: { readonly mistake?: string; readonly remark?: string },
): Editor<Name> {
  const fields = editor.form.fields.map((each) => (each.name === name ? { ...each, mistake, remark } : each))
  return { ...editor, form: { ...editor.form, fields } }
}

export function pasteInEditor<Name extends string>(editor: Editor<Name>, text: string): Editor<Name> {
  const { picking, form } = editor
  if (picking === undefined) {
    const isForMany = editor.pickable[focusedName(editor)] === 'many'
    return { ...editor, form: pasteInForm(form, isForMany ? linesAsList(text) : text), isTouched: true }
  }
  // Whoever pastes a path into the list of folders means the field that the list is for.
  const pasted = pasteText(EMPTY_LINE, picking.picker.isForMany ? linesAsList(text) : text).text
  const there = picking.picker.isForMany ? [...picking.picker.chosen, ...listOf(pasted)] : undefined
  const closed: Editor<Name> = { ...editor, picking: undefined }
  return withField(closed, picking.field, textField(there === undefined ? pasted : listText(there)))
}

/** Paths that are pasted line by line are one item each; a single line is a list as it would be typed. */
function linesAsList(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '')
  return lines.length > 1 ? listText(lines) : text
}

function editorWithFolders<Name extends string>(
  editor: Editor<Name>,
  directory: string,
  names: readonly string[],
): Editor<Name> {
  const { picking } = editor
  if (picking === undefined) return editor
  return { ...editor, picking: { ...picking, picker: withFolders(picking.picker, directory, names) } }
}

/** Returns the editor with what is wrong with its fields, and the first of them in focus. */
export function editorWithMistakes<Name extends string>(
  editor: Editor<Name>,
  mistakes: Readonly<Record<string, string>>,
): Editor<Name> {
  return { ...editor, form: withMistakes(editor.form, mistakes) }
}

/** Returns the editor after a call has failed: a folder that cannot be read says why. */
export function editorAfterFailure<Name extends string>(
  editor: Editor<Name>,
  { method, problem }: Failure,
): Editor<Name> {
  const { picking } = editor
  if (method !== 'folders' || picking === undefined) return editor
  return { ...editor, picking: { ...picking, picker: withoutFolders(picking.picker, problem) } }
}

/** Returns the editor with all of its secrets wiped and empty, and the first of them in focus. */
export function withoutSecrets<Name extends string>(editor: Editor<Name>): Editor<Name> {
  const form = withoutSecretsIn(
    editor.form,
    editor.form.fields.map(({ name }) => name),
  )
  const first = form.fields.findIndex(({ field }) => field.kind === 'secret')
  return { ...editor, form: { ...form, focus: first < 0 ? form.focus : first } }
}

/** The question before a form is left in which something was typed. */
export const LEAVE_FORM: Question = {
  name: 'leave-form',
  title: 'Leave this form?',
  lines: ['What was typed into it would be lost.'],
  verb: 'leave it',
  otherwise: 'go on',
}

// What the keys of a form do is done by the form itself.
const SEND = { command: 'form-send', keys: ['ctrl+s'], label: 'done', help: 'take the form as it is' } as const
const PICK = { command: 'form-pick', keys: ['ctrl+o'], label: 'folders', help: 'choose folders in a list' } as const
const NEXT = { command: 'form-next', keys: ['tab', 'enter'], label: 'next', help: 'to the next field' } as const
const LEAVE = { command: 'form-leave', keys: ['esc'], label: 'leave', help: 'leave the form' } as const

export type EditorCommand = 'form-send' | 'form-pick' | 'form-next' | 'form-leave' | PickerCommand

/** Returns the keys of what the editor shows now. */
export function editorKeys<Name extends string>(editor: Editor<Name>): Keymap<EditorCommand> {
  if (editor.picking !== undefined) return pickerKeys(editor.picking.picker)
  const isPickable = editor.pickable[focusedName(editor)] !== undefined
  return isPickable ? [SEND, PICK, LEAVE, NEXT] : [SEND, LEAVE, NEXT]
}

function focusedName<Name extends string>({ form }: Editor<Name>): Name {
  // A form without fields has nothing to type into.
  return form.fields[form.focus]?.name as Name
}

function startPicking<Name extends string>(editor: Editor<Name>, field: Name, home: string): EditorStep<Name> {
  const isForMany = editor.pickable[field] === 'many'
  const there = textOf(editor.form, field)
  const before = editor.pickedBefore
  const isSame = before?.field === field && before.text === there
  const picker = isSame ? before.picker : pickerAt(home, isForMany ? listOf(there) : undefined)
  return { editor: { ...editor, picking: { field, picker } }, outcome: 'editing', open: picker.directory }
}

function pickInEditor<Name extends string>(
  editor: Editor<Name>,
  { field, picker: before }: NonNullable<Editor<Name>['picking']>,
  { key, height }: { readonly key: Key; readonly height: number },
): EditorStep<Name> {
  const { picker, outcome } = pickWithKey(before, key, height)
  switch (outcome) {
    case 'left': {
      const pickedBefore = { field, picker, text: textOf(editor.form, field) }
      return { editor: { ...editor, picking: undefined, pickedBefore }, outcome: 'editing' }
    }
    case 'taken': {
      const text = picker.isForMany ? listText(picker.chosen) : (picker.chosen[0] ?? '')
      return { editor: withField({ ...editor, picking: undefined }, field, textField(text)), outcome: 'editing' }
    }
    case 'picking':
    case 'opened': {
      const isTouched = editor.isTouched || picker.chosen !== before.chosen
      const step = { editor: { ...editor, picking: { field, picker }, isTouched }, outcome: 'editing' } as const
      return outcome === 'opened' ? { ...step, open: picker.directory } : step
    }
  }
}

function withField<Name extends string>(editor: Editor<Name>, name: Name, field: Field): Editor<Name> {
  const fields = editor.form.fields.map((each) =>
    each.name === name ? { ...each, field, mistake: undefined, remark: undefined } : each,
  )
  return { ...editor, form: { ...editor.form, fields }, isTouched: true }
}
