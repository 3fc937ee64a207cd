import { Box } from 'ink'
import type { ReactNode } from 'react'

import { EditorView } from '../../components/editor-view.tsx'
import { formRows } from '../../components/form-layout.ts'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import type { StepForm, StepKind } from '../../../src/service/application/shown.ts'
import type { Shared } from '../../state/shared.ts'
import { useTheme } from '../../theme/theme.ts'
import { MeaningView } from './meaning-view.tsx'
import type { PlanEditing } from './plan-pages.ts'
import { STEP_KINDS, STEP_WORDS, stepText } from './plan-settings.ts'

export interface EditingViewProps {
  readonly editing: PlanEditing
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}

/** Headings of a list. */
const HEADING_ROWS = 1

/** A plan as it is typed, and below it what it means. */
export function EditingView({ editing, shared, columns, rows }: EditingViewProps): ReactNode {
  const theme = useTheme()
  const { editor, meaning } = editing
  const meaningRows = rows - 1 - pageRows(editing, columns)
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={titleOf(editing)} columns={columns} isBold color={theme.accent} />
      <Page editing={editing} columns={columns} rows={rows - 1} />
      {editor.picking === undefined && meaningRows > 0 && (
        <MeaningView meaning={meaning} shared={shared} columns={columns} rows={meaningRows} />
      )}
    </Box>
  )
}

function titleOf({ replaces, at, steps }: PlanEditing): string {
  const title = replaces === undefined ? 'A new plan' : `The plan ${replaces}`
  switch (at.page) {
    case 'plan':
      return title
    case 'options':
      return `${title}: everything else`
    case 'steps':
      return `${title}: its steps, in their order`
    case 'kinds':
      return `${title}: what shall the new step do?`
    case 'step':
      return `${title}: step ${at.at + 1}, ${steps[at.at]?.kind ?? ''}`
  }
}

function pageRows({ at, editor, steps }: PlanEditing, columns: number): number {
  switch (at.page) {
    case 'plan':
      return formRows(editor.form, columns)
    case 'options':
    case 'step':
      return formRows(at.editor.form, columns)
    case 'steps':
      return HEADING_ROWS + Math.max(1, steps.length)
    case 'kinds':
      return HEADING_ROWS + STEP_KINDS.length
  }
}

const STEP_COLUMNS: readonly TableColumn<StepForm>[] = [{ title: 'step', value: stepText }]
const KIND_COLUMNS: readonly TableColumn<StepKind>[] = [
  { title: 'kind', width: 12, value: (kind) => kind },
  { title: 'what it does', value: (kind) => STEP_WORDS[kind] },
]

interface PageProps {
  readonly editing: PlanEditing
  readonly columns: number
  readonly rows: number
}

function Page({ editing, columns, rows }: PageProps): ReactNode {
  const { at, editor, steps } = editing
  const height = Math.min(rows, pageRows(editing, columns))
  switch (at.page) {
    case 'plan':
      return <EditorView editor={editor} columns={columns} rows={rows} />
    case 'options':
    case 'step':
      return <EditorView<string> editor={at.editor} columns={columns} rows={rows} />
    case 'steps':
      return (
        <Table
          columns={STEP_COLUMNS}
          rows={steps}
          place={at.place}
          width={columns}
          height={height + 1}
          empty="no step: n adds one"
        />
      )
    case 'kinds':
      return (
        <Table columns={KIND_COLUMNS} rows={STEP_KINDS} place={at.place} width={columns} height={height} empty="" />
      )
  }
}
