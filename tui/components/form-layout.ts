import { textWidth } from '../../src/base/text-width.ts'
import type { Form, LabelledField } from '../forms/form.ts'
import { wrap } from '../text/fit.ts'

/** Before every row: what marks the field in focus. */
const MARK_COLUMNS = 2

/** A field as it is drawn: its own row, and the rows of what stands below it. */
export interface PlacedField {
  readonly labelled: LabelledField<string>
  readonly isFocused: boolean
  /** What is wrong with it, what is remarked, or how to fill it. */
  readonly notes: readonly string[]
}

/** Returns columns from the beginning of labels to that of values. */
export function labelColumns({ fields }: Form<string>): number {
  return Math.max(...fields.map(({ label }) => textWidth(label))) + 2
}

/** Returns how many rows a form needs. */
export function formRows(form: Form<string>, columns: number): number {
  return placedFields(form, columns).reduce((sum, field) => sum + rowsOf(field), problemLines(form, columns).length)
}

/** Returns the rows above the fields: why the form was refused, to its end. */
export function problemLines({ problem }: Form<string>, columns: number): readonly string[] {
  return problem === undefined ? [] : wrap(`✗ ${problem}`, columns)
}

/** Returns the fields that are seen in `rows` rows: with the one in focus always all that is said of it. */
export function fieldsInView(form: Form<string>, columns: number, rows: number): readonly PlacedField[] {
  const fields = placedFields(form, columns)
  let first = form.focus
  let left = rows - rowsOf(fields[first])
  while (first > 0 && rowsOf(fields[first - 1]) <= left) {
    first--
    left -= rowsOf(fields[first])
  }
  let end = form.focus + 1
  while (end < fields.length && rowsOf(fields[end]) <= left) {
    left -= rowsOf(fields[end])
    end++
  }
  return fields.slice(first, end)
}

function placedFields(form: Form<string>, columns: number): readonly PlacedField[] {
  const width = columns - labelColumns(form) - MARK_COLUMNS
  return form.fields.map((labelled, index) => {
    const isFocused = index === form.focus
    const note = noteOf(labelled, isFocused)
    return { labelled, isFocused, notes: note === undefined ? [] : wrap(note, width) }
  })
}

function noteOf({ mistake, remark, help }: LabelledField<string>, isFocused: boolean): string | undefined {
  if (mistake !== undefined) return `✗ ${mistake}`
  if (remark !== undefined) return `▲ ${remark}`
  return isFocused ? help : undefined
}

function rowsOf(field: PlacedField | undefined): number {
  return field === undefined ? 0 : 1 + field.notes.length
}
