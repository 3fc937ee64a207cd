import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { BlobId } from '../../../src/base/ids.ts'
import { KeyedHasher } from '../../../src/crypto/blake3.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { RunStore } from '../../../src/engine/run/run-store.ts'
import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import type { BackupProgress } from '../../../src/engine/backup-types.ts'
import type { Scheduler } from '../../../src/repository/run-object.ts'
import type { ObjectName } from '../../../src/storage/driver.ts'
import { EngineFixture, closeSharedPool, sharedPool } from '../../support/engine-fixture.ts'
import { passes } from '../../support/eventually.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../../support/point-content.ts'
import { aheadClock } from '../../support/test-machine.ts'

afterAll(closeSharedPool)

/** A store that is far away. */
class SlowDriver extends MemoryDriver {
  override async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    await setTimeout(5)
    await super.put(name, parts, signal)
  }
}

async function open(
  f: EngineFixture,
  options: { readonly flushBytes?: number; readonly scheduler?: Scheduler } = {},
): Promise<RunStore> {
  const { repository } = f
  return new RunStore({
    repository,
    workers: sharedPool(),
    clock: aheadClock,
    randomness: systemRandomness,
    ...options,
  })
}

test('trees, lists and details that are put at once while packs are on their way are all found again', async () => {
  const f = await EngineFixture.create(new SlowDriver())
  const store = await open(f)
  const types = ['tree', 'list', 'detail'] as const
  const blobs = Array.from({ length: 4500 }, (_, i) => ({
    type: types[i % 3]!,
    bytes: patternBytes(100 + ((i * 2654435761) % 6000), i + 1),
  }))
  const ids = await Promise.all(blobs.map(({ type, bytes }) => store.putBlob(type, bytes.slice())))
  const stored = await store.finish()
  await store.close()
  expect(stored.packs.length).toBeGreaterThan(2)
  expect(stored.blobs).toBe(blobs.length)
  const reader = await (await f.reopen()).blobs()
  for (const type of types) {
    const wanted = blobs.flatMap((blob, i) => (blob.type === type ? [i] : []))
    const read = await reader.readAll(
      wanted.map((i) => ids[i]!),
      type,
    )
    wanted.forEach((i, at) => expect(Buffer.compare(read[at]!, blobs[i]!.bytes), `blob ${i}`).toBe(0))
  }
})

test('the last packs of data and of trees are put together: a far store is waited for once', async () => {
  /** Ends a put of a pack only once another one is under way. */
  class MeetingDriver extends MemoryDriver {
    readonly #met = Promise.withResolvers<undefined>()
    #packs = 0

    override async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
      if (name.kind === 'packs' && ++this.#packs === 2) this.#met.resolve(undefined)
      if (name.kind === 'packs') await this.#met.promise
      await super.put(name, parts, signal)
    }
  }
  const f = await EngineFixture.create(new MeetingDriver())
  writeFileSync(f.path('file'), 'content')
  const { point } = await f.backup()
  expect(await pointLines(await f.view(point), f.source)).toEqual(diskLines(f.source))
})

test('while packs are on their way, a run goes on to say how much of what it read is not stored yet', async () => {
  const isTold = Promise.withResolvers<undefined>()
  /** Takes no pack before somebody was told that all of the file waits for it. */
  class WaitingDriver extends MemoryDriver {
    override async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
      if (name.kind === 'packs') await isTold.promise
      await super.put(name, parts, signal)
    }
  }
  const f = await EngineFixture.create(new WaitingDriver())
  writeFileSync(f.path('file'), patternBytes(3 << 20, 7))
  const told: BackupProgress[] = []
  const isAllWaiting = ({ storing, bytesWaiting }: BackupProgress): boolean => storing && bytesWaiting >= 3 << 20
  const progress = (each: BackupProgress): void => {
    told.push(each)
    if (isAllWaiting(each)) isTold.resolve(undefined)
  }
  const scheduler: Scheduler = {
    every: (_, task) => {
      const timer = setInterval(task, 1)
      return () => clearInterval(timer)
    },
  }
  await f.backup({ events: { progress }, context: { scheduler } })
  expect(told.find(isAllWaiting)).toMatchObject({ bytesDone: 3 << 20, bytesFound: 3 << 20, scanned: true })
})

test('equal blobs of one type are stored once, and of two types twice', async () => {
  const f = await EngineFixture.create()
  const store = await open(f)
  const put = (type: 'tree' | 'list'): Promise<BlobId> => store.putBlob(type, patternBytes(1000, 1))
  const [a, b, c] = await Promise.all([put('tree'), put('tree'), put('list')])
  expect(a).toEqual(b)
  expect(c).not.toEqual(a)
  expect((await store.finish()).blobs).toBe(2)
  await store.close()
})

