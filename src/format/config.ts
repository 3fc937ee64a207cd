import type { ObjectId, RealmId, RepositoryId } from '../base/ids.ts'
import type { ChunkerParameters } from './chunker-parameters.ts'
import type { Features } from './records.ts'
import type { KeySetKind } from './slot.ts'

export const CONFIG_BYTES_MAX = 1 << 20
export const CONFIG_SLOTS_MAX = 256
export const CONFIG_SUITE = 1

/** A slot as the owner vouches for it. */
export interface ConfigSlot {
  readonly id: ObjectId
  readonly keySet: KeySetKind
  /** Of a backup-only slot only: the realm that it writes into. */
  readonly realm?: RealmId | undefined
  /** X-Wing, 1216 bytes: new generations are sealed to it. */
  readonly sealingPublicKey: Uint8Array
  /** The object in `keys/` that holds the slot's key set as it is now, where it changed since the slot was made. */
  readonly update?: ObjectId | undefined
}

/** What holds for a whole repository; plain to whoever can read the store, signed by the owner. */
export interface RepositoryConfig {
  readonly repository: RepositoryId
  readonly suite: number
  readonly chunker: ChunkerParameters
  /** Raw bytes that a frame aims at. */
  readonly frameBytesTarget: number
  readonly packBytesTarget: number
  /** How long prune leaves alone what it marked, in seconds. */
  readonly graceSeconds: number
  readonly features: Features
  /** The first is 1; the highest wins. */
  readonly revision: number
  /** The config that this one replaces. */
  readonly previous: ObjectId | undefined
  /** Ed25519, 32 bytes. */
  readonly ownerPublicKey: Uint8Array
  /** The newest of the master key; generations count from 1. */
  readonly generation: number
  /** The first is `home`. */
  readonly realms: readonly RealmId[]
  /** In the order in which they were added. */
  readonly slots: readonly ConfigSlot[]
  /** What later versions added and this one carries along unread. */
  readonly extensions: Readonly<Record<string, unknown>>
}

/** A config with what its signature is over. */
export interface SignedConfig {
  readonly config: RepositoryConfig
  /** Exactly the signed bytes. */
  readonly body: Uint8Array
  /** Ed25519 by the owner key, 64 bytes. Whoever decodes has not verified it. */
  readonly signature: Uint8Array
}
