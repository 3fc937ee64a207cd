import { assert } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import { StorageError } from '../base/errors.ts'
import { hexId, REALM_ID_BYTES, type RealmId, REPOSITORY_ID_BYTES, type RepositoryId } from '../base/ids.ts'
import { FRAME_BYTES_TARGET, PACK_BYTES_TARGET } from '../base/limits.ts'
import type { Randomness } from '../base/random.ts'
import { ED25519_SEED_BYTES, signingKeyPair } from '../crypto/ed25519.ts'
import { keepSecret, wipe } from '../crypto/secret.ts'
import { CHUNKER_DEFAULT, type ChunkerParameters } from '../format/chunker-parameters.ts'
import { CONFIG_SUITE, type ConfigSlot, type RepositoryConfig } from '../format/config.ts'
import { encodeKeySet, type FullKeySet } from '../format/key-set.ts'
import type { Driver } from '../storage/driver.ts'
import { putConfig, type RevisionMemory } from './config-store.ts'
import { openKeyRing } from './key-ring.ts'
import { type NewSlot, putSlot } from './new-slot.ts'
import type { OpenedKeys } from './open-keys.ts'
import { listIds } from './stored-object.ts'

const GRACE_SECONDS_DEFAULT = 86_400
const MASTER_KEY_BYTES = 32

export interface CreateOptions {
  /** At least one; the first is the one that counts as opened. */
  readonly slots: readonly [NewSlot, ...NewSlot[]]
  readonly clock: Clock
  readonly randomness: Randomness
  readonly memory?: RevisionMemory
  readonly chunker?: ChunkerParameters
  /** How long prune leaves alone what it marked, in seconds; a day by default. */
  readonly graceSeconds?: number
}

/**
 * Creates a repository: slots, then the config that names them, then another look whether somebody did the same.
 * @throws {StorageError} REPOSITORY_EXISTS: config or slots are there; whatever was there stays as it was.
 * @throws {KeyError} KDF_BOUNDS
 */
export async function createRepository(driver: Driver, options: CreateOptions): Promise<OpenedKeys> {
  const { clock, randomness } = options
  await refuseRepository(driver)
  const repository = hexId<RepositoryId>(randomness.bytes(REPOSITORY_ID_BYTES))
  const set = newKeySet(randomness)
  const keySet = keepSecret(encodeKeySet(set))
  const frame = {
    repository,
    chunker: options.chunker ?? CHUNKER_DEFAULT,
    graceSeconds: options.graceSeconds ?? GRACE_SECONDS_DEFAULT,
    ownerPublicKey: ownerPublicKeyOf(set),
  }
  const slots: ConfigSlot[] = []
  // One after the other: each may take all the memory that its parameters allow.
  for (const slot of options.slots) {
    slots.push(await putSlot(slot, { driver, clock, randomness, frame, kind: 'full', keySet }))
  }
  const config: RepositoryConfig = {
    ...frame,
    suite: CONFIG_SUITE,
    frameBytesTarget: FRAME_BYTES_TARGET,
    packBytesTarget: PACK_BYTES_TARGET,
    features: { read: [], write: [], prune: [] },
    revision: 1,
    previous: undefined,
    generation: 1,
    realms: set.realms.map(({ id }) => id),
    slots,
    extensions: {},
  }
  const ring = openKeyRing(set, randomness)
  const configId = await putConfig(driver, ring, config)
  if ((await listIds(driver, 'config')).length > 1) {
    // Both of two that create at once may see the other and give up: better than one store with two repositories.
    await driver.remove({ kind: 'config', id: configId })
    for (const { id } of slots) await driver.remove({ kind: 'keys', id })
    ring[Symbol.dispose]()
    wipe(keySet)
    throw repositoryExists(driver)
  }
  options.memory?.write(config.revision)
  const [opened] = slots
  assert(opened !== undefined, 'a repository has a slot')
  return {
    repository,
    ring,
    config,
    configId,
    slot: opened.id,
    label: options.slots[0].label,
    created: timespecOfMs(clock.nowMs()),
    keySet,
    [Symbol.dispose]: () => {
      ring[Symbol.dispose]()
      wipe(keySet)
    },
  }
}

/** @throws {StorageError} REPOSITORY_EXISTS: config or slots of a repository are there. */
export async function refuseRepository(driver: Driver): Promise<void> {
  const [configs, keys] = await Promise.all([listIds(driver, 'config'), listIds(driver, 'keys')])
  if (configs.length > 0 || keys.length > 0) throw repositoryExists(driver)
}

function newKeySet(randomness: Randomness): FullKeySet {
  return {
    kind: 'full',
    ownerSeed: randomness.bytes(ED25519_SEED_BYTES),
    generations: [randomness.bytes(MASTER_KEY_BYTES)],
    realms: [{ id: hexId<RealmId>(randomness.bytes(REALM_ID_BYTES)), name: 'home' }],
  }
}

function ownerPublicKeyOf(set: FullKeySet): Uint8Array {
  const { publicKey, secretKey } = signingKeyPair(set.ownerSeed)
  wipe(secretKey)
  return publicKey
}

function repositoryExists(driver: Driver): StorageError {
  return new StorageError('REPOSITORY_EXISTS', `there is a repository at ${driver.location} already`, {
    context: { location: driver.location },
    hint: 'Open it with its password, or choose another folder for a new one.',
  })
}
