import sodium from 'sodium-native'

import { assert } from '../base/assert.ts'
import { wipe } from './secret.ts'

/**
 * A secret that is kept for a long time: in memory of its own between guard pages, not swapped and not dumped, which
 * nothing in this process can read but `copy`, for as long as that takes. Disposing of it wipes it.
 *
 * @see https://doc.libsodium.org/memory_management
 */
export class GuardedSecret implements Disposable {
  /** `undefined` once it was wiped: reading memory that is protected would end the process. */
  #memory: Buffer | undefined

  /** Takes over `bytes`, which are wiped; at least one. */
  constructor(bytes: Uint8Array) {
    assert(bytes.byteLength > 0, 'a secret has bytes')
    const memory = sodium.sodium_malloc(bytes.byteLength)
    memory.set(bytes)
    wipe(bytes)
    sodium.sodium_mprotect_noaccess(memory)
    this.#memory = memory
  }

  /** Returns a copy, which the caller wipes. */
  copy(): Uint8Array {
    assert(this.#memory !== undefined, 'a secret is not read once it was wiped')
    sodium.sodium_mprotect_readonly(this.#memory)
    try {
      return Uint8Array.from(this.#memory)
    } finally {
      sodium.sodium_mprotect_noaccess(this.#memory)
    }
  }

  [Symbol.dispose](): void {
    if (this.#memory === undefined) return
    sodium.sodium_mprotect_readwrite(this.#memory)
    wipe(this.#memory)
    this.#memory = undefined
  }
}
