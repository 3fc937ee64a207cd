import { equalBytes, utf8 } from '../base/bytes.ts'
import { IntegrityError, KeyError, UsageError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { open, sealed, ZERO_NONCE } from '../crypto/aead.ts'
import { argon2id } from '../crypto/kdf.ts'
import { wipe } from '../crypto/secret.ts'
import {
  type DecodedSlot,
  encodeSlotHeader,
  SLOT_CONTENT_BYTES,
  type SlotContent,
  type SlotHeader,
  type SlotKind,
} from '../format/slot.ts'
import { decodeSlotContent, encodeSlotContent } from '../format/slot-content.ts'
import { deriveSlotKeys } from './key-tree.ts'

/** What a person or a machine has to open a slot; the holder wipes it. */
export interface SlotSecret {
  readonly kind: SlotKind
  /** A password in UTF-8, a key file's 32 bytes, or a recovery code's 20. */
  readonly bytes: Uint8Array
}

/** What a slot's keys derive from, derived before from a secret: it opens that one slot, and nothing is derived again. */
export interface DerivedSlotKey {
  readonly kind: 'derived'
  readonly slot: ObjectId
  /** As `deriveSlotKey` returned it; the holder wipes it. */
  readonly bytes: Uint8Array
}

/** What a repository is opened with. */
export type OpeningKey = SlotSecret | DerivedSlotKey

/** Returns the secret of a typed password: composed (NFC), so that every keyboard and system types the same one. */
export function passwordSecret(password: string): SlotSecret {
  return { kind: 'password', bytes: utf8(password.normalize('NFC')) }
}

/**
 * Makes a secret of a password's bytes, which become its own: composed (NFC) where they are UTF-8, as they are otherwise.
 *
 * @throws {UsageError} BAD_ARGUMENT: there are none.
 */
export function passwordOf(bytes: Uint8Array): SlotSecret {
  if (bytes.byteLength === 0) {
    throw new UsageError('BAD_ARGUMENT', 'the password is empty', { hint: 'A password has at least one character.' })
  }
  // ASCII is composed as it is. Made a string, it would lie in memory that nobody can wipe.
  if (bytes.every((byte) => byte < 0x80)) return { kind: 'password', bytes }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { kind: 'password', bytes }
  }
  // Composed, so that every keyboard and system types the same one.
  const composed = new TextEncoder().encode(text.normalize('NFC'))
  bytes.fill(0)
  return { kind: 'password', bytes: composed }
}

/**
 * Returns what a slot's keys derive from; the caller wipes it. Needs the slot's header and nothing else of the
 * repository, so that Argon2id, which runs in a thread of its own, can start before anything else is read.
 * @throws {KeyError} KDF_BOUNDS
 */
export async function deriveSlotKey(header: Pick<SlotHeader, 'salt' | 'kdf'>, secret: SlotSecret): Promise<Uint8Array> {
  if (secret.kind !== 'password') return Uint8Array.from(secret.bytes)
  return argon2id({ password: secret.bytes, salt: header.salt }, header.kdf)
}

/**
 * Opens a slot with what `deriveSlotKey` returned, or returns `undefined` when that is of another password or key.
 *
 * The commitment is compared before anything is decrypted: ChaCha20-Poly1305 alone could be made to open one slot
 * under many passwords (Len, Grubbs, Ristenpart, USENIX Security 2021).
 * @throws {KeyError} SLOT_DAMAGED: the secret is right, but the rest does not verify.
 */
export function unwrapSlot(id: ObjectId, slot: DecodedSlot, secret: Uint8Array): SlotContent | undefined {
  const { kind, salt, commitment } = slot.header
  const keys = deriveSlotKeys(kind, { secret, salt })
  const content = new Uint8Array(SLOT_CONTENT_BYTES)
  try {
    if (!equalBytes(keys.commitment, commitment)) return undefined
    const input = { key: keys.encryption, nonce: ZERO_NONCE, associatedData: slot.headerBytes }
    if (!open(content, slot.sealed, input)) throw slotDamaged(id, undefined)
    return decodeSlotContent(content)
  } catch (error) {
    throw error instanceof IntegrityError ? slotDamaged(id, error) : error
  } finally {
    wipe(keys.commitment, keys.encryption, content)
  }
}

/** Returns the two parts of a slot's object. `secret` is what `deriveSlotKey` returned for this salt. */
export function wrapSlot(
  header: Omit<SlotHeader, 'commitment'>,
  content: SlotContent,
  secret: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  const keys = deriveSlotKeys(header.kind, { secret, salt: header.salt })
  const headerBytes = encodeSlotHeader({ ...header, commitment: keys.commitment })
  const plain = encodeSlotContent(content)
  const input = { key: keys.encryption, nonce: ZERO_NONCE, associatedData: headerBytes }
  try {
    return [headerBytes, sealed(plain, input)]
  } finally {
    wipe(plain, keys.commitment, keys.encryption)
  }
}

/** Returns the error of a slot that is not as it was written. */
export function slotDamaged(id: ObjectId, cause: unknown): KeyError {
  return new KeyError('SLOT_DAMAGED', `the key slot keys/${id} is damaged`, {
    cause,
    context: { object: `keys/${id}` },
    hint: 'Open the repository with another password, key file or recovery code, and add a new slot.',
  })
}
