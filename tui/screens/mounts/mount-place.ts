import { type Editor, type EditorPaths, editorWithMistakes } from '../../forms/editor.ts'
import { type LabelledField, textField, textOf } from '../../forms/form.ts'

/** The field of a form that says where something is mounted. */
export type MountPlaceField = 'directory'

export const MOUNT_PLACE_PATHS: EditorPaths = { pickable: { directory: 'one' }, wishes: { directory: 'new-folder' } }

/** Returns the field with the folder that the settings name. */
export function mountPlaceField(label: string, folder: string): LabelledField<MountPlaceField> {
  const help = 'an empty folder, made where there is none; Ctrl+O chooses one'
  return { name: 'directory', label, field: textField(folder), help }
}

/** Returns the folder that a form names, or the form with what is wrong with it. */
export function mountPlaceIn<Name extends string>(
  editor: Editor<Name | MountPlaceField>,
): { readonly directory: string } | { readonly mistaken: Editor<Name | MountPlaceField> } {
  const directory = textOf(editor.form, 'directory')
  if (directory.startsWith('/')) return { directory }
  return { mistaken: editorWithMistakes(editor, { directory: 'begins with /' }) }
}
