import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { hexId, REALM_ID_BYTES } from '../../src/base/ids.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { NamedRealm } from '../../src/format/key-set.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { type OpenedKeys, openKeys, type OpenKeysOptions } from '../../src/repository/open-keys.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { addSlot, type SlotRemovalContext } from '../../src/repository/slot-changes.ts'
import type { SlotSecret } from '../../src/repository/slot-key.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { aheadClock } from './test-machine.ts'
import { RealmMachine } from './two-realms.ts'

/** Returns a secret that costs no key derivation. */
export function keyFile(number: number): SlotSecret {
  return { kind: 'key-file', bytes: new Uint8Array(32).fill(number) }
}

/** What the owner's first slot opens with. */
export const OWNER = keyFile(1)

export function newRealm(name: string): NamedRealm {
  return { id: hexId(systemRandomness.bytes(REALM_ID_BYTES)), name }
}

/** A repository in memory that machines open with slots of their own. */
export class SharedRepository {
  readonly folder: string
  readonly driver: MemoryDriver
  readonly owner: RealmMachine
  readonly #created: OpenedKeys

  private constructor(driver: MemoryDriver, created: OpenedKeys) {
    this.folder = temporaryFolder()
    this.driver = driver
    this.#created = created
    this.owner = this.machine('owner', OWNER)
  }

  static async create(): Promise<SharedRepository> {
    const driver = new MemoryDriver()
    const slots = [{ secret: OWNER, label: 'owner' }] as const
    const created = await createRepository(driver, { slots, clock: aheadClock, randomness: systemRandomness })
    return new SharedRepository(driver, created)
  }

  open(secret: SlotSecret, options: Partial<OpenKeysOptions> = {}): Promise<OpenedKeys> {
    return openKeys(this.driver, secret, { randomness: systemRandomness, ...options })
  }

  /** Returns a machine with a cache and an instance of its own. */
  machine(name: string, secret: SlotSecret): RealmMachine {
    const { folder, driver } = this
    const place = { folder, driver, repository: this.#created.repository }
    return new RealmMachine(name, place, () => this.open(secret))
  }

  /** Adds a backup-only slot and returns the machine that holds it. */
  async backupOnly(name: string, secret: SlotSecret, realm = newRealm(name)): Promise<RealmMachine> {
    await addSlot(this.changing(await this.owner.reopen()), { secret, label: name }, realm)
    return this.machine(name, secret)
  }

  /** What changes the slots, with the keys that were opened. */
  changing(repository: Repository): SlotRemovalContext {
    return {
      driver: this.driver,
      opened: repository.keys,
      clock: aheadClock,
      randomness: systemRandomness,
      memory: undefined,
      recordsIn: (realm) => repository.recordsIn(realm),
      signer: repository.instance,
    }
  }
}
