import { assert, present } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { numberOf } from '../../base/number-of.ts'
import type { Randomness } from '../../base/random.ts'
import type { KdfParameters } from '../../crypto/kdf.ts'
import { wipe } from '../../crypto/secret.ts'
import { revisionMemoryIn } from '../../repository/revision-memory.ts'
import {
  addRecoveryCode,
  addSlot,
  exportKeyFile,
  listSlots,
  removeSlot,
  requireFull,
  rotateKeys,
  ROTATION_NOTICE,
  SLOT_REMOVAL_NOTICE,
  type SlotRemovalContext,
} from '../../repository/slot-changes.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { type BackupOnlyRealm, backupOnlyRealm } from '../backup-only-realm.ts'
import { changePasswordAndSeals, SEALED_ANEW_NOTICE, sealedKinds } from '../change-password.ts'
import { wipeGiven } from '../keys/held-key.ts'
import { keepOrTakeBack } from '../keys/keep-slot-secret.ts'
import { slotLabel } from '../keys/slot-label.ts'
import { requireNewFile } from '../new-secret-file.ts'
import { openCredential } from '../sealed-secret.ts'
import type { CredentialKind } from '../secret-source.ts'
import type { KnownRepository, OpenedRepository } from './known-repository.ts'
import type { NewKey, NewRecoveryCode } from './port.ts'
import type { Repositories } from './repositories.ts'
import { milliseconds } from './show-entry.ts'
import type { Shown, SlotData } from './shown.ts'
import { shownText } from './shown-text.ts'

export interface SlotDeskOptions {
  readonly repositories: Pick<Repositories, 'all' | 'get'>
  readonly configFile: string
  readonly clock: Clock
  readonly randomness: Randomness
  /** For new passwords. */
  readonly kdf: KdfParameters
}

/**
 * What opens a repository, for whoever shows and changes it. Afterwards the repository is opened anew.
 *
 * Every function throws KeyError KEY_NOT_FULL, and what the store says.
 */
export class SlotDesk {
  readonly #options: SlotDeskOptions

  constructor(options: SlotDeskOptions) {
    this.#options = options
  }

  async list(known: KnownRepository): Promise<SlotData[]> {
    return known.use(async ({ repository: { driver, keys } }) => {
      const slots = await listSlots(driver, keys)
      const { ring } = keys
      return slots.map(({ id, kind, keySet, realm, current, order }) => ({
        id,
        kind,
        scope: keySet,
        realm: realm !== undefined && ring.realms().includes(realm) ? shownText(ring.realm(realm).name) : undefined,
        isCurrent: current,
        order,
        label: current ? shownText(keys.label) : undefined,
        createdMs: current ? milliseconds(keys.created) : undefined,
      }))
    })
  }

