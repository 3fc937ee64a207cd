import { createHmac } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import type { Randomness } from '../base/random.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadInput, opened, sealed } from './aead.ts'
import { wipe } from './secret.ts'
import {
  X_WING_ENCAPSULATION_BYTES,
  X_WING_SEED_BYTES,
  xWingDecapsulate,
  xWingEncapsulate,
  xWingPublicKey,
} from './x-wing.ts'

export const HPKE_SEED_BYTES = X_WING_SEED_BYTES

const EMPTY = new Uint8Array(0)
const MODE_BASE = Uint8Array.of(0)
/** KEM, KDF and AEAD: X-Wing (MLKEM768-X25519), HKDF-SHA256, ChaCha20-Poly1305. */
const SUITE = concatBytes(utf8('HPKE'), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 3))
const VERSION = utf8('HPKE-v1')

/** Returns the 1216-byte public key of a 32-byte seed, which is the private key itself. */
export function hpkePublicKey(seed: Uint8Array): Uint8Array {
  return xWingPublicKey(seed)
}

/**
 * Seals `plain` to a public key with HPKE (RFC 9180) in base mode: encapsulation (1120 bytes), ciphertext, tag (16).
 *
 * Suite: X-Wing (MLKEM768-X25519, 0x647A), HKDF-SHA256, ChaCha20-Poly1305; no associated data. A caller that was
 * given the public key by somebody else has its length checked before: 1216 bytes.
 * @throws {IntegrityError} MALFORMED: the public key is none.
 */
export function hpkeSeal(
  plain: Uint8Array,
  to: { readonly publicKey: Uint8Array; readonly info: Uint8Array; readonly randomness: Randomness },
): Uint8Array {
  const encapsulated = xWingEncapsulate(to.publicKey, to.randomness)
  if (encapsulated === undefined) {
    throw new IntegrityError('MALFORMED', 'a public key to seal to is the key of nobody', {
      hint: 'Have the owner add a new key slot and remove the one that it belongs to: see `tidemark key list`.',
    })
  }
  const input = keysOf(encapsulated.secret, to.info)
  const ciphertext = sealed(plain, input)
  wipe(input.key)
  return concatBytes(encapsulated.encapsulation, ciphertext)
}

/** Opens what `hpkeSeal` made, or returns `undefined` when it was not made for this seed and `info`. */
export function hpkeOpen(
  bytes: Uint8Array,
  by: { readonly seed: Uint8Array; readonly info: Uint8Array },
): Uint8Array | undefined {
  if (bytes.byteLength < X_WING_ENCAPSULATION_BYTES + AEAD_TAG_BYTES) return undefined
  const secret = xWingDecapsulate(bytes.subarray(0, X_WING_ENCAPSULATION_BYTES), by.seed)
  if (secret === undefined) return undefined
  const input = keysOf(secret, by.info)
  // X-Wing rejects implicitly, so a forged encapsulation surfaces as a tag that does not fit.
  const plain = opened(bytes.subarray(X_WING_ENCAPSULATION_BYTES), input)
  wipe(input.key)
  return plain
}

/** The key schedule of base mode (RFC 9180, 5.1) for one message. Wipes the secret; the caller wipes the key. */
function keysOf(sharedSecret: Uint8Array, info: Uint8Array): AeadInput {
  const context = concatBytes(MODE_BASE, extract(EMPTY, 'psk_id_hash', EMPTY), extract(EMPTY, 'info_hash', info))
  const secret = extract(sharedSecret, 'secret', EMPTY)
  const key = expand(secret, 'key', context, AEAD_KEY_BYTES)
  const nonce = expand(secret, 'base_nonce', context, AEAD_NONCE_BYTES)
  wipe(sharedSecret, secret)
  return { key, nonce, associatedData: EMPTY }
}

/** LabeledExtract (RFC 9180, 4). */
function extract(salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return createHmac('sha256', salt).update(VERSION).update(SUITE).update(label).update(ikm).digest()
}

/** LabeledExpand (RFC 9180, 4), of one block at most. */
function expand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  assert(length <= 32, 'one block of HMAC-SHA256 has 32 bytes')
  const hmac = createHmac('sha256', secret).update(Uint8Array.of(0, length)).update(VERSION).update(SUITE)
  return hmac.update(label).update(info).update(Uint8Array.of(1)).digest().subarray(0, length)
}
