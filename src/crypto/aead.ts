import sodium from 'sodium-native'
import { assert } from '../base/assert.ts'

export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16

/** The nonce of keys that encrypt one message only. */
export const ZERO_NONCE: Uint8Array = new Uint8Array(AEAD_NONCE_BYTES)

export interface AeadInput {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes, never twice under one key. */
  readonly nonce: Uint8Array
  /** Bound to the ciphertext, not part of it; may be empty. */
  readonly associatedData: Uint8Array
}

/**
 * Encrypts `plain` with ChaCha20-Poly1305 (RFC 8439) into `out`: ciphertext, then the 16-byte tag.
 *
 * `out` is exactly 16 bytes longer than `plain`. All arrays may lie in shared memory; nothing is allocated.
 */
export function seal(out: Uint8Array, plain: Uint8Array, input: AeadInput): void {
  assert(out.byteLength === plain.byteLength + AEAD_TAG_BYTES, 'a sealed message is 16 bytes longer than its plaintext')
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plain, input.associatedData, null, input.nonce, input.key)
}

/**
 * Decrypts what `seal` made into `out`, exactly 16 bytes shorter than `sealed`, and tells whether it is authentic.
 *
 * When it is not, `out` holds nothing of the plaintext.
 */
export function open(out: Uint8Array, sealed: Uint8Array, input: AeadInput): boolean {
  if (sealed.byteLength < AEAD_TAG_BYTES) return false
  assert(out.byteLength === sealed.byteLength - AEAD_TAG_BYTES, 'a plaintext is 16 bytes shorter than its sealed form')
  assert(input.key.byteLength === AEAD_KEY_BYTES, 'a key of ChaCha20-Poly1305 has 32 bytes')
  assert(input.nonce.byteLength === AEAD_NONCE_BYTES, 'a nonce of ChaCha20-Poly1305 has 12 bytes')
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, sealed, input.associatedData, input.nonce, input.key)
    return true
  } catch {
    // All lengths were checked above: what is left to go wrong is the tag.
    return false
  }
}

/** Encrypts `plain` into a fresh array. */
export function sealed(plain: Uint8Array, input: AeadInput): Uint8Array {
  const out = new Uint8Array(plain.byteLength + AEAD_TAG_BYTES)
  seal(out, plain, input)
  return out
}

/** Decrypts `bytes` into a fresh array, or returns `undefined` when they are not authentic. */
export function opened(bytes: Uint8Array, input: AeadInput): Uint8Array | undefined {
  if (bytes.byteLength < AEAD_TAG_BYTES) return undefined
  const out = new Uint8Array(bytes.byteLength - AEAD_TAG_BYTES)
  return open(out, bytes, input) ? out : undefined
}
