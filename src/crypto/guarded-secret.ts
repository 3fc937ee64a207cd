import sodium from 'sodium-native'

import { assert } from '../base/assert.ts'
import { wipe } from './secret.ts'

/**
 * A secret that is kept for a long time: in memory of its own between guard pages, not swapped and not dumped, which
 * nothing in this process can read but `use`, for as long as that takes. Disposing of it wipes it.
 *
 * @see https://doc.libsodium.org/memory_management
 */
export class GuardedSecret implements Disposable {
  /** `undefined` once it was wiped: reading memory that is protected would end the process. */
  #memory: Buffer | undefined

  private constructor(memory: Buffer) {
    sodium.sodium_mprotect_noaccess(memory)
    this.#memory = memory
  }

  /** Takes over `bytes`, which are wiped; at least one. */
  static of(bytes: Uint8Array): GuardedSecret {
    const memory = allocate(bytes.byteLength)
    memory.set(bytes)
    wipe(bytes)
    return new GuardedSecret(memory)
  }

  /**
   * Has `write` put a secret of `length` bytes, at least one, where it stays: it lies nowhere else then. Returns
   * `undefined`, with nothing kept, when `write` says that there is none.
   */
  static written(length: number, write: (memory: Uint8Array) => boolean): GuardedSecret | undefined {
    const memory = allocate(length)
    if (write(memory)) return new GuardedSecret(memory)
    wipe(memory)
    return undefined
  }

  /** Returns what `read` makes of the secret, which it must not keep, nor write to. */
  use<T>(read: (secret: Uint8Array) => T): T {
    assert(this.#memory !== undefined, 'a secret is not read once it was wiped')
    sodium.sodium_mprotect_readonly(this.#memory)
    try {
      return read(this.#memory)
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

function allocate(length: number): Buffer {
  assert(length > 0, 'a secret has bytes')
  return sodium.sodium_malloc(length)
}
