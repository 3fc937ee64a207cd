import { formatCount } from '../../src/base/number-of.ts'
import type { Key } from '../keymap/key.ts'
import type { Problem } from '../state/problem.ts'
import { CHARACTERS_MAX, fitsLine, lineOf, pasteText, type TextLine, typeKey } from './text-line.ts'
import { Secret } from './secret.ts'

/** One thing that a form asks for. */
export type Field =
  | { readonly kind: 'text'; readonly line: TextLine }
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'choice'; readonly options: readonly string[]; readonly chosen: number }
  | { readonly kind: 'checkbox'; readonly isChecked: boolean }

export interface LabelledField<Name extends string> {
  readonly name: Name
  readonly label: string
  /** What to type, and how, in a few words. */
  readonly help?: string
  readonly field: Field
  /** What is wrong with it. */
  readonly mistake?: string | undefined
  /** What is not wrong with it, but perhaps not meant. */
  readonly remark?: string | undefined
}

/** Fields one below the other, and which one the keys go to. */
export interface Form<Name extends string> {
  readonly fields: readonly LabelledField<Name>[]
  readonly focus: number
  /** Why it was refused, where that is the mistake of no field; until something is changed or sent. */
  readonly problem?: string | undefined
}

export function textField(text = ''): Field {
  return { kind: 'text', line: lineOf(text) }
}

export function secretField(): Field {
  return { kind: 'secret', secret: Secret.empty() }
}

export function choiceField(options: readonly string[], chosen = 0): Field {
  return { kind: 'choice', options, chosen }
}

export function checkboxField(isChecked: boolean): Field {
  return { kind: 'checkbox', isChecked }
}

/** What a key made of a form: another form, or the wish to send or leave it. */
export interface FormStep<Name extends string> {
  readonly form: Form<Name>
  readonly outcome: 'editing' | 'sent' | 'left'
}

/** Returns the form after a key. Enter goes on to the next field and sends the last one; Ctrl+S sends at once. */
export function typeInForm<Name extends string>(form: Form<Name>, key: Key): FormStep<Name> {
  const isLast = form.focus === form.fields.length - 1
  switch (key) {
    case 'esc':
      return { form, outcome: 'left' }
    case 'ctrl+s':
      return { form, outcome: 'sent' }
    case 'enter':
      return isLast ? { form, outcome: 'sent' } : { form: focusOn(form, form.focus + 1), outcome: 'editing' }
    case 'tab':
    case 'down':
      return { form: focusOn(form, form.focus + 1), outcome: 'editing' }
    case 'shift+tab':
    case 'up':
      return { form: focusOn(form, form.focus - 1), outcome: 'editing' }
    default:
      return { form: changeFocused(form, (field) => typeInField(field, key)), outcome: 'editing' }
  }
}

/** Returns the form with pasted text in the field in focus, which says what of it was not taken. */
export function pasteInForm<Name extends string>(form: Form<Name>, text: string): Form<Name> {
  const pasted = changeFocused(form, (field) => {
    if (field.kind === 'text') return { ...field, line: pasteText(field.line, text) }
    if (field.kind === 'secret') return { ...field, secret: field.secret.paste(text) }
    return field
  })
  const mistake = notPasted(form.fields[form.focus]?.field, pasted.fields[form.focus]?.field, text)
  if (mistake === undefined) return pasted
  return { ...pasted, fields: pasted.fields.map((each, index) => (index === form.focus ? { ...each, mistake } : each)) }
}

function notPasted(before: Field | undefined, after: Field | undefined, text: string): string | undefined {
  switch (before?.kind) {
    case 'text':
      return fitsLine(before.line, text)
        ? undefined
        : `a field holds ${formatCount(CHARACTERS_MAX)} characters: the rest was not taken`
    case 'secret':
      return after?.kind === 'secret' && after.secret === before.secret
        ? 'nothing was taken: that is too long'
        : undefined
    default:
      return text === '' ? undefined : 'takes no pasted text'
  }
}

/** Returns what a field holds as text; of a secret nothing. */
export function textOf<Name extends string>(form: Form<Name>, name: Name): string {
  const field = form.fields.find((candidate) => candidate.name === name)?.field
  if (field?.kind === 'text') return field.line.text
  if (field?.kind === 'choice') return field.options[field.chosen] ?? ''
  return ''
}

export function isChecked<Name extends string>(form: Form<Name>, name: Name): boolean {
  const field = form.fields.find((candidate) => candidate.name === name)?.field
  return field?.kind === 'checkbox' && field.isChecked
}