test('index files are put as it goes, and name everything once', async () => {
  const f = await EngineFixture.create()
  const store = await open(f, { flushBytes: 10 << 20 })
  for (let i = 0; i < 40; i++) {
    const bytes = patternBytes(1 << 20, i)
    await store.run({ type: 'bytes', bytes, lengths: [bytes.byteLength], frames: 'alone' })
  }
  const stored = await store.finish()
  await store.close()
  expect(stored.indexes.length).toBeGreaterThan(1)
  expect(await listIds(f.driver, 'index')).toEqual([...stored.indexes].sort())
  expect(stored.blobs).toBe(40)
  const index = await (await f.reopen()).index()
  expect(index.packs.size).toBe(stored.packs.length)
})

test('packs that no other pack follows are in an index file after five minutes', async () => {
  const f = await EngineFixture.create()
  const timers = new Map<() => void, number>()
  const every = (intervalMs: number, task: () => void): (() => void) => {
    timers.set(task, intervalMs)
    return () => timers.delete(task)
  }
  const store = await open(f, { scheduler: { every } })
  for (let i = 0; i < 18; i++) {
    const bytes = patternBytes(1 << 20, i)
    await store.run({ type: 'bytes', bytes, lengths: [bytes.byteLength], frames: 'alone' })
  }
  await passes(() => expect(store.stored.packs).toHaveLength(1))
  expect(await listIds(f.driver, 'index')).toEqual([])
  expect([...timers.values()]).toEqual([5 * 60_000])
  for (const tick of timers.keys()) tick()
  await passes(async () => expect(await listIds(f.driver, 'index')).toHaveLength(1))
  for (const tick of timers.keys()) tick()
  const stored = await store.finish()
  expect(timers.size).toBe(0)
  await store.close()
  expect(stored.indexes).toHaveLength(2)
  expect((await (await f.reopen()).index()).packs.size).toBe(2)
})

test('what a run claimed and never stored is nothing to the next in the same process', async () => {
  const f = await EngineFixture.create()
  const bytes = patternBytes(3000, 4)
  const failing = await open(f)
  f.driver.fail({ method: 'put', kind: 'packs', when: 'before' })
  await failing.putBlob('tree', bytes.slice())
  await expect(failing.finish()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await failing.close()
  const next = await open(f)
  await next.putBlob('tree', bytes.slice())
  expect((await next.finish()).blobs).toBe(1)
  await next.close()
})

test('a run that ends without a point leaves its durable packs in an index file', async () => {
  const f = await EngineFixture.create()
  const store = await open(f)
  for (let i = 0; i < 34; i++) {
    const bytes = patternBytes(1 << 20, i)
    await store.run({ type: 'bytes', bytes, lengths: [bytes.byteLength], frames: 'alone' })
  }
  await store.close()
  const packs = await listIds(f.driver, 'packs')
  expect(packs.length).toBeGreaterThan(0)
  const index = await (await f.reopen()).index({ forWriting: true })
  expect(packs.every((id) => index.packs.rowOf(id) !== undefined)).toBe(true)
})

test('a run that is closed while its threads are at work puts nothing that cannot be read', async () => {
  const f = await EngineFixture.create(new SlowDriver())
  for (let round = 0; round < 3; round++) {
    const store = await open(f)
    const running: Promise<unknown>[] = []
    for (let i = 0; i < 16; i++) {
      const bytes = patternBytes(2 << 20, round * 100 + i)
      const job = store.run({ type: 'bytes', bytes, lengths: [bytes.byteLength], frames: 'alone' })
      running.push(job.catch((error: unknown) => error))
    }
    await running[5 * round]
    // At least once, there is something to be read: sixteen jobs fill more than one pack.
    if (round === 2) await passes(() => expect(store.stored.packs.length).toBeGreaterThan(0))
    await store.close()
    const ended = await Promise.all(running)
    for (const end of ended) if (end instanceof Error) expect(end).toMatchObject({ code: 'INTERRUPTED' })
  }
  const packs = await listIds(f.driver, 'packs')
  const repository = await f.reopen()
  const index = await repository.index()
  // What no index file names would stay for ever unread, and what one names must open.
  expect(packs.filter((id) => index.packs.rowOf(id) === undefined)).toEqual([])
  const hasher = new KeyedHasher(repository.realm.idKey('data'))
  let found = 0
  for (let i = 0; i < 300; i++) {
    if (i % 100 >= 16) continue
    const bytes = patternBytes(2 << 20, i)
    const id = hasher.hash(bytes) as BlobId
    if (index.locate(id) === undefined) continue
    found++
    const [read] = await (await repository.blobs()).readAll([id], 'data')
    expect(Buffer.compare(read!, bytes)).toBe(0)
  }
  expect(found).toBeGreaterThan(0)
})
