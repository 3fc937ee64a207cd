import { keepSecret, wipe } from '../../crypto/secret.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'

/** What opens a repository, kept until somebody locks it: in memory that is not swapped, wiped when disposed of. */
export class HeldSecret implements Disposable {
  readonly #kind: SlotSecret['kind']
  readonly #bytes: Uint8Array

  /** Takes `secret`, whose bytes are wiped. */
  constructor(secret: SlotSecret) {
    this.#kind = secret.kind
    this.#bytes = keepSecret(secret.bytes)
  }

  /** Returns a copy, which the caller wipes. */
  copy(): SlotSecret {
    return { kind: this.#kind, bytes: Uint8Array.from(this.#bytes) }
  }

  [Symbol.dispose](): void {
    wipe(this.#bytes)
  }
}
