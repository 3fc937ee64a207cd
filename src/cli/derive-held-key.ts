import { present } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import type { DerivedSlotKey } from '../repository/slot-key.ts'
import type { HeldKey } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'
import { CREDENTIAL_KINDS, type CredentialKind } from '../service/secret-source.ts'
import type { CredentialReader } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import { openSession } from './open-session.ts'

/** What a daemon is given so that it can open a repository; its holder wipes the key. */
export interface DerivedKey {
  readonly place: RepositoryPlace
  readonly key: HeldKey
}

/**
 * Opens a repository with what somebody knows of it, and returns what opens it from then on: its slot's key, and what was
 * sealed with the password.
 *
 * @throws whatever opening a repository throws.
 */
export async function deriveHeldKey(context: CliContext, repository: string | undefined): Promise<DerivedKey> {
  const derived: DerivedSlotKey[] = []
  let credential: CredentialReader | undefined
  const options = {
    withoutDaemon: true,
    onDerived: (key: DerivedSlotKey) => void derived.push(key),
    onCredentials: (read: CredentialReader) => void (credential = read),
  }
  try {
    const secrets = { ...context.secrets, isUnlocking: true }
    await using session = await openSession({ ...context, secrets }, repository, options)
    const { keys } = await session.repository
    const { place } = session
    const { slot, bytes } = present(
      derived.findLast((key) => key.slot === keys.slot),
      'the key of the slot that opened',
    )
    const credentials = new Map<CredentialKind, Uint8Array>()
    for (const kind of CREDENTIAL_KINDS) {
      if (place.configured?.secrets.get(kind)?.from !== 'sealed') continue
      const text = await credential?.(kind)
      if (text !== undefined) credentials.set(kind, utf8(text))
    }
    return { place, key: { kind: 'derived', slot, bytes: bytes.slice(), credentials } }
  } finally {
    for (const { bytes } of derived) bytes.fill(0)
  }
}
