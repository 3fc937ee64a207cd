import type { TypedCredential } from '../../../src/service/application/port.ts'
import { type Form, type LabelledField, secretField, takeSecret } from '../../forms/form.ts'
import type { ServerKind } from './places.ts'

/** What a server may want to know of its user. */
export type CredentialField = TypedCredential['kind']

function field(name: CredentialField, label: string, help: string): LabelledField<CredentialField> {
  return { name, label, field: secretField(), help }
}

/** Returns empty fields for what the server of a place may ask; what stays empty is come by as commands do. */
export function credentialFields(kind: ServerKind): readonly LabelledField<CredentialField>[] {
  switch (kind) {
    case 'local':
    case 'external':
      return []
    case 'sftp':
      return [
        field('sftp-password', 'SSH password', 'empty: your SSH keys and agent'),
        field('sftp-passphrase', 'Key passphrase', 'of the SSH key file; empty: it has none'),
      ]
    case 's3':
      return [
        field('s3-access-key-id', 'Access key id', 'empty: where AWS tools take it'),
        field('s3-secret-access-key', 'Secret key', 'empty: where AWS tools take it'),
      ]
    case 'dunesea':
      return [field('token', 'Token', 'empty: TIDEMARK_DUNESEA_TOKEN')]
  }
}

/** Returns what was typed of it, which the caller hands on or wipes. */
export function takeCredentials(kind: ServerKind, form: Form<string>): readonly TypedCredential[] {
  return credentialFields(kind).flatMap(({ name }) => {
    const bytes = takeSecret(form, name)
    return bytes.length === 0 ? [] : [{ kind: name, bytes }]
  })
}
