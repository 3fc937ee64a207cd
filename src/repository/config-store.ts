import { setTimeout } from 'node:timers/promises'
import { equalBytes } from '../base/bytes.ts'
import { IntegrityError, StorageError, TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { verify } from '../crypto/ed25519.ts'
import { CONFIG_BYTES_MAX, type RepositoryConfig } from '../format/config.ts'
import { decodeConfig, encodeConfig, encodeConfigBody } from '../format/config-codec.ts'
import type { Driver } from '../storage/driver.ts'
import type { KeyRing } from './key-ring.ts'
import { configSignatureInput } from './signing.ts'
import { listObjects, type ObjectSource, putObject, readObject } from './stored-object.ts'

/** Remembers, outside the repository, the highest revision of its config that was ever seen. */
export interface RevisionMemory {
  read(): number | undefined
  write(revision: number): void
}

/** A config as it lies in the store. Its signature fits the owner key that it names itself. */
export interface StoredConfig {
  readonly id: ObjectId
  readonly config: RepositoryConfig
}

const UPDATE_ATTEMPTS = 5
const UPDATE_PAUSE_MS = 150

/**
 * Returns every config in the store, in ascending order of revision. Whose they are is for `chooseConfig` to say.
 *
 * Damaged ones are passed over when others are there, and reported to `onProblem`.
 * @throws {IntegrityError} BAD_SIGNATURE, MALFORMED, UNSUPPORTED_VERSION, UNSUPPORTED_FEATURE; ID_MISMATCH when all are
 * damaged
 */
export async function readConfigs(
  from: ObjectSource,
  onProblem?: (problem: TidemarkError) => void,
): Promise<StoredConfig[]> {
  const configs: StoredConfig[] = []
  const damaged: TidemarkError[] = []
  for (const { name, bytes } of await listObjects(from, 'config')) {
    try {
      configs.push(decodeStored(name.id, await readObject(from, name, CONFIG_BYTES_MAX, bytes)))
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      // Replaced and cleared away since it was listed.
      if (error.code === 'NOT_FOUND') continue
      if (error.code !== 'ID_MISMATCH') throw error
      damaged.push(error)
    }
  }
  // What is thrown need not be told.
  const last = configs.length === 0 ? damaged.pop() : undefined
  for (const problem of damaged) onProblem?.(problem)
  if (last !== undefined) throw last
  return configs.sort((a, b) => a.config.revision - b.config.revision)
}

function decodeStored(id: ObjectId, bytes: Uint8Array): StoredConfig {
  const { config, body, signature } = decodeConfig(bytes)
  if (!verify(configSignatureInput(body), { signature, publicKey: config.ownerPublicKey })) throw badSignature(id)
  return { id, config }
}

/**
 * Returns the config that counts: the owner's highest revision.
 * @throws {IntegrityError} BAD_SIGNATURE: one is by another owner. CONFIG_CONFLICT: two first or two highest revisions.
 * ROLLED_BACK: a higher revision was seen before.
 */
export function chooseConfig(
  configs: readonly StoredConfig[],
  trust: { readonly ownerPublicKey: Uint8Array; readonly memory: RevisionMemory | undefined },
): StoredConfig | undefined {
  for (const { id, config } of configs) {
    if (!equalBytes(config.ownerPublicKey, trust.ownerPublicKey)) throw badSignature(id)
  }
  const seen = trust.memory?.read() ?? 0
  const chosen = configs.reduce<StoredConfig | undefined>(
    (best, next) => (best === undefined || next.config.revision > best.config.revision ? next : best),
    undefined,
  )
  const highest = chosen?.config.revision ?? 0
  for (const revision of [1, highest]) {
    if (configs.filter(({ config }) => config.revision === revision).length > 1) throw conflict(revision)
  }
  if (highest < seen) throw rolledBack(highest, seen)
  if (highest > seen) trust.memory?.write(highest)
  return chosen
}

/** Signs and stores a config; returns its id. */
export async function putConfig(driver: Driver, ring: KeyRing, config: RepositoryConfig): Promise<ObjectId> {
  const body = encodeConfigBody(config)
  return putObject(driver, 'config', [encodeConfig(body, ring.ownerSign(configSignatureInput(body)))])
}

/**
 * Replaces the config by `change` of it, and returns the new one.
 *
 * Two at once notice each other, because each lists after it put: both take theirs back and try again.
 * @throws {StorageError} STORE_UNAVAILABLE, transient: others kept changing it at the same time.
 * @throws {IntegrityError} as `readConfigs` and `chooseConfig`; whatever `change` throws.
 */
export async function updateConfig(
  driver: Driver,
  by: { readonly ring: KeyRing; readonly memory: RevisionMemory | undefined },
  change: (config: RepositoryConfig) => RepositoryConfig | Promise<RepositoryConfig>,
): Promise<StoredConfig> {
  const trust = { ownerPublicKey: by.ring.ownerPublicKey, memory: by.memory }
  for (let attempt = 1; attempt <= UPDATE_ATTEMPTS; attempt++) {
    const current = chooseConfig(await readConfigs(driver), trust)
    if (current === undefined) throw configMissing(driver)
    const revision = current.config.revision + 1
    const config = { ...(await change(current.config)), revision, previous: current.id }
    const id = await putConfig(driver, by.ring, config)
    const stored = await readConfigs(driver)
    if (!stored.some((other) => other.id !== id && other.config.revision >= revision)) {
      by.memory?.write(revision)
      await removeReplaced(driver, stored, revision)
      return { id, config }
    }
    await driver.remove({ kind: 'config', id })
    await setTimeout(Math.random() * UPDATE_PAUSE_MS * attempt)
  }
  throw new StorageError('STORE_UNAVAILABLE', `others keep changing the configuration of ${driver.location}`, {
    retry: 'transient',
    hint: 'Try again once they are done.',
  })
}

/** Keeps the one before the newest, for whoever has just listed it. */
async function removeReplaced(driver: Driver, stored: readonly StoredConfig[], newest: number): Promise<void> {
  for (const { id, config } of stored) {
    if (config.revision < newest - 1) await driver.remove({ kind: 'config', id })
  }
}

export function configMissing(driver: Driver): IntegrityError {
  return new IntegrityError('RECORD_MISSING', `the repository at ${driver.location} has lost its configuration`, {
    context: { location: driver.location },
    hint: 'Run `tidemark check --repair`, which makes it anew from a key slot.',
  })
}

function badSignature(id: ObjectId): IntegrityError {
  return new IntegrityError('BAD_SIGNATURE', `config/${id} is not signed by the owner of this repository`, {
    context: { object: `config/${id}` },
    hint: 'Somebody else wrote it: find out who can write to this store before you go on.',
  })
}

function conflict(revision: number): IntegrityError {
  return new IntegrityError('CONFIG_CONFLICT', `the repository has two configurations of revision ${revision}`, {
    context: { revision },
    hint: 'Remove the object that is wrong from `config/`, or restore the store to one state.',
  })
}

function rolledBack(found: number, seen: number): IntegrityError {
  const what = found === 0 ? 'is missing' : `has revision ${found}`
  return new IntegrityError('ROLLED_BACK', `the configuration ${what}, but revision ${seen} was seen here before`, {
    context: { found, seen },
    hint: 'The store shows an older state: find out why first. If an older copy was put back on purpose, `tidemark cache clear --accept-rollback` makes this machine go on from it.',
  })
}
