import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { hexId, REALM_ID_BYTES, type RealmId, type RepositoryId } from '../../src/base/ids.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { BackupSummary } from '../../src/engine/backup-types.ts'
import { backup } from '../../src/engine/backup.ts'
import { directorySource } from '../../src/engine/sources/directory-source.ts'
import { decodeKeySet, encodeKeySet, type KeySet } from '../../src/format/key-set.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { openKeyRing } from '../../src/repository/key-ring.ts'
import { backupOnlyOf } from '../../src/repository/key-sets.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import { openWithKeys, type Repository } from '../../src/repository/repository.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { closeSharedPool, sharedPool } from './engine-fixture.ts'
import { aheadClock, testPorts, testSecret } from './test-machine.ts'

/** A machine that holds some keys of a repository, with a cache and an instance of its own. */
export class RealmMachine {
  readonly folder: string
  readonly #driver: Driver
  readonly #keys: () => OpenedKeys | Promise<OpenedKeys>
  readonly #repositoryId: RepositoryId
  readonly #ports: ReturnType<typeof testPorts>
  readonly #name: string

  constructor(
    name: string,
    { folder, driver, repository }: { folder: string; driver: Driver; repository: RepositoryId },
    keys: () => OpenedKeys | Promise<OpenedKeys>,
  ) {
    this.#repositoryId = repository
    this.#name = name
    this.folder = folder
    this.#driver = driver
    this.#keys = keys
    this.#ports = testPorts(driver)
  }

  /** Opens the repository as another process would. */
  async reopen(): Promise<Repository> {
    const keys = await this.#keys()
    const repository = await openWithKeys(keys, { ...this.#ports, driver: this.#driver, cache: this.#cache() })
    onTestFinished(() => repository[Symbol.dispose]())
    return repository
  }

  async backup(source: string): Promise<BackupSummary> {
    const repository = await this.reopen()
    const rules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }
    return backup(
      {
        repository: Promise.resolve(repository),
        repositoryId: repository.id,
        cache: repository.cache,
        workers: sharedPool(),
        clock: aheadClock,
        randomness: systemRandomness,
        journal: { begin: async () => async () => undefined },
        tool: 'test',
      },
      directorySource({ roots: [byteStringOf(source)], rules, crossFilesystems: false }),
      { full: false, tags: [], description: '', dryRun: false, strict: false },
      {},
      new AbortController().signal,
    )
  }

  /** Loses its cache. */
  forget(): void {
    this.#cache().clear()
  }

  #cache(): LocalCache {
    const directory = join(this.folder, this.#name)
    return LocalCache.open({ directory, repository: this.#repositoryId, machineKey: new Uint8Array(32).fill(1) })
  }
}

export interface TwoRealms {
  readonly driver: Driver
  /** Holds full keys of both realms. */
  readonly owner: RealmMachine
  /** Holds full keys of `home` alone. */
  readonly home: RealmMachine
  /** Holds full keys of the other realm alone. */
  readonly other: RealmMachine
  /** Can write into the other realm, and read nothing. */
  readonly backupOnly: RealmMachine
}

/** Makes a repository of two realms, and machines that hold one of them each. */
export async function twoRealms(): Promise<TwoRealms> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-realms-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const driver = new MemoryDriver()
  const created = await createRepository(driver, {
    slots: [{ secret: testSecret, label: 'test' }],
    clock: aheadClock,
    randomness: systemRandomness,
  })
  const set = decodeKeySet(created.keySet)
  if (set.kind !== 'full') throw new Error('a new repository has a full key set')
  const second = { id: hexId<RealmId>(systemRandomness.bytes(REALM_ID_BYTES)), name: 'other' }
  const encoded = (realms: KeySet & { kind: 'full' }): Uint8Array => encodeKeySet(realms)
  const homeSet = encoded(set)
  const otherSet = encoded({ ...set, realms: [second] })
  const place = { folder, driver, repository: created.repository }
  const keysOf = (bytes: Uint8Array) => (): OpenedKeys => {
    const keySet = bytes.slice()
    const ring = openKeyRing(decodeKeySet(bytes.slice()), systemRandomness)
    return { ...created, keySet, ring, [Symbol.dispose]: () => ring[Symbol.dispose]() }
  }
  const { ownerPublicKey } = created.ring
  const backupOnlySet = backupOnlyOf(otherSet, { realm: second.id, ownerPublicKey })
  return {
    driver,
    owner: new RealmMachine('owner', place, keysOf(encoded({ ...set, realms: [...set.realms, second] }))),
    home: new RealmMachine('home', place, keysOf(homeSet)),
    other: new RealmMachine('other', place, keysOf(otherSet)),
    backupOnly: new RealmMachine('backup-only', place, keysOf(backupOnlySet)),
  }
}

export const closeRealms = closeSharedPool
