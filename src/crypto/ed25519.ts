import sodium from 'sodium-native'
import { assert } from '../base/assert.ts'

export const ED25519_SEED_BYTES = 32
const ED25519_PUBLIC_KEY_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64
const SECRET_KEY_BYTES = 64

export interface SigningKeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes: seed, then public key; the holder wipes it. */
  readonly secretKey: Uint8Array
}

/** Returns the Ed25519 pair (RFC 8032) of a 32-byte seed, freshly allocated. */
export function signingKeyPair(seed: Uint8Array): SigningKeyPair {
  assert(seed.byteLength === ED25519_SEED_BYTES, 'an Ed25519 seed has 32 bytes')
  const publicKey = new Uint8Array(ED25519_PUBLIC_KEY_BYTES)
  const secretKey = new Uint8Array(SECRET_KEY_BYTES)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return { publicKey, secretKey }
}

/** Returns the 64-byte signature of `message` by a 64-byte secret key. */
export function sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const signature = new Uint8Array(ED25519_SIGNATURE_BYTES)
  sodium.crypto_sign_detached(signature, message, secretKey)
  return signature
}

/** Tells whether `signature` is by the holder of `publicKey` over `message`; lengths that cannot be are simply not. */
export function verify(message: Uint8Array, claim: { signature: Uint8Array; publicKey: Uint8Array }): boolean {
  if (claim.signature.byteLength !== ED25519_SIGNATURE_BYTES) return false
  if (claim.publicKey.byteLength !== ED25519_PUBLIC_KEY_BYTES) return false
  return sodium.crypto_sign_verify_detached(claim.signature, message, claim.publicKey)
}
