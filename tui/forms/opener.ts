import { equalBytes, utf8 } from '../../src/base/bytes.ts'
import type { TypedSecret } from '../../src/service/application/port.ts'
import { choiceField, type Form, type LabelledField, secretField, takeSecret, textField, textOf } from './form.ts'

/** What a repository is opened with, as it is offered. */
const OPENERS = { password: 'password', 'recovery code': 'recovery-code', 'key file': 'key-file' } as const
const WORDS = Object.keys(OPENERS) as (keyof typeof OPENERS)[]

const SECRET = { name: 'secret', label: 'Secret', help: 'is not shown' } as const
const KEY_FILE = { name: 'secret', label: 'Key file', help: 'its absolute path' } as const

export type OpenerField = 'openWith' | 'secret'

/** Returns the fields that say what opens a repository; nothing is typed yet. */
export function openerFields(form?: Form<string>): readonly LabelledField<OpenerField>[] {
  const chosen = Math.max(0, WORDS.indexOf(wordOf(form)))
  const openWith = {
    name: 'openWith',
    label: 'Open with',
    field: choiceField(WORDS, chosen),
    help: '← → choose',
  } as const
  return [
    openWith,
    WORDS[chosen] === 'key file' ? { ...KEY_FILE, field: textField() } : { ...SECRET, field: secretField() },
  ]
}

/** Returns the form with a field for what was chosen to open with: the path of a key file is seen, a secret never. */
export function withFittingOpener<Name extends string>(form: Form<Name>): Form<Name> {
  const isFile = wordOf(form) === 'key file'
  const fields = form.fields.map((each) => {
    if (each.name !== 'secret' || (each.field.kind === 'text') === isFile) return each
    if (each.field.kind === 'secret') each.field.secret.wipe()
    const { label, help } = isFile ? KEY_FILE : SECRET
    return { ...each, label, help, field: isFile ? textField() : secretField(), mistake: undefined }
  })
  return fields.every((field, index) => field === form.fields[index]) ? form : { ...form, fields }
}

/** Returns what was typed to open with, whose bytes the caller hands on or wipes. */
export function takeOpener(form: Form<string>): TypedSecret {
  const kind = OPENERS[wordOf(form)]
  return { kind, bytes: kind === 'key-file' ? utf8(textOf(form, 'secret').trim()) : takeSecret(form, 'secret') }
}

/** Returns the fields of a password that is made up: twice, since nobody sees it. */
export function newPasswordFields(): readonly LabelledField<'secret' | 'again'>[] {
  return [
    { name: 'secret', label: 'New password', field: secretField(), help: SECRET.help },
    { name: 'again', label: 'The same again', field: secretField(), help: SECRET.help },
  ]
}

/** Returns the secret of a form, which the caller hands on or wipes, or what is wrong with it; a new one is there twice. */
export function takeTypedSecret(
  form: Form<string>,
  isNew: boolean,
): { readonly secret?: TypedSecret; readonly mistake?: string } {
  const secret = takeOpener(form)
  const { bytes } = secret
  if (bytes.length === 0) return { mistake: isNew ? 'a password is needed' : 'a secret is needed' }
  if (!isNew) return { secret }
  const again = takeSecret(form, 'again')
  const isSame = equalBytes(bytes, again)
  again.fill(0)
  if (isSame) return { secret }
  bytes.fill(0)
  return { mistake: 'the two passwords differ' }
}

function wordOf(form: Form<string> | undefined): keyof typeof OPENERS {
  const chosen = form === undefined ? '' : textOf(form, 'openWith')
  return WORDS.find((word) => word === chosen) ?? 'password'
}
