import { Box } from 'ink'
import type { ReactNode } from 'react'

import { printable } from '../../src/base/printable.ts'
import type { Field, Form } from '../forms/form.ts'
import type { TextLine } from '../forms/text-line.ts'
import { useTheme } from '../theme/theme.ts'
import { fieldsInView, labelColumns, type PlacedField, problemLines } from './form-layout.ts'
import { Line } from './line.tsx'

export interface FormViewProps<Name extends string> {
  readonly form: Form<Name>
  readonly columns: number
  /** As many fields as fit are shown, the one in focus among them; `undefined`: there is room for all. */
  readonly rows?: number
}

/** The fields of a form, one a row; what is wrong with a field, or how to fill it, stands below it, and why all was refused above. */
export function FormView<Name extends string>({ form, columns, rows = Infinity }: FormViewProps<Name>): ReactNode {
  const theme = useTheme()
  const labelWidth = labelColumns(form)
  const problem = problemLines(form, columns)
  return (
    <Box flexDirection="column" width={columns}>
      {problem.map((line, index) => (
        <Line key={index} text={line} columns={columns} color={theme.bad} />
      ))}
      {fieldsInView(form, columns, rows - problem.length).map((field) => (
        <FieldRow key={field.labelled.name} {...field} labelWidth={labelWidth} columns={columns} />
      ))}
    </Box>
  )
}

interface FieldRowProps extends PlacedField {
  readonly labelWidth: number
  readonly columns: number
}

function FieldRow({ labelled, isFocused, notes, labelWidth, columns }: FieldRowProps): ReactNode {
  const theme = useTheme()
  const { label, field, mistake, remark } = labelled
  const color = mistake !== undefined ? theme.bad : remark !== undefined ? theme.warning : theme.muted
  const value = shownField(field, isFocused, columns - labelWidth - 2)
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`${isFocused ? '› ' : '  '}${label.padEnd(labelWidth)}${value}`}
        columns={columns}
        color={isFocused ? theme.accent : undefined}
      />
      {notes.map((note, index) => (
        <Line key={index} text={`  ${' '.repeat(labelWidth)}${note}`} columns={columns} color={color} />
      ))}
    </Box>
  )
}

function shownField(field: Field, isFocused: boolean, width: number): string {
  switch (field.kind) {
    case 'text':
      return isFocused ? lineWithCursor(field.line, width) : printable(field.line.text)
    case 'secret':
      // Its length is nobody's business either.
      return `${field.secret.length === 0 ? '' : '••••••••'}${isFocused ? '▏' : ''}`
    case 'choice':
      return `‹ ${field.options[field.chosen] ?? ''} ›`
    case 'checkbox':
      return field.isChecked ? '[x]' : '[ ]'
  }
}

/** Returns what of a line fits around its cursor, which is `▏`. */
export function lineWithCursor({ text, cursor }: TextLine, width: number): string {
  const characters = Array.from(text)
  const start = Math.max(0, cursor - width + 2)
  return printable(`${characters.slice(start, cursor).join('')}▏${characters.slice(cursor).join('')}`)
}
