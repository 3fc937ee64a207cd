import { Box } from 'ink'
import type { ReactNode } from 'react'

import type { Field, Form, LabelledField } from '../forms/form.ts'
import type { TextLine } from '../forms/text-line.ts'
import { textWidth } from '../../src/base/text-width.ts'
import { printable } from '../text/fit.ts'
import { useTheme } from '../theme/theme.ts'
import { Line } from './line.tsx'

export interface FormViewProps<Name extends string> {
  readonly form: Form<Name>
  readonly columns: number
}

/** The fields of a form, one a row; what is wrong with a field, or how to fill it, stands below it. */
export function FormView<Name extends string>({ form, columns }: FormViewProps<Name>): ReactNode {
  const labelWidth = Math.max(...form.fields.map(({ label }) => textWidth(label))) + 2
  return (
    <Box flexDirection="column" width={columns}>
      {form.fields.map((field, index) => (
        <FieldRow
          key={field.name}
          labelled={field}
          isFocused={index === form.focus}
          labelWidth={labelWidth}
          columns={columns}
        />
      ))}
    </Box>
  )
}

interface FieldRowProps {
  readonly labelled: LabelledField<string>
  readonly isFocused: boolean
  readonly labelWidth: number
  readonly columns: number
}

function FieldRow({ labelled, isFocused, labelWidth, columns }: FieldRowProps): ReactNode {
  const theme = useTheme()
  const { label, field, help, mistake } = labelled
  const width = columns - labelWidth - 2
  const note = mistake ?? (isFocused ? help : undefined)
  const value = shownField(field, isFocused, width)
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`${isFocused ? '› ' : '  '}${label.padEnd(labelWidth)}${value}`}
        columns={columns}
        color={isFocused ? theme.accent : undefined}
      />
      {note !== undefined && (
        <Line
          text={`  ${' '.repeat(labelWidth)}${mistake === undefined ? '' : '✗ '}${note}`}
          columns={columns}
          color={mistake === undefined ? theme.muted : theme.bad}
        />
      )}
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
