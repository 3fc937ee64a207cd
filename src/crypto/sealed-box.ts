import sodium from 'sodium-native'

import { assert } from '../base/assert.ts'
import { GuardedSecret } from './guarded-secret.ts'

export const BOX_PUBLIC_KEY_BYTES = 32
const SECRET_KEY_BYTES = 32
/** By so much a sealed message is longer. */
export const BOX_SEAL_BYTES = 48

/**
 * Somebody to whom messages are sealed, for as long as this lives: what crosses a socket lies in no buffer but as
 * ciphertext, and is opened into guarded memory.
 *
 * Anybody can seal a message to a public key: a box says nothing of who sent it.
 * @see https://doc.libsodium.org/public-key_cryptography/sealed_boxes (X25519, XSalsa20-Poly1305)
 */
export class BoxRecipient implements Disposable {
  readonly publicKey: Uint8Array = new Uint8Array(BOX_PUBLIC_KEY_BYTES)
  readonly #secretKey: GuardedSecret

  constructor() {
    const made = GuardedSecret.written(SECRET_KEY_BYTES, (secretKey) => {
      sodium.crypto_box_keypair(this.publicKey, secretKey)
      return true
    })
    assert(made !== undefined, 'a key pair was made')
    this.#secretKey = made
  }

  /** Returns the message that `sealTo` made for this recipient, or `undefined` when it made none such, or an empty one. */
  open(sealed: Uint8Array): GuardedSecret | undefined {
    const length = sealed.byteLength - BOX_SEAL_BYTES
    if (length <= 0) return undefined
    return this.#secretKey.use((secretKey) =>
      GuardedSecret.written(length, (plain) => {
        return sodium.crypto_box_seal_open(plain, sealed, this.publicKey, secretKey)
      }),
    )
  }

  [Symbol.dispose](): void {
    this.#secretKey[Symbol.dispose]()
  }
}

/** Seals a message, so that only the recipient with that public key opens it; `undefined`: it is the key of nobody. */
export function sealTo(publicKey: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  if (publicKey.byteLength !== BOX_PUBLIC_KEY_BYTES) return undefined
  const sealed = new Uint8Array(message.byteLength + BOX_SEAL_BYTES)
  try {
    sodium.crypto_box_seal(sealed, message, publicKey)
    return sealed
  } catch {
    // All lengths are right: it is one of the few points that any secret key leads to.
    return undefined
  }
}
