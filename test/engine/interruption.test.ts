import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { timespecOfMs } from '../../src/base/clock.ts'
import { StorageError, TidemarkError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import type { RecordBodies } from '../../src/format/records.ts'
import type { RecordContents } from '../../src/repository/record-store.ts'
import type { ObjectName } from '../../src/storage/driver.ts'
import { memoryFolder } from '../simulation/memory-folder.ts'
import { EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { listIds, objectNamed } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../support/point-content.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterAll(closeSharedPool)

const MIB = 1 << 20
const now = timespecOfMs(1_700_000_000_000)

/** Fills the source with files of 1 MiB that nothing compresses. */
function fillMegabytes(f: EngineFixture, count: number, seed = 1): void {
  for (let i = 0; i < count; i++) {
    mkdirSync(f.path(`d${i % 8}`), { recursive: true })
    writeFileSync(f.path(`d${i % 8}`, `m${i}`), patternBytes(MIB, seed * 1000 + i))
  }
}

/** Small, but of several directories, with content in every kind of frame. */
function fillSmall(f: EngineFixture): void {
  for (let i = 0; i < 30; i++) {
    mkdirSync(f.path(`d${i % 3}`), { recursive: true })
    writeFileSync(f.path(`d${i % 3}`, `s${i}`), `small ${i}`)
  }
  writeFileSync(f.path('large'), patternBytes(700_000, 2))
}

async function expectWhole(f: EngineFixture): Promise<void> {
  await f.reopen()
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
}

describe('an interrupted backup', () => {
  test('keeps what it stored, and the next one stores the rest', async () => {
    const f = await EngineFixture.create()
    fillMegabytes(f, 80)
    const stop = new AbortController()
    const events = {
      progress: ({ bytesDone }: { bytesDone: number }) => {
        if (bytesDone > 20 * MIB) stop.abort()
      },
    }
    const clock = { ...f.clock, monotonicMs: () => performance.now() * 1000 }
    const before = f.driver.bytesWritten
    await expect(f.backup({ signal: stop.signal, events, context: { clock } })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    const kept = f.driver.bytesWritten - before
    expect(kept).toBeGreaterThan(15 * MIB)
    expect(kept).toBeLessThan(79 * MIB)
    expect((await listIds(f.driver, 'index')).length).toBeGreaterThan(0)
    expect(await listIds(f.driver, 'points')).toEqual([])
    expect(await listIds(f.driver, 'runs')).toEqual([])
    const rest = await f.backup()
    expect(rest.bytesPut + kept).toBeLessThan(81 * MIB)
    await expectWhole(f)
  })

  test('stops within a huge directory, whose files do not wait in line to be read', async () => {
    const f = await EngineFixture.create(new MemoryDriver(), memoryFolder())
    const files = 20_000
    for (let i = 0; i < files; i++) writeFileSync(f.path(`f${i}`), `file ${i}`)
    const stop = new AbortController()
    let done = 0
    const events = {
      progress: ({ filesDone }: { filesDone: number }) => {
        done = filesDone
        if (filesDone > 0) stop.abort()
      },
    }
    const clock = { ...f.clock, monotonicMs: () => performance.now() * 1000 }
    await expect(f.backup({ signal: stop.signal, events, context: { clock } })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(files / 4)
  })

  test('that was aborted before it began stores nothing', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    await expect(f.backup({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await listIds(f.driver, 'packs')).toEqual([])
    await f.backup()
    await expectWhole(f)
  })

  test('that was killed has its flushed packs used by the next', async () => {
    const root = temporaryFolder()
    const f = await EngineFixture.create(await openLocalDriver({ root }))
    fillMegabytes(f, 100)
    const child = fork(new URL('./killed-backup.ts', import.meta.url), [root, f.source], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    // It tells when the first index file is durable.
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await listIds(f.driver, 'index')).length).toBeGreaterThan(0)
    expect(await listIds(f.driver, 'points')).toEqual([])
    const rest = await f.backup()
    expect(rest.bytesStored).toBeLessThan(88 * MIB)
    await expectWhole(f)
  })
})

describe('a store that fails', () => {
  test('at any one call leaves a whole point or none, and older points as they were', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    const first = await f.backup()
    const before = await pointLines(await f.view(first.point), f.source)
    let failed = 0
    let made = 0
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; ; nth++) {
        appendFileSync(f.path('large'), `${when} ${nth}`)
        writeFileSync(f.path('d0', `new-${when}-${nth}`), `new ${when} ${nth}`)
        const points = (await listIds(f.driver, 'points')).length
        f.driver.calls.length = 0
        f.driver.fail({ nth, when })
        const point = await f.backup().then(
          (result) => result.point,
          (error: unknown) => {
            expect(error, String(error)).toBeInstanceOf(TidemarkError)
            return undefined
          },
        )
        const calls = f.driver.calls.length
        f.driver.heal()
        if (point === undefined) failed++
        else made++
        if (point !== undefined) {
          await f.reopen()
          expect(await pointLines(await f.view(point), f.source)).toEqual(diskLines(f.source))
        } else {
          // The point may be durable although what came after it failed.
          expect((await listIds(f.driver, 'points')).length - points).toBeLessThanOrEqual(1)
        }
        expect(await pointLines(await f.view(first.point), f.source)).toEqual(before)
        if (nth > calls) break
      }
    }
    expect(failed).toBeGreaterThan(10)
    expect(made).toBeGreaterThan(1)
    const last = await f.backup()
    expect(last.point).toBeDefined()
    await expectWhole(f)
    expect((await f.repository.chain({ reload: true })).alarms).toEqual([])
  })

  test('in the same process, what it lost is stored by the next run', async () => {
    const f = await EngineFixture.create()
    fillMegabytes(f, 3)
    f.driver.fail({ method: 'put', kind: 'packs', when: 'before', lasting: true })
    await expect(f.backup()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    f.driver.heal()
    expect((await f.backup()).bytesStored).toBeGreaterThan(3 * MIB)
    await expectWhole(f)
  })

  test('by being full keeps what it has for the next run', async () => {
    const f = await EngineFixture.create()
    fillMegabytes(f, 60)
    const error = new StorageError('STORE_FULL', 'full')
    f.driver.fail({ method: 'put', kind: 'packs', nth: 3, when: 'before', error, lasting: true })
    const before = f.driver.bytesWritten
    await expect(f.backup()).rejects.toMatchObject({ code: 'STORE_FULL' })
    const kept = f.driver.bytesWritten - before
    expect(kept).toBeGreaterThan(25 * MIB)
    f.driver.heal()
    expect((await f.backup()).bytesPut + kept).toBeLessThan(61 * MIB)
    await expectWhole(f)
  })

  test('only at taking away the note of the run makes a point all the same', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    f.driver.fail({ method: 'remove', kind: 'runs', when: 'before' })
    const made = await f.backup()
    expect(made.warnings).toHaveLength(1)
    await expectWhole(f)
  })
})

describe('what prune and check say', () => {
  test('a pack that is declared dead under a run voids its point', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    await f.backup()
    const packs = await listIds(f.driver, 'packs')
    writeFileSync(f.path('new'), 'new')
    const { records, instance } = f.repository
    const { id: mark } = objectNamed('a mark that came later')
    const put = records.put.bind(records)
    // Between the durable point and the look at what is dead: where another machine's sweep may come.
    records.put = async (kind, record, signer) => {
      const result = await put(kind, record, signer)
      if (kind === 'points') await put('dead', { packs, mark, made: now }, instance)
      return result
    }
    await expect(f.backup()).rejects.toMatchObject({ code: 'PRUNED_UNDER_RUN' })
    expect(await listIds(f.driver, 'points')).toHaveLength(1)
    await f.reopen()
    const again = await f.backup()
    expect(again.bytesRead).toBeGreaterThan(700_000)
    await expectWhole(f)
  })

  test('a pack that a mark named before the run voids nothing when it dies', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    await f.backup()
    const packs = await listIds(f.driver, 'packs')
    const { records, instance } = f.repository
    const { id: mark } = await records.put('marks', { packs, made: now }, instance)
    const put = records.put.bind(records)
    records.put = async (kind, record, signer) => {
      const result = await put(kind, record, signer)
      if (kind === 'points') await put('dead', { packs, mark, made: now }, instance)
      return result
    }
    expect((await f.backup()).point).toBeDefined()
    for (const id of packs) await f.driver.remove({ kind: 'packs', id })
    await expectWhole(f)
  })

  const gone: [string, (f: EngineFixture, packs: readonly ObjectId[]) => Promise<void>][] = [
    ['removed', (f, packs) => eachPack(packs, (id) => f.driver.remove({ kind: 'packs', id }))],
    ['cut off', (f, packs) => eachPack(packs, (id) => cutOff(f.driver, { kind: 'packs', id }))],
    ['marked', (f, packs) => put(f, 'marks', { packs, made: now })],
    ['dead', (f, packs) => put(f, 'dead', { packs, mark: objectNamed('m').id, made: now })],
    ['lost', (f, packs) => put(f, 'lost', { packs, blobs: new Uint8Array(0), made: now })],
  ]

  test.each(gone)('content of packs that are %s is stored again', async (_, lose) => {
    const f = await EngineFixture.create()
    fillSmall(f)
    await f.backup()
    const packs = await listIds(f.driver, 'packs')
    await lose(f, packs)
    const again = await f.backup()
    expect(again).toMatchObject({ type: 'incremental', bytesRead: 700_230 })
    expect(again.bytesStored).toBeGreaterThan(700_000)
    for (const id of packs) await f.driver.remove({ kind: 'packs', id })
    await expectWhole(f)
    // Once healed, nothing is read again.
    expect(await f.backup()).toMatchObject({ bytesRead: 0, bytesStored: 0 })
  })

  test('only the files in the one pack that is gone are read again', async () => {
    const f = await EngineFixture.create()
    fillSmall(f)
    await f.backup()
    const before = new Set(await listIds(f.driver, 'packs'))
    writeFileSync(f.path('d1', 'extra'), patternBytes(200_000, 77))
    await f.backup()
    const [data] = (await sizes(f)).filter(({ id, bytes }) => !before.has(id) && bytes > 200_000)
    await f.driver.remove({ kind: 'packs', id: data!.id })
    const healed = await f.backup()
    expect(healed.bytesRead).toBe(200_000)
    await expectWhole(f)
  })
})

async function sizes(f: EngineFixture): Promise<{ id: ObjectId; bytes: number }[]> {
  const all: { id: ObjectId; bytes: number }[] = []
  for await (const { name, bytes } of f.driver.list('packs')) all.push({ id: name.id, bytes })
  return all
}

async function eachPack(packs: readonly ObjectId[], act: (id: ObjectId) => Promise<void>): Promise<void> {
  for (const id of packs) await act(id)
}

async function cutOff(driver: EngineFixture['driver'], name: ObjectName): Promise<void> {
  const bytes = await driver.get(name)
  await driver.remove(name)
  await driver.put(name, [bytes.subarray(0, 1000)])
}

async function put<Kind extends keyof RecordBodies>(
  { repository }: EngineFixture,
  kind: Kind,
  record: RecordBodies[Kind],
): Promise<void> {
  await repository.records.put(kind, record as RecordContents[Kind], repository.instance)
}
