import type { NewKey } from '../../../src/service/application/port.ts'
import { type Editor, editorOf } from '../../forms/editor.ts'
import { choiceField, type Form, type LabelledField, textField, textOf } from '../../forms/form.ts'
import { newPasswordFields } from '../../forms/opener.ts'

/** What makes or changes a key and has to be told something for it. */
export type KeyMethod = 'addPassword' | 'changePassword' | 'exportKey' | 'addRecoveryCode'
export type KeyField = 'file' | 'secret' | 'again' | 'label' | 'may' | 'realm'

const EVERYTHING = 'everything'
const BACKUP_ONLY = 'back up only'

const FILE: LabelledField<KeyField> = {
  name: 'file',
  label: 'New file',
  field: textField(),
  help: 'an absolute path; whoever has the file needs no password',
}
const LABEL: LabelledField<KeyField> = {
  name: 'label',
  label: 'Label',
  field: textField(),
  help: 'a word for people, seen by whoever opens the repository with it; may stay empty',
}
/** What a new key is, beside the secret. */
const NEW_KEY: readonly LabelledField<KeyField>[] = [
  LABEL,
  {
    name: 'may',
    label: 'May',
    field: choiceField([EVERYTHING, BACKUP_ONLY]),
    help: '← → choose; a machine that may be stolen reads nothing back with a key that backs up only',
  },
  {
    name: 'realm',
    label: 'Realm',
    field: textField(),
    help: 'of a key that backs up only; empty: one of its own. Who shares one can tell which files the others have',
  },
]

/** Returns an empty form. */
export function keyEditor(method: KeyMethod): Editor<KeyField> {
  const fields = {
    addPassword: [...newPasswordFields(), ...NEW_KEY],
    changePassword: newPasswordFields(),
    exportKey: [FILE, ...NEW_KEY],
    addRecoveryCode: [LABEL],
  }[method]
  return editorOf({ fields, focus: 0 }, { wishes: { file: 'new-file' } })
}

/** Returns what a form says of the key that is to be made. */
export function newKeyIn(form: Form<KeyField>): NewKey {
  return {
    label: textOf(form, 'label'),
    backupOnly: textOf(form, 'may') === BACKUP_ONLY,
    realm: textOf(form, 'realm'),
  }
}
