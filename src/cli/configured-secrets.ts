import { KeyError, UsageError } from '../base/errors.ts'
import { type GivenSecret, wipeGiven } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'
import type { CredentialKind, SecretKind, SecretSource } from '../service/secret-source.ts'
import { commandOutput } from './command-output.ts'
import { readSecretFile, SECRET_BYTES_MAX, withoutLineEnd } from '../service/secret-file.ts'
import type { SecretContext } from './secrets.ts'

/** A secret that the configuration says how to come by, other than a sealed one. */
export interface ConfiguredSecret {
  readonly source: Exclude<SecretSource, { from: 'sealed' }>
  /** Where the configuration says it, for messages. */
  readonly key: string
}

/** Returns what the configuration says of the password of the repository at `place`. */
export function configuredPassword(place: RepositoryPlace): ConfiguredSecret | undefined {
  const source = place.configured?.secrets.get('password')
  return source === undefined || source.from === 'sealed' ? undefined : { source, key: keyOf(place, 'password') }
}

/**
 * Returns the bytes of a configured secret; the caller wipes them.
 *
 * @throws {UsageError} BAD_ARGUMENT: the variable is not set, the file cannot be read.
 * @throws {KeyError} WRONG_KEY: it is too large to be a secret.
 * @throws {SourceError} COMMAND_FAILED
 */
export async function readConfiguredSecret(
  context: SecretContext,
  { source, key }: ConfiguredSecret,
): Promise<Uint8Array> {
  switch (source.from) {
    case 'env': {
      const value = context.takeVariable(source.name)
      if (value !== undefined) return new Uint8Array(Buffer.from(value, 'utf8'))
      throw new UsageError('BAD_ARGUMENT', `the variable ${source.name}, which ${key} names, is not set`, {
        context: { variable: source.name },
        hint: 'Set it, or change the configuration.',
      })
    }
    case 'file':
      return withoutLineEnd(await readSecretFile({ file: source.path, namedBy: key }, context.warn))
    case 'command': {
      const options = { namedBy: key, bytesMax: SECRET_BYTES_MAX, signal: context.signal }
      return withoutLineEnd(await commandOutput(source.command, options))
    }
  }
}

/** Returns a credential of a store as the configuration says it, or `undefined` when it does not. */
export type CredentialReader = (kind: CredentialKind) => Promise<string | undefined>

/**
 * Returns how credentials of the store at `place` are read: each once, when it is first needed. Sealed ones are opened at
 * once, since the password is at hand now; `password` is called only for them.
 *
 * @throws {KeyError} WRONG_PASSWORD: a sealed one does not open; WRONG_KEY: the repository is opened without a password.
 */
export async function credentialsOf(
  context: SecretContext,
  place: RepositoryPlace,
  password: () => Promise<GivenSecret>,
): Promise<CredentialReader> {
  const read = new Map<CredentialKind, Promise<string | undefined>>()
  for (const [kind, source] of place.configured?.secrets ?? []) {
    if (kind === 'password' || source.from !== 'sealed') continue
    const opened = textOf(await openSealed({ place, kind, sealed: source.sealed }, password))
    read.set(kind, Promise.resolve(opened))
  }
  return (kind) => {
    const known = read.get(kind)
    if (known !== undefined) return known
    const source = place.configured?.secrets.get(kind)
    if (source === undefined || source.from === 'sealed') return Promise.resolve(undefined)
    const reading = readConfiguredSecret(context, { source, key: keyOf(place, kind) }).then(textOf)
    read.set(kind, reading)
    return reading
  }
}

async function openSealed(
  { place, kind, sealed }: { place: RepositoryPlace; kind: CredentialKind; sealed: Uint8Array },
  password: () => Promise<GivenSecret>,
): Promise<Uint8Array> {
  const secret = await password()
  try {
    if (secret.kind === 'derived') {
      const held = secret.credentials.get(kind)
      if (held !== undefined) return held.slice()
    }
    if (secret.kind !== 'password') {
      throw new KeyError('WRONG_KEY', `${keyOf(place, kind)} is sealed with the password, and none was given`, {
        hint: 'Give the password, or write the credential as {env: NAME}, {file: PATH} or {command: "…"}.',
      })
    }
    const { openCredential } = await import('../service/sealed-secret.ts')
    return await openCredential(sealed, { kind, password: secret.bytes })
  } finally {
    wipeGiven(secret)
  }
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  bytes.fill(0)
  return text
}

function keyOf({ configured }: RepositoryPlace, kind: SecretKind): string {
  return `repositories.${configured?.name ?? ''}.${kind}`
}
