import { keepSecret, wipe } from '../../crypto/secret.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { decodeHeldKey, encodeHeldKey, type GivenSecret, wipeHeldKey } from '../keys/held-key.ts'

/** What opens a repository, kept until somebody locks it: in memory that is not swapped, wiped when disposed of. */
export class HeldSecret implements Disposable {
  readonly kind: GivenSecret['kind']
  /** Of a key that a daemon gave: with all that belongs to it. */
  readonly #bytes: Uint8Array

  /** Takes `given`, whose bytes are wiped. */
  constructor(given: GivenSecret) {
    this.kind = given.kind
    this.#bytes = keepSecret(given.kind === 'derived' ? encodeHeldKey(given) : given.bytes)
    if (given.kind === 'derived') wipeHeldKey(given)
  }

  /** Returns a copy, which the caller wipes. */
  copy(): GivenSecret {
    return this.secret() ?? decodeHeldKey(this.#bytes)
  }

  /** Returns a copy of what a person or a machine has, which the caller wipes; `undefined`: a daemon gave it. */
  secret(): SlotSecret | undefined {
    return this.kind === 'derived' ? undefined : { kind: this.kind, bytes: Uint8Array.from(this.#bytes) }
  }

  [Symbol.dispose](): void {
    wipe(this.#bytes)
  }
}