  /** Adds a password; its bytes are wiped. */
  async addPassword(known: KnownRepository, password: SlotSecret, key: NewKey): Promise<readonly Shown[]> {
    try {
      const slot = { secret: password, label: labelOf(key, 'password'), kdf: this.#options.kdf }
      return await this.#withRealm(known, key, async (context, realm) => addSlot(context, slot, realm))
    } finally {
      wipe(password.bytes)
    }
  }

  /** Writes a key file to a new file. @throws {UsageError} BAD_ARGUMENT: it cannot be written; then nothing is added. */
  async exportKey(known: KnownRepository, file: string, key: NewKey): Promise<readonly Shown[]> {
    await requireNewFile(file)
    return this.#withRealm(known, key, async (context, realm) => {
      const { id, file: content } = await exportKeyFile(context, labelOf(key, 'key file'), realm)
      await keepOrTakeBack(context, id, { file, content })
      return id
    })
  }

  /** Makes new keys for new data, for all slots that the owner vouches for. */
  async rotate(known: KnownRepository): Promise<readonly Shown[]> {
    const taken = await known.use(async (opened) => (await rotateKeys(this.#context(opened))).slots)
    await known.reopen()
    return [`${numberOf(taken, 'key')} can read what comes from now on.`, ROTATION_NOTICE].map(shownText)
  }

  /**
   * Puts a password in the place of the one that opened the repository, and seals with it what was sealed with that one; its
   * bytes are wiped. `known` may be another one afterwards, since what is configured of it is.
   *
   * @throws {UsageError} BAD_ARGUMENT: no password opened it.
   */
  async changePassword(known: KnownRepository, password: SlotSecret): Promise<readonly Shown[]> {
    const held = { kind: password.kind, bytes: password.bytes.slice() }
    const { configured } = known.place
    const sealed = sealedKinds(configured)
    try {
      await known.use(async (opened) => {
        const context = this.#context(opened)
        const current = (await listSlots(context.driver, context.opened)).find((slot) => slot.current)
        if (current?.kind !== 'password') throw notByPassword(known)
        const { configFile, kdf } = this.#options
        const slot = { secret: password, label: context.opened.label, kdf }
        await changePasswordAndSeals(
          context,
          slot,
          configured && { configFile, configured, read: (kind) => readSealed(known, kind) },
        )
      })
      if (sealed.length === 0) await known.reopen(held)
      else await this.#openAnew(known, held)
    } finally {
      wipe(password.bytes, held.bytes)
    }
    const source = configured?.secrets.get('password')?.from
    const elsewhere = source === undefined ? [] : ['The configuration says where the old password is: change it there.']
    return [SLOT_REMOVAL_NOTICE, ...elsewhere, ...(sealed.length === 0 ? [] : [SEALED_ANEW_NOTICE])].map(shownText)
  }

  /** Adds a recovery code and returns it, once. @throws {UsageError} BAD_ARGUMENT */
  async addRecoveryCode(known: KnownRepository, label: string): Promise<NewRecoveryCode> {
    const called = slotLabel(typedLabel(label), 'recovery code')
    const { id, code } = await known.use(async (opened) => addRecoveryCode(this.#context(opened), called))
    await known.reopen()
    return { slot: id, code }
  }

  /** @throws {KeyError} UNKNOWN_SLOT, LAST_FULL_SLOT @throws {UsageError} BAD_ARGUMENT: it opened the repository. */
  async remove(known: KnownRepository, slot: string): Promise<readonly Shown[]> {
    await known.use(async (opened) => {
      const context = this.#context(opened)
      if (slot === context.opened.slot) {
        throw new UsageError('BAD_ARGUMENT', 'that is what opened the repository now', {
          hint: 'Change the password, or lock it and open it with something else first.',
        })
      }
      await removeSlot(context, slot as ObjectId)
    })
    await known.reopen()
    return [shownText(SLOT_REMOVAL_NOTICE)]
  }

  /** Adds a key that may do what is said of it, and returns what whoever makes it must know. */
  async #withRealm(
    known: KnownRepository,
    key: NewKey,
    add: (context: SlotRemovalContext, realm: BackupOnlyRealm | undefined) => Promise<ObjectId>,
  ): Promise<readonly Shown[]> {
    const { id, realm } = await known.use(async (opened) => {
      const context = this.#context(opened)
      requireFull(context.opened)
      const realm = realmOf(key, context)
      return { id: await add(context, realm), realm }
    })
    await known.reopen()
    const into = realm === undefined ? [] : [`It writes into the realm "${realm.name}". ${realm.notice}`]
    return [`It is the key ${id.slice(0, 8)}.`, ...into].map(shownText)
  }

  /** The repository as the configuration has it now, opened with another password. */
  async #openAnew({ place }: KnownRepository, secret: SlotSecret): Promise<void> {
    const { repositories } = this.#options
    await repositories.all()
    const anew = await repositories.get(present(place.configured, 'what is sealed is configured').name)
    await anew.unlock({ kind: secret.kind, bytes: secret.bytes.slice() })
  }

  #context({ repository, cache }: OpenedRepository): SlotRemovalContext {
    const { clock, randomness } = this.#options
    return {
      ...{ clock, randomness, driver: repository.driver, opened: repository.keys, signer: repository.instance },
      memory: revisionMemoryIn(cache),
      recordsIn: (realm) => repository.recordsIn(realm),
    }
  }
}

function realmOf(key: NewKey, { opened: { ring }, randomness }: SlotRemovalContext): BackupOnlyRealm | undefined {
  if (!key.backupOnly) return undefined
  const [home] = ring.realms()
  const name = key.realm.trim()
  const shareHome = home !== undefined && ring.realm(home).name === name
  const flags = { backupOnly: true, ...(shareHome ? { shareHome } : name === '' ? {} : { realm: name }) }
  return backupOnlyRealm(flags, { ring, label: labelOf(key, 'backup-only'), randomness })
}

/** @throws {UsageError} BAD_ARGUMENT */
function labelOf({ label, backupOnly }: NewKey, otherwise: string): string {
  return slotLabel(typedLabel(label), backupOnly ? 'backup-only' : otherwise)
}

function typedLabel(label: string): string | undefined {
  return label.trim() === '' ? undefined : label.trim()
}

/** Returns what the configuration keeps sealed with what opened the repository; the caller wipes it. */
async function readSealed(known: KnownRepository, kind: CredentialKind): Promise<Uint8Array> {
  const source = known.place.configured?.secrets.get(kind)
  const given = known.given()
  try {
    // A daemon that gave the key gave what is sealed with the password, too, open.
    if (given.kind === 'derived') return present(given.credentials.get(kind), 'what opened the store').slice()
    assert(source?.from === 'sealed', 'what is sealed is known')
    return await openCredential(source.sealed, { kind, password: given.bytes })
  } finally {
    wipeGiven(given)
  }
}

function notByPassword({ place: { name, url } }: KnownRepository): UsageError {
  return new UsageError('BAD_ARGUMENT', `${name ?? url} was not opened with a password`, {
    hint: 'Add a password, and remove the old one.',
  })
}
