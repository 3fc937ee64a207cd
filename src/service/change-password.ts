import { wipe } from '../crypto/secret.ts'
import type { NewSlot } from '../repository/new-slot.ts'
import { changePassword, type SlotRemovalContext } from '../repository/slot-changes.ts'
import type { ObjectId } from '../base/ids.ts'
import { addRepository, type ConfiguredRepository } from './configuration.ts'
import { sealCredential } from './sealed-secret.ts'
import type { CredentialKind, SecretSource } from './secret-source.ts'

/** What is sealed with the password of a repository. */
export interface SealedCredentials {
  readonly configFile: string
  /** What that file says of the repository. */
  readonly configured: ConfiguredRepository
  /** Returns what one of them holds; wiped here. */
  readonly read: (kind: CredentialKind) => Promise<Uint8Array>
}

/** What a change of the password must tell where credentials were sealed with it. */
export const SEALED_ANEW_NOTICE =
  'What this machine keeps sealed for the server is sealed with the new password; other machines that have it sealed have ' +
  'to seal it again with `tidemark repo add NAME URL --seal`.'

/** Returns which credentials of a repository are sealed with its password. */
export function sealedKinds(configured: ConfiguredRepository | undefined): readonly CredentialKind[] {
  return [...(configured?.secrets ?? [])].flatMap(([kind, { from }]) => {
    return kind !== 'password' && from === 'sealed' ? [kind] : []
  })
}

/**
 * Puts a password in the place of the one that opened the repository, and seals with it what was sealed with that one.
 *
 * The configuration is written while both passwords open the repository: wherever this is interrupted, the one that opens
 * what is sealed opens the repository as well. Where it cannot be written, the new password is taken back.
 *
 * @throws whatever `changePassword`, reading a credential, and writing the configuration throw.
 */
export async function changePasswordAndSeals(
  context: SlotRemovalContext,
  slot: NewSlot,
  credentials: SealedCredentials | undefined,
): Promise<ObjectId> {
  const kinds = sealedKinds(credentials?.configured)
  if (credentials === undefined || kinds.length === 0) return changePassword(context, slot)
  const { configFile, configured } = credentials
  const secrets = new Map<CredentialKind, SecretSource>()
  for (const kind of kinds) secrets.set(kind, await sealedAnew(kind, credentials, { context, slot }))
  return changePassword(context, slot, async () => {
    const { name, url } = configured
    await addRepository(configFile, { name, url, makeDefault: false, secrets })
  })
}

async function sealedAnew(
  kind: CredentialKind,
  { read }: SealedCredentials,
  { context, slot }: { readonly context: SlotRemovalContext; readonly slot: NewSlot },
): Promise<SecretSource> {
  const secret = await read(kind)
  try {
    const sealing = { kind, password: slot.secret.bytes, randomness: context.randomness }
    const kdf = slot.kdf === undefined ? {} : { kdf: slot.kdf }
    return { from: 'sealed', sealed: await sealCredential(secret, { ...sealing, ...kdf }) }
  } finally {
    wipe(secret)
  }
}
