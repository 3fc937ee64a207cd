import { concatBytes, utf8 } from '../base/bytes.ts'
import { IntegrityError, StorageError, type TidemarkError } from '../base/errors.ts'
import type { ObjectId, RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { verify } from '../crypto/ed25519.ts'
import { hpkeOpen, hpkeSeal } from '../crypto/hpke.ts'
import { wipe } from '../crypto/secret.ts'
import {
  type DecodedKeyUpdate,
  decodeKeyUpdate,
  encodeKeyUpdateHeader,
  KEY_UPDATE_BYTES,
  type KeyUpdateHeader,
  padKeySet,
  unpadKeySet,
} from '../format/key-update.ts'
import type { Driver } from '../storage/driver.ts'
import type { KeyRing } from './key-ring.ts'
import { slotDamaged } from './slot-key.ts'
import { putObject, readObject } from './stored-object.ts'

/** An update that the owner signed. */
export interface StoredUpdate {
  readonly id: ObjectId
  readonly update: DecodedKeyUpdate
}

/**
 * Seals a key set to a slot's public key, signed by the owner: its two parts make the object.
 *
 * @throws {KeyError} KEY_NOT_FULL
 */
export function sealKeyUpdate(
  header: KeyUpdateHeader,
  keySet: Uint8Array,
  by: { readonly ring: KeyRing; readonly sealingPublicKey: Uint8Array; readonly randomness: Randomness },
): readonly [Uint8Array, Uint8Array] {
  const headerBytes = encodeKeyUpdateHeader(header)
  const plain = padKeySet(keySet)
  const { sealingPublicKey: publicKey, randomness } = by
  const sealed = hpkeSeal(plain, { publicKey, info: infoOf(headerBytes), randomness })
  wipe(plain)
  const signed = concatBytes(headerBytes, sealed)
  return [signed, by.ring.ownerSign(signatureInput(signed))]
}

/** Stores an update of a slot's key set; returns its id, which a config has yet to name. */
export async function putKeyUpdate(driver: Driver, ...sealing: Parameters<typeof sealKeyUpdate>): Promise<ObjectId> {
  return putObject(driver, 'keys', sealKeyUpdate(...sealing))
}

/**
 * Returns an update that the owner signed.
 * @throws {IntegrityError} ID_MISMATCH, MALFORMED, UNSUPPORTED_VERSION, BAD_SIGNATURE
 * @throws {StorageError} NOT_FOUND and every other failure of the driver.
 */
export async function readKeyUpdate(driver: Driver, id: ObjectId, ownerPublicKey: Uint8Array): Promise<StoredUpdate> {
  const update = decodeKeyUpdate(await readObject(driver, { kind: 'keys', id }, KEY_UPDATE_BYTES))
  const { signature, signed } = update
  if (verify(signatureInput(signed), { signature, publicKey: ownerPublicKey })) return { id, update }
  throw new IntegrityError('BAD_SIGNATURE', `keys/${id} is not signed by the owner of this repository`, {
    context: { object: `keys/${id}` },
    hint: 'Somebody else wrote it: find out who can write to this store.',
  })
}

/** Returns every update in the store that the owner signed, the one made last first; what is damaged is passed over. */
export async function readKeyUpdates(
  driver: Driver,
  {
    ownerPublicKey,
    onProblem,
  }: { ownerPublicKey: Uint8Array; onProblem?: ((problem: TidemarkError) => void) | undefined },
): Promise<StoredUpdate[]> {
  const updates: StoredUpdate[] = []
  for await (const { name, bytes } of driver.list('keys')) {
    if (bytes !== KEY_UPDATE_BYTES) continue
    try {
      updates.push(await readKeyUpdate(driver, name.id, ownerPublicKey))
    } catch (error) {
      const isGone = error instanceof StorageError && error.code === 'NOT_FOUND'
      if (!isGone && !(error instanceof IntegrityError)) throw error
      if (!isGone) onProblem?.(error)
    }
  }
  return updates.sort((a, b) => b.update.header.revision - a.update.header.revision)
}

/**
 * Returns the key set that an update gives to the holder of a slot; it is secret, and the caller wipes it.
 * @throws {KeyError} SLOT_DAMAGED: it is another slot's, or does not open.
 */
export function openKeyUpdate(
  { id, update }: StoredUpdate,
  by: { readonly slot: ObjectId; readonly repository: RepositoryId; readonly sealingSeed: Uint8Array },
): Uint8Array {
  const { header, headerBytes, sealed } = update
  if (header.slot !== by.slot || header.repository !== by.repository) throw slotDamaged(id, undefined)
  const plain = hpkeOpen(sealed, { seed: by.sealingSeed, info: infoOf(headerBytes) })
  if (plain === undefined) throw slotDamaged(id, undefined)
  try {
    return unpadKeySet(plain)
  } catch (error) {
    throw error instanceof IntegrityError ? slotDamaged(id, error) : error
  } finally {
    wipe(plain)
  }
}

/**
 * Removes updates that no config names any more: `named` by the newest or the one before it stay, and so do those that
 * somebody makes right now for a config to come.
 */
export async function removeOldUpdates(
  driver: Driver,
  newest: { readonly revision: number; readonly named: ReadonlySet<ObjectId>; readonly ownerPublicKey: Uint8Array },
): Promise<void> {
  for (const { id, update } of await readKeyUpdates(driver, newest)) {
    if (update.header.revision > newest.revision || newest.named.has(id)) continue
    await driver.remove({ kind: 'keys', id })
  }
}

function infoOf(headerBytes: Uint8Array): Uint8Array {
  return concatBytes(utf8('tidemark v1 key update'), headerBytes)
}

function signatureInput(signed: Uint8Array): Uint8Array {
  return concatBytes(utf8('tidemark v1 key update signature'), signed)
}
