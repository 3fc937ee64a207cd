import type { ReactNode } from 'react'

import type { Editor } from '../forms/editor.ts'
import { FormView } from './form-view.tsx'
import { PickerView } from './picker-view.tsx'

export interface EditorViewProps<Name extends string> {
  readonly editor: Editor<Name>
  readonly columns: number
  readonly rows: number
}

/** A form, or the folders of which some are being chosen for it. */
export function EditorView<Name extends string>({ editor, columns, rows }: EditorViewProps<Name>): ReactNode {
  if (editor.picking !== undefined) return <PickerView picker={editor.picking.picker} columns={columns} rows={rows} />
  return <FormView form={editor.form} columns={columns} rows={rows} />
}
