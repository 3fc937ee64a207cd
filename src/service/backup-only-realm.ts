import { UsageError } from '../base/errors.ts'
import { hexId, REALM_ID_BYTES } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { type NamedRealm, REALM_NAME_BYTES_MAX } from '../format/key-set.ts'
import type { KeyRing } from '../repository/key-ring.ts'

export interface BackupOnlyFlags {
  readonly backupOnly?: boolean
  /** Name of the realm to write into. */
  readonly realm?: string
  readonly shareHome?: boolean
}

/** The realm of a key that is to be made, and what whoever makes it must be told. */
export interface BackupOnlyRealm extends NamedRealm {
  readonly isNew: boolean
  readonly notice: string
}

const READS_NOTHING = 'It makes points and reads nothing back: to restore, open the repository with a full key.'
const SHARED =
  'Machines that share a realm can tell whether the others have a file that they have themselves, read when and how much ' +
  'they backed up, and claim in their points data of the others that they never had.'

/**
 * Returns the realm that a new key is to write into; `undefined` when it is to be a full key. Without another word, each
 * backup-only key has a realm of its own.
 * @throws {UsageError} BAD_ARGUMENT
 */
export function backupOnlyRealm(
  flags: BackupOnlyFlags,
  of: { readonly ring: KeyRing; readonly label: string; readonly randomness: Randomness },
): BackupOnlyRealm | undefined {
  const { ring, label, randomness } = of
  if (flags.backupOnly !== true) {
    if (flags.realm === undefined && flags.shareHome !== true) return undefined
    throw new UsageError('BAD_ARGUMENT', 'a full key reads and writes every realm', {
      hint: 'Say --backup-only, too, or leave --realm and --share-home out.',
    })
  }
  const known = ring.realms().map((id) => ({ id, name: ring.realm(id).name }))
  const [home, ...others] = known
  if (flags.shareHome === true && home !== undefined) return shared(home)
  const named = others.find(({ name }) => name === flags.realm)
  if (named !== undefined) return shared(named)
  const taken = new Set(known.map(({ name }) => name))
  const name = flags.realm ?? freeName(label, taken)
  if (taken.has(name)) {
    throw new UsageError('BAD_ARGUMENT', `"${name}" is the realm of the full keys`, {
      context: { field: 'realm' },
      hint: `Say --share-home if that is meant. ${SHARED}`,
    })
  }
  if (name === '' || Buffer.byteLength(name) > REALM_NAME_BYTES_MAX) {
    throw new UsageError('BAD_ARGUMENT', 'the name of a realm is empty or too long', {
      context: { field: 'realm' },
      hint: `It may have ${REALM_NAME_BYTES_MAX} bytes; --realm says another.`,
    })
  }
  return { id: hexId(randomness.bytes(REALM_ID_BYTES)), name, isNew: true, notice: READS_NOTHING }
}

function shared(realm: NamedRealm): BackupOnlyRealm {
  return { ...realm, isNew: false, notice: `${READS_NOTHING} ${SHARED}` }
}

function freeName(label: string, taken: ReadonlySet<string>): string {
  if (!taken.has(label)) return label
  for (let number = 2; ; number++) if (!taken.has(`${label} ${number}`)) return `${label} ${number}`
}
