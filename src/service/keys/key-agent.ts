import { UsageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import type { GuardedSecret } from '../../crypto/guarded-secret.ts'
import { BoxRecipient, sealTo } from '../../crypto/sealed-box.ts'
import { notHeld, viewHeldKey } from './held-key.ts'

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

/**
 * Keeps what opens repositories, in memory that is locked and never dumped, until it is told to forget. Keys come and go
 * sealed: in the clear they lie nowhere else in this process.
 */
export class KeyAgent implements Disposable {
  readonly #recipient = new BoxRecipient()
  readonly #held = new Map<string, Unlocked & { readonly secret: GuardedSecret }>()
  /** Repositories that somebody locked by name, and nobody has unlocked since. */
  readonly #locked = new Set<string>()
  #isAllLocked = false
  #untilLocked = new AbortController()

  /** What keys are sealed to that are given to `take`: 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#recipient.publicKey
  }

  /**
   * Takes the key of the repository at `location`, encoded and sealed to `publicKey`, in the place of one that is held already.
   *
   * @throws {KeyError} WRONG_KEY: it is none, or sealed to somebody else. @throws {UsageError} BAD_ARGUMENT: too many are held.
   */
  take(location: string, sealed: Uint8Array, sinceMs: number): void {
    const secret = this.#recipient.open(sealed)
    if (secret === undefined) throw notHeld()
    try {
      this.#keep({ location, slot: secret.use((encoded) => viewHeldKey(encoded).slot), sinceMs, secret })
    } catch (error) {
      secret[Symbol.dispose]()
      throw error
    }
  }

  /** Aborted by the next `lock` or `forget` of somebody who wants something locked. */
  get untilLocked(): AbortSignal {
    return this.#untilLocked.signal
  }

  /** Tells whether somebody wanted a repository locked: it is not to be unlocked by what needs nobody. */
  isLocked(location: string): boolean {
    return !this.has(location) && (this.#isAllLocked || this.#locked.has(location))
  }

  has(location: string): boolean {
    return this.#held.has(location)
  }

  /**
   * Returns what opens the repository at `location`, encoded and sealed to a public key, or `undefined` when it is locked.
   *
   * @throws {UsageError} BAD_ARGUMENT: that is no public key.
   */
  sealed(location: string, publicKey: Uint8Array): Uint8Array | undefined {
    const held = this.#held.get(location)
    if (held === undefined) return undefined
    const sealed = held.secret.use((encoded) => sealTo(publicKey, encoded))
    if (sealed !== undefined) return sealed
    throw new UsageError('BAD_ARGUMENT', 'nothing can be sealed to this public key', {
      hint: 'Daemon and command are of different versions: restart the daemon.',
    })
  }

  list(): readonly Unlocked[] {
    return [...this.#held.values()].map(({ location, slot, sinceMs }) => ({ location, slot, sinceMs }))
  }

  /**
   * Forgets the key of a repository, which somebody wants locked; with `slot`, only when it is the key of that slot, which
   * opens nothing any more: another may have been given since. Returns whether there was one.
   */
  forget(location: string, slot?: string): boolean {
    if (slot === undefined) {
      // Who locks more than anybody has, wants all locked.
      if (this.#locked.size < KEYS_MAX) this.#locked.add(location)
      else this.#isAllLocked = true
      this.#endUnlocking()
    }
    const held = this.#held.get(location)
    if (held === undefined || (slot !== undefined && held.slot !== slot)) return false
    this.#held.delete(location)
    held.secret[Symbol.dispose]()
    return true
  }

  /** Forgets all keys, since somebody wants all locked; returns how many there were. */
  lock(): number {
    this.#isAllLocked = true
    this.#endUnlocking()
    const count = this.#held.size
    for (const { secret } of this.#held.values()) secret[Symbol.dispose]()
    this.#held.clear()
    return count
  }

  [Symbol.dispose](): void {
    this.lock()
    this.#recipient[Symbol.dispose]()
  }

  #endUnlocking(): void {
    this.#untilLocked.abort()
    this.#untilLocked = new AbortController()
  }

  #keep(held: Unlocked & { readonly secret: GuardedSecret }): void {
    const { location, secret } = held
    if (this.#held.size >= KEYS_MAX && !this.#held.has(location)) {
      secret[Symbol.dispose]()
      throw new UsageError('BAD_ARGUMENT', `${KEYS_MAX} repositories are unlocked already`, {
        hint: 'Forget some with `tidemark lock`.',
      })
    }
    this.#held.get(location)?.secret[Symbol.dispose]()
    this.#held.set(location, held)
    this.#locked.delete(location)
  }
}
