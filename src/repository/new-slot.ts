import { assert } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import type { RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { hpkePublicKey, HPKE_SEED_BYTES } from '../crypto/hpke.ts'
import { checkKdfParameters, KDF_DEFAULT, type KdfParameters } from '../crypto/kdf.ts'
import { wipe } from '../crypto/secret.ts'
import type { ChunkerParameters } from '../format/chunker-parameters.ts'
import type { ConfigSlot } from '../format/config.ts'
import { type KeySetKind, SLOT_SALT_BYTES } from '../format/slot.ts'
import { SLOT_LABEL_BYTES_MAX } from '../format/slot-content.ts'
import type { Driver } from '../storage/driver.ts'
import { deriveSlotKey, type SlotSecret, wrapSlot } from './slot-key.ts'
import { putObject } from './stored-object.ts'

const NO_KDF: KdfParameters = { memoryKib: 0, passes: 0, lanes: 0 }

export interface NewSlot {
  readonly secret: SlotSecret
  /** Shown to whoever opens it; at most 128 bytes of UTF-8. */
  readonly label: string
  /** For passwords; RFC 9106's second recommended option by default. */
  readonly kdf?: KdfParameters
}

/** What all slots of a repository share. */
interface SlotFrame {
  readonly repository: RepositoryId
  readonly chunker: ChunkerParameters
  readonly graceSeconds: number
  /** Ed25519, 32 bytes. */
  readonly ownerPublicKey: Uint8Array
}

export interface SlotMaking {
  readonly driver: Driver
  readonly clock: Clock
  readonly randomness: Randomness
  readonly frame: SlotFrame
  readonly kind: KeySetKind
  /** An encoded key set of that kind. */
  readonly keySet: Uint8Array
}

/**
 * Wraps a key set under a secret and stores the slot. `config` is the caller's to change afterwards.
 * @throws {KeyError} KDF_BOUNDS
 * @throws {StorageError} as `Driver.put`
 */
export async function putSlot(slot: NewSlot, making: SlotMaking): Promise<ConfigSlot> {
  const { frame, kind, keySet, clock, randomness } = making
  assert(Buffer.byteLength(slot.label) <= SLOT_LABEL_BYTES_MAX, 'the label of a slot has at most 128 bytes')
  const kdf = slot.secret.kind === 'password' ? (slot.kdf ?? KDF_DEFAULT) : NO_KDF
  if (kdf !== NO_KDF) checkKdfParameters(kdf)
  const salt = randomness.bytes(SLOT_SALT_BYTES)
  const sealingSeed = randomness.bytes(HPKE_SEED_BYTES)
  const sealingPublicKey = hpkePublicKey(sealingSeed)
  const secret = await deriveSlotKey({ salt, kdf }, slot.secret)
  const header = { ...frame, kind: slot.secret.kind, keySet: kind, salt, kdf, sealingPublicKey }
  const content = { label: slot.label, created: timespecOfMs(clock.nowMs()), sealingSeed, keySet }
  const parts = wrapSlot(header, content, secret)
  wipe(secret, sealingSeed)
  return { id: await putObject(making.driver, 'keys', parts), keySet: kind, sealingPublicKey }
}
