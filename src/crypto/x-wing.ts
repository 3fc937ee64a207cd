import { createHash, createPrivateKey, createPublicKey, decapsulate, type KeyObject } from 'node:crypto'
import sodium from 'sodium-native'
import { assert } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import type { Randomness } from '../base/random.ts'
import { wipe } from './secret.ts'

export const X_WING_SEED_BYTES = 32
export const X_WING_PUBLIC_KEY_BYTES = 1216
export const X_WING_ENCAPSULATION_BYTES = 1120

const ML_KEM_SEED_BYTES = 64
const ML_KEM_PUBLIC_KEY_BYTES = 1184
const ML_KEM_CIPHERTEXT_BYTES = 1088
const X25519_BYTES = 32
const LABEL = utf8('\\.//^\\')

// What DER has before a key of ML-KEM-768 (RFC 9935): before the seed that is a private key, and before a public key.
const PRIVATE_KEY_DER = Buffer.from('3054020100300b060960864801650304040204428040', 'hex')
const PUBLIC_KEY_DER = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex')

interface PrivateKeys {
  /** In OpenSSL's memory, which it wipes when this is collected; nobody else can. */
  readonly mlKem: KeyObject
  /** 32 bytes; the holder wipes them. */
  readonly x25519: Uint8Array
}

/**
 * Returns the 1216-byte public key of a 32-byte seed, which is the private key itself.
 *
 * X-Wing is ML-KEM-768 and X25519, bound together by SHA3-256: it holds as long as one of the two does.
 * @see draft-connolly-cfrg-xwing-kem
 */
export function xWingPublicKey(seed: Uint8Array): Uint8Array {
  const { mlKem, x25519 } = privateKeysOf(seed)
  const der = createPublicKey(mlKem).export({ format: 'der', type: 'spki' })
  const publicKey = concatBytes(der.subarray(PUBLIC_KEY_DER.byteLength), x25519PublicKey(x25519))
  wipe(x25519)
  return publicKey
}

/**
 * Returns a fresh secret, 32 bytes that the caller wipes, and its encapsulation, 1120 bytes, to a public key of 1216;
 * `undefined`: it is the key of nobody.
 */
export function xWingEncapsulate(
  publicKey: Uint8Array,
  randomness: Randomness,
): { readonly secret: Uint8Array; readonly encapsulation: Uint8Array } | undefined {
  assert(publicKey.byteLength === X_WING_PUBLIC_KEY_BYTES, 'a public key of X-Wing has 1216 bytes')
  const theirs = publicKey.subarray(ML_KEM_PUBLIC_KEY_BYTES)
  const x25519 = randomness.bytes(X25519_BYTES)
  const ours = x25519PublicKey(x25519)
  const agreed = x25519Agreed(x25519, theirs)
  wipe(x25519)
  const mlKem = mlKemPublicKey(publicKey.subarray(0, ML_KEM_PUBLIC_KEY_BYTES))
  if (agreed === undefined || mlKem === undefined) return undefined
  const { sharedKey, ciphertext } = randomness.encapsulate(mlKem)
  return { secret: combined(sharedKey, agreed, ours, theirs), encapsulation: concatBytes(ciphertext, ours) }
}

/**
 * Returns the secret of a 1120-byte encapsulation, 32 bytes that the caller wipes.
 *
 * An encapsulation that is not what was made for this seed gives some other secret; a few, which nobody makes, give none.
 */
export function xWingDecapsulate(encapsulation: Uint8Array, seed: Uint8Array): Uint8Array | undefined {
  assert(encapsulation.byteLength === X_WING_ENCAPSULATION_BYTES, 'an encapsulation of X-Wing has 1120 bytes')
  const theirs = encapsulation.subarray(ML_KEM_CIPHERTEXT_BYTES)
  const { mlKem, x25519 } = privateKeysOf(seed)
  const ours = x25519PublicKey(x25519)
  const agreed = x25519Agreed(x25519, theirs)
  wipe(x25519)
  if (agreed === undefined) return undefined
  const sharedKey = decapsulate(mlKem, encapsulation.subarray(0, ML_KEM_CIPHERTEXT_BYTES))
  return combined(sharedKey, agreed, theirs, ours)
}

function privateKeysOf(seed: Uint8Array): PrivateKeys {
  assert(seed.byteLength === X_WING_SEED_BYTES, 'a seed of X-Wing has 32 bytes')
  const expanded = createHash('shake256', { outputLength: ML_KEM_SEED_BYTES + X25519_BYTES })
    .update(seed)
    .digest()
  const key = Buffer.concat([PRIVATE_KEY_DER, expanded.subarray(0, ML_KEM_SEED_BYTES)])
  const mlKem = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const x25519 = Uint8Array.from(expanded.subarray(ML_KEM_SEED_BYTES))
  wipe(key, expanded)
  return { mlKem, x25519 }
}

function mlKemPublicKey(bytes: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.concat([PUBLIC_KEY_DER, bytes]), format: 'der', type: 'spki' })
  } catch {
    // Its length is right: it has a coefficient that is none modulo 3329 (FIPS 203, 7.2).
    return undefined
  }
}

function x25519PublicKey(secretKey: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(X25519_BYTES)
  sodium.crypto_scalarmult_base(publicKey, secretKey)
  return publicKey
}

function x25519Agreed(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const agreed = new Uint8Array(X25519_BYTES)
  try {
    sodium.crypto_scalarmult(agreed, secretKey, publicKey)
    return agreed
  } catch {
    // All lengths are right: it is one of the few points from which every secret key comes to zero (RFC 9180, 7.1.4).
    return undefined
  }
}

/** Returns the secret that the two parts' secrets, which it wipes, make of X25519's public keys. */
function combined(sharedKey: Uint8Array, agreed: Uint8Array, sender: Uint8Array, recipient: Uint8Array): Uint8Array {
  const hash = createHash('sha3-256').update(sharedKey).update(agreed)
  wipe(sharedKey, agreed)
  return hash.update(sender).update(recipient).update(LABEL).digest()
}
