import type { SlotSecret } from '../../repository/slot-key.ts'
import type { ControlClient } from '../control/client.ts'
import type { HeldKey } from '../keys/held-key.ts'
import { isGone } from './daemon-link.ts'
import type { KnownRepository } from './known-repository.ts'

export interface DaemonKeysOptions {
  /** The daemon, whenever there is one. */
  readonly daemon: { readonly client: Pick<ControlClient, 'forget' | 'hold' | 'status'> | undefined }
  /** Opens a repository, and returns what opens it from then on, the caller's to wipe; wipes `secret`. */
  readonly derive: (known: KnownRepository, secret: SlotSecret) => Promise<HeldKey>
}

/** Has the daemon keep what somebody opened a repository with, as `tidemark unlock` does, so that its jobs open it as well. */
export class DaemonKeys {
  readonly #options: DaemonKeysOptions

  constructor(options: DaemonKeysOptions) {
    this.#options = options
  }

  /**
   * Hands over the key of a repository that is open here, unless its jobs find it by themselves, or the daemon has one and
   * this is not a new one.
   */
  async hold(known: KnownRepository, { isNew }: { readonly isNew: boolean } = { isNew: false }): Promise<void> {
    const { client } = this.#options.daemon
    const source = known.place.configured?.secrets.get('password')?.from
    // Jobs read those by themselves.
    if (client === undefined || source === 'file' || source === 'command') return
    await unlessGone(async () => {
      const { unlocked } = isNew ? { unlocked: [] } : await client.status()
      if (unlocked.some(({ location }) => location === known.place.url)) return
      const secret = known.secret()
      if (secret !== undefined) await client.hold(known.place.url, await this.#options.derive(known, secret))
    })
  }

  /** Has the daemon forget all keys. */
  async forget(): Promise<void> {
    await unlessGone(async () => this.#options.daemon.client?.forget({}))
  }
}

/** A daemon that has ended keeps no keys. */
async function unlessGone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isGone(error)) throw error
  }
}
