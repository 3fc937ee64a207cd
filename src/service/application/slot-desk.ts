import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { KdfParameters } from '../../crypto/kdf.ts'
import { wipe } from '../../crypto/secret.ts'
import { revisionMemoryIn } from '../../repository/revision-memory.ts'
import {
  addRecoveryCode,
  addSlot,
  changePassword,
  listSlots,
  removeSlot,
  SLOT_REMOVAL_NOTICE,
  type SlotRemovalContext,
} from '../../repository/slot-changes.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import type { KnownRepository, OpenedRepository } from './known-repository.ts'
import { milliseconds } from './show-entry.ts'
import type { Shown, SlotData } from './shown.ts'
import { shownText } from './shown-text.ts'

export interface SlotDeskOptions {
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
      return slots.map(({ id, kind, keySet, current }) => ({
        id,
        kind,
        scope: keySet,
        isCurrent: current,
        label: current ? shownText(keys.label) : undefined,
        createdMs: current ? milliseconds(keys.created) : undefined,
      }))
    })
  }

  /** Adds a password; its bytes are wiped. */
  async addPassword(known: KnownRepository, password: SlotSecret): Promise<void> {
    const slot = { secret: password, label: 'password', kdf: this.#options.kdf }
    try {
      await known.use(async (opened) => addSlot(this.#context(opened), slot))
    } finally {
      wipe(password.bytes)
    }
    await known.reopen()
  }

  /**
   * Puts a password in the place of the one that opened the repository; its bytes are wiped.
   *
   * @throws {UsageError} BAD_ARGUMENT: no password opened it, or credentials are sealed with that.
   */
  async changePassword(known: KnownRepository, password: SlotSecret): Promise<readonly Shown[]> {
    const held = { kind: password.kind, bytes: password.bytes.slice() }
    try {
      refuseSealed(known)
      await known.use(async (opened) => {
        const context = this.#context(opened)
        const current = (await listSlots(context.driver, context.opened)).find((slot) => slot.current)
        if (current?.kind !== 'password') throw notByPassword(known)
        const { kdf } = this.#options
        await changePassword(context, { secret: password, label: context.opened.label, kdf })
      })
      await known.reopen(held)
    } finally {
      wipe(password.bytes, held.bytes)
    }
    const source = known.place.configured?.secrets.get('password')?.from
    const elsewhere = source === undefined ? [] : ['The configuration says where the old password is: change it there.']
    return [SLOT_REMOVAL_NOTICE, ...elsewhere].map(shownText)
  }

  /** Adds a recovery code and returns it, once. */
  async addRecoveryCode(known: KnownRepository): Promise<string> {
    const { code } = await known.use(async (opened) => addRecoveryCode(this.#context(opened), 'recovery code'))
    await known.reopen()
    return code
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

  #context({ repository, cache }: OpenedRepository): SlotRemovalContext {
    const { clock, randomness } = this.#options
    return {
      ...{ clock, randomness, driver: repository.driver, opened: repository.keys, signer: repository.instance },
      memory: revisionMemoryIn(cache),
      recordsIn: (realm) => repository.recordsIn(realm),
    }
  }
}

function refuseSealed({ place: { name, configured } }: KnownRepository): void {
  const sealed = [...(configured?.secrets ?? [])].filter(([, { from }]) => from === 'sealed').map(([kind]) => kind)
  if (sealed.length === 0) return
  throw new UsageError('BAD_ARGUMENT', `${sealed.join(', ')} of ${name ?? ''} is sealed with the password`, {
    hint: 'Use `tidemark key passwd`, which says how it is sealed with the new one.',
  })
}

function notByPassword({ place: { name, url } }: KnownRepository): UsageError {
  return new UsageError('BAD_ARGUMENT', `${name ?? url} was not opened with a password`, {
    hint: 'Add a password, and remove the old one.',
  })
}
