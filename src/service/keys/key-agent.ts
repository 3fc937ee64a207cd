import { UsageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { GuardedSecret } from '../../crypto/guarded-secret.ts'
import { encodeHeldKey, type HeldKey, wipeHeldKey } from './held-key.ts'

/** Nobody has more repositories; each takes pages of locked memory, of which there are few. */
const KEYS_MAX = 256

/** An unlocked repository. */
export interface Unlocked {
  /** Where it lies: an absolute path or a URL. */
  readonly location: string
  readonly slot: ObjectId
  /** Milliseconds since 1970. */
  readonly sinceMs: number
}

/** Keeps what opens repositories, in memory that is locked and never dumped, until it is told to forget. */
export class KeyAgent implements Disposable {
  readonly #held = new Map<string, Unlocked & { readonly secret: GuardedSecret }>()

  /**
   * Takes over the key of the repository at `location`, in the place of one that is held already; `key` is wiped.
   *
   * @throws {UsageError} BAD_ARGUMENT: too many are held.
   */
  hold(location: string, key: HeldKey, sinceMs: number): void {
    const encoded = encodeHeldKey(key)
    wipeHeldKey(key)
    // Wipes what was encoded, too.
    const secret = new GuardedSecret(encoded)
    if (this.#held.size >= KEYS_MAX && !this.#held.has(location)) {
      secret[Symbol.dispose]()
      throw new UsageError('BAD_ARGUMENT', `${KEYS_MAX} repositories are unlocked already`, {
        hint: 'Forget some with `tidemark lock`.',
      })
    }
    this.#held.get(location)?.secret[Symbol.dispose]()
    this.#held.set(location, { location, slot: key.slot, sinceMs, secret })
  }

  has(location: string): boolean {
    return this.#held.has(location)
  }

  /** Returns what opens the repository at `location`, encoded, for the caller to wipe, or `undefined` when it is locked. */
  encoded(location: string): Uint8Array | undefined {
    return this.#held.get(location)?.secret.copy()
  }

  list(): readonly Unlocked[] {
    return [...this.#held.values()].map(({ location, slot, sinceMs }) => ({ location, slot, sinceMs }))
  }

  /**
   * Forgets the key of a repository; with `slot`, only when it is the key of that slot: another may have been given since.
   * Returns whether there was one.
   */
  forget(location: string, slot?: string): boolean {
    const held = this.#held.get(location)
    if (held === undefined || (slot !== undefined && held.slot !== slot)) return false
    this.#held.delete(location)
    held.secret[Symbol.dispose]()
    return true
  }

  /** Forgets all keys; returns how many there were. */
  lock(): number {
    const count = this.#held.size
    for (const { secret } of this.#held.values()) secret[Symbol.dispose]()
    this.#held.clear()
    return count
  }

  [Symbol.dispose](): void {
    this.lock()
  }
}
