import type { RepositoryForm, TypedSecret } from '../../../src/service/application/port.ts'
import { type Editor, editorOf, withoutSecrets } from '../../forms/editor.ts'
import {
  afterRefusal,
  type Form,
  textField,
  textOf,
  withCopies,
  withMistakes,
  withoutProblem,
  withoutSecretsIn,
} from '../../forms/form.ts'
import { newPasswordFields, type OpenerField, openerFields, takeTypedSecret } from '../../forms/opener.ts'
import type { Problem } from '../../state/problem.ts'
import { type CredentialField, credentialFields, takeCredentials } from './credentials.ts'
import type { ServerKind } from './places.ts'

export type SecretField = 'name' | 'again' | OpenerField | CredentialField

/** What a repository that is added has to be called, and what opens it and its server. */
export interface SecretFormOptions {
  /** `true`: it is made; `false`: it is there already. */
  readonly isNew: boolean
  readonly server: ServerKind
}

/** Returns the form, with what was typed before somebody went back to say better where the repository lies. */
export function secretEditor(options: SecretFormOptions, typed: Editor<SecretField> | undefined): Editor<SecretField> {
  const form = secretForm(options)
  if (typed === undefined) return editorOf(form, { wishes: { secret: 'file' } })
  const before = new Map(typed.form.fields.map((field) => [field.name, field]))
  return { ...typed, form: { ...form, fields: form.fields.map((field) => before.get(field.name) ?? field) } }
}

function secretForm({ isNew, server }: SecretFormOptions): Form<SecretField> {
  const name = {
    name: 'name',
    label: 'Call it',
    field: textField(),
    help: 'letters, digits, ".", "_" and "-"',
  } as const
  const asked = credentialFields(server)
  return {
    fields: [...asked, name, ...(isNew ? newPasswordFields() : openerFields())],
    // Most SSH servers are opened by keys.
    focus: server === 'sftp' ? asked.length : 0,
  }
}

/** What is typed, ready to be sent: its bytes are wiped by who takes them. */
export interface TypedRepository extends Required<Pick<RepositoryForm, 'name' | 'credentials'>> {
  readonly secret: TypedSecret
  /** The form while it is tried: nothing of it is lost by that. */
  readonly editor: Editor<SecretField>
}

/** Returns what a form says, or the form with what is wrong with it. */
export function typedRepository(
  editor: Editor<SecretField>,
  { isNew, server }: SecretFormOptions,
): TypedRepository | { readonly mistaken: Editor<SecretField> } {
  const form = withCopies(editor.form)
  const name = textOf(form, 'name').trim()
  const { secret, mistake } = takeTypedSecret(form, isNew)
  const credentials = takeCredentials(server, form)
  withoutSecrets({ ...editor, form })
  if (secret !== undefined && name !== '') {
    return { name, credentials, secret, editor: { ...editor, form: withoutProblem(editor.form) } }
  }
  for (const { bytes } of credentials) bytes.fill(0)
  secret?.bytes.fill(0)
  const mistakes = {
    ...(mistake === undefined ? {} : { secret: mistake }),
    ...(name === '' ? { name: 'a repository needs a name' } : {}),
  }
  const kept = secret === undefined ? withoutTypedSecret(editor.form) : editor.form
  return { mistaken: { ...editor, form: withMistakes(kept, mistakes) } }
}

const WRONG_SECRETS: readonly string[] = ['WRONG_PASSWORD', 'WRONG_KEY', 'BAD_RECOVERY_CODE']

export function isSecretWrong({ code }: Problem): boolean {
  return WRONG_SECRETS.includes(code)
}

/** Returns the form with why it was refused: all is there but a secret that was wrong. */
export function refusedEditor(editor: Editor<SecretField>, problem: Problem): Editor<SecretField> {
  const { form } = editor
  if (isSecretWrong(problem)) {
    return { ...editor, form: withMistakes(withoutTypedSecret(form), { secret: problem.message }) }
  }
  const told = afterRefusal(form, problem)
  // Where a server let nobody in, what it asks for comes next: its fields are the first.
  const isDenied = problem.code === 'STORE_DENIED' && form.fields[0]?.name !== 'name'
  return { ...editor, form: isDenied ? { ...told, focus: 0 } : told }
}

function withoutTypedSecret(form: Form<SecretField>): Form<SecretField> {
  return withoutSecretsIn(form, ['secret', 'again'])
}
