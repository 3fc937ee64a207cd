import { concatBytes, utf8 } from '../base/bytes.ts'
import { KeyError } from '../base/errors.ts'
import type { Randomness } from '../base/random.ts'
import { AEAD_TAG_BYTES, opened, sealed, ZERO_NONCE } from '../crypto/aead.ts'
import { argon2id, KDF_DEFAULT, type KdfParameters } from '../crypto/kdf.ts'
import { wipe } from '../crypto/secret.ts'
import type { CredentialKind } from './secret-source.ts'

const VERSION = 1
const SALT_BYTES = 16
/** Version (1), memory in KiB (4, little-endian), passes (1), lanes (1), salt. */
const HEADER_BYTES = 7 + SALT_BYTES
/** No credential is longer. */
const CREDENTIAL_BYTES_MAX = 4096

interface SealInput {
  /** What it is for, so that one credential cannot stand in the place of another. */
  readonly kind: CredentialKind
  /** As the repository takes it: UTF-8, composed. */
  readonly password: Uint8Array
}

/**
 * Seals a credential with the repository's password, for the configuration.
 *
 * A header (version, cost of the derivation, salt), then ChaCha20-Poly1305 under the Argon2id of the password and the
 * salt, which no other sealing has: so the nonce is zero. Header and kind are authenticated.
 *
 * @see docs/decisions/0061-sealed-credentials.md
 */
export async function sealCredential(
  secret: Uint8Array,
  { kind, password, randomness, kdf = KDF_DEFAULT }: SealInput & { randomness: Randomness; kdf?: KdfParameters },
): Promise<Uint8Array> {
  const salt = randomness.bytes(SALT_BYTES)
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint8(0, VERSION)
  view.setUint32(1, kdf.memoryKib, true)
  view.setUint8(5, kdf.passes)
  view.setUint8(6, kdf.lanes)
  header.set(salt, 7)
  const key = await argon2id({ password, salt }, kdf)
  try {
    const body = sealed(secret, { key, nonce: ZERO_NONCE, associatedData: associatedData(kind, header) })
    return concatBytes(header, body)
  } finally {
    wipe(key)
  }
}

/**
 * Returns the credential that `sealCredential` sealed; the caller wipes it.
 *
 * @throws {KeyError} WRONG_PASSWORD: it was sealed with another one, or for something else, or is damaged, which cannot
 * be told apart; KDF_BOUNDS; SLOT_DAMAGED: it has not the form of one.
 */
export async function openCredential(bytes: Uint8Array, { kind, password }: SealInput): Promise<Uint8Array> {
  const header = bytes.subarray(0, HEADER_BYTES)
  const body = bytes.subarray(HEADER_BYTES)
  const isWhole = body.byteLength > AEAD_TAG_BYTES && body.byteLength <= CREDENTIAL_BYTES_MAX + AEAD_TAG_BYTES
  if (!isWhole || header[0] !== VERSION) {
    throw new KeyError('SLOT_DAMAGED', `the sealed ${kind} is damaged, or of a newer version`, {
      hint: sealAgain(kind),
    })
  }
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES)
  const kdf = { memoryKib: view.getUint32(1, true), passes: view.getUint8(5), lanes: view.getUint8(6) }
  const key = await argon2id({ password, salt: header.subarray(7) }, kdf)
  try {
    const secret = opened(body, { key, nonce: ZERO_NONCE, associatedData: associatedData(kind, header) })
    if (secret !== undefined) return secret
  } finally {
    wipe(key)
  }
  throw new KeyError('WRONG_PASSWORD', `the password does not open the sealed ${kind}`, {
    hint: `If the password has been changed since it was sealed: ${sealAgain(kind)}`,
  })
}

function associatedData(kind: CredentialKind, header: Uint8Array): Uint8Array {
  return concatBytes(utf8(`tidemark sealed ${kind}\0`), header)
}

function sealAgain(kind: CredentialKind): string {
  return `seal it anew with \`tidemark repo add NAME URL --seal ${kind}\`.`
}