/** Returns the bytes of a secret, which the caller wipes; the field's own are wiped. */
export function takeSecret<Name extends string>(form: Form<Name>, name: Name): Uint8Array {
  const field = form.fields.find((candidate) => candidate.name === name)?.field
  return field?.kind === 'secret' ? field.secret.take() : new Uint8Array(0)
}

/** Returns the form with copies of its secrets, which are taken or wiped: its own stay until what they are for is done. */
export function withCopies<Name extends string>(form: Form<Name>): Form<Name> {
  const fields = form.fields.map((each) => {
    const { field } = each
    return field.kind === 'secret' ? { ...each, field: { ...field, secret: field.secret.copy() } } : each
  })
  return { ...form, fields }
}

/** Returns the form with these secrets wiped and empty. */
export function withoutSecretsIn<Name extends string>(form: Form<Name>, names: readonly string[]): Form<Name> {
  const fields = form.fields.map((each) => {
    if (each.field.kind !== 'secret' || !names.includes(each.name)) return each
    return { ...each, field: { ...each.field, secret: each.field.secret.wipe() } }
  })
  return { ...form, fields }
}

/** Returns the form as it is sent: why it was refused before counts no longer. */
export function withoutProblem<Name extends string>(form: Form<Name>): Form<Name> {
  return { ...form, problem: undefined, fields: form.fields.map((each) => ({ ...each, mistake: undefined })) }
}

/** Returns the form after it was refused: the reason stands at the field that the service names, otherwise above all. */
export function afterRefusal<Name extends string>(form: Form<Name>, { message, hint, field }: Problem): Form<Name> {
  const reason = hint === undefined ? message : `${message} — ${hint}`
  if (field !== undefined && form.fields.some(({ name }) => name === field)) {
    return withMistakes(form, { [field]: reason })
  }
  return { ...form, problem: reason }
}

/** Returns the form with what is wrong with its fields, and the first of them in focus. */
export function withMistakes<Name extends string>(
  form: Form<Name>,
  mistakes: Readonly<Record<string, string>>,
): Form<Name> {
  const fields = form.fields.map((field) => ({ ...field, mistake: mistakes[field.name] }))
  const first = fields.findIndex(({ mistake }) => mistake !== undefined)
  return { fields, focus: first < 0 ? form.focus : first }
}

/** What is said of fields, by their names. */
export interface Notes {
  readonly mistakes: Readonly<Record<string, string | undefined>>
  readonly remarks: Readonly<Record<string, string | undefined>>
}

/**
 * Returns the form with what is said of the fields that hold something and are not in focus: whoever types is not told
 * at every letter that it is not done yet.
 */
export function withNotesLeft<Name extends string>(form: Form<Name>, { mistakes, remarks }: Notes): Form<Name> {
  const fields = form.fields.map((each, index) => {
    const mistake = mistakes[each.name]
    const remark = remarks[each.name]
    const isDone = index !== form.focus && !isEmpty(each.field)
    return !isDone || (each.mistake === mistake && each.remark === remark) ? each : { ...each, mistake, remark }
  })
  return fields.every((field, index) => field === form.fields[index]) ? form : { ...form, fields }
}

/** Tells whether anything is typed into one of the form's lines. */
export function isFilled<Name extends string>({ fields }: Form<Name>): boolean {
  return fields.some(({ field }) => (field.kind === 'text' || field.kind === 'secret') && !isEmpty(field))
}

function isEmpty(field: Field): boolean {
  return field.kind === 'text' ? field.line.text === '' : field.kind === 'secret' && field.secret.length === 0
}

function focusOn<Name extends string>(form: Form<Name>, focus: number): Form<Name> {
  const count = form.fields.length
  return { ...form, focus: (focus + count) % count }
}

function changeFocused<Name extends string>(form: Form<Name>, change: (field: Field) => Field): Form<Name> {
  const fields = form.fields.map((labelled, index) =>
    index === form.focus
      ? { ...labelled, field: change(labelled.field), mistake: undefined, remark: undefined }
      : labelled,
  )
  return { ...form, fields, problem: undefined }
}

function typeInField(field: Field, key: Key): Field {
  switch (field.kind) {
    case 'text':
      return { ...field, line: typeKey(field.line, key) }
    case 'secret':
      return { ...field, secret: field.secret.typeKey(key) }
    case 'choice':
      return { ...field, chosen: choose(field.options.length, field.chosen, key) }
    case 'checkbox':
      return key === 'space' ? { ...field, isChecked: !field.isChecked } : field
  }
}

function choose(count: number, chosen: number, key: Key): number {
  if (key === 'right' || key === 'space') return (chosen + 1) % count
  if (key === 'left') return (chosen + count - 1) % count
  return chosen
}
