import { UsageError } from '../base/errors.ts'
import { wipe } from '../crypto/secret.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import { sealCredential } from '../service/sealed-secret.ts'
import type { CredentialKind, SecretSource } from '../service/secret-source.ts'
import type { ConfiguredSecret } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import { newPassword } from './secrets.ts'

interface SealRequest {
  readonly url: string
  readonly kinds: readonly CredentialKind[]
  /** How the password of the repository of that name is come by, if the configuration says it. */
  readonly configured: { readonly source: SecretSource | undefined; readonly name: string }
}

/**
 * Asks for credentials without echo, and seals each with the repository's password. Nobody asks the repository whether it
 * is its password, since it may be out of reach without them, or not be there yet: so a typed one is asked for twice.
 *
 * @throws {UsageError} BAD_ARGUMENT: one is empty, or nobody is there to be asked.
 */
export async function sealCredentials(
  context: CliContext,
  { url, kinds, configured }: SealRequest,
): Promise<[CredentialKind, SecretSource][]> {
  const { randomness, secrets } = context
  if (!secrets.interactive) {
    throw new UsageError('BAD_ARGUMENT', 'there is no terminal to ask for what is to be sealed', {
      hint: 'Write it into the configuration as {env: NAME}, {file: PATH} or {command: "…"} instead.',
    })
  }
  const password = await passwordFor(context, { url, configured })
  try {
    const entries: [CredentialKind, SecretSource][] = []
    for (const kind of kinds) {
      const secret = await secrets.ask(`${kind} of ${url}: `)
      try {
        if (secret.byteLength === 0)
          throw new UsageError('BAD_ARGUMENT', `the ${kind} is empty`, { hint: 'Run it again.' })
        const sealed = await sealCredential(secret, { kind, password: password.bytes, randomness })
        entries.push([kind, { from: 'sealed', sealed }])
      } finally {
        wipe(secret)
      }
    }
    return entries
  } finally {
    wipe(password.bytes)
  }
}

async function passwordFor(
  { secrets }: CliContext,
  { url, configured: { source, name } }: Pick<SealRequest, 'url' | 'configured'>,
): Promise<SlotSecret> {
  const isUsable = source !== undefined && source.from !== 'sealed'
  const configured: ConfiguredSecret | undefined = isUsable
    ? { source, key: `repositories.${name}.password` }
    : undefined
  return newPassword(secrets, { purpose: url, useEnvironment: true, configured, isKnown: true })
}
