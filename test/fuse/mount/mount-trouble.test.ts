import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { prune } from '../../../src/engine/prune/prune.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import type { ByteRange, ObjectName } from '../../../src/storage/driver.ts'
import { careContext } from '../../support/care-fixture.ts'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture, runTool } from '../../support/mount-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { keepLast } from '../../support/prune-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { testSecret } from '../../support/test-machine.ts'

afterAll(closeSharedPool)

/** A store that stops answering when packs are asked for. */
class StallingDriver extends MemoryDriver {
  #resume: (() => void) | undefined
  #stalled: Promise<void> | undefined

  stall(): void {
    this.#stalled = new Promise((resolve) => (this.#resume = resolve))
  }

  resume(): void {
    this.#resume?.()
    this.#stalled = undefined
  }

  override async get(name: ObjectName, range?: ByteRange): Promise<Uint8Array> {
    if (name.kind === 'packs') await this.#stalled
    return super.get(name, range)
  }
}

describe('a store that does not answer', () => {
  fuseTest('holds up only those who read from it, and each of them can be interrupted', async () => {
    const store = new StallingDriver()
    const f = await MountFixture.create(store)
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      writeFileSync(f.engine.path(name), patternBytes(700_000, name.charCodeAt(0)))
    await f.engine.backup()
    await f.mount()
    expect(Buffer.compare(await readFile(f.path(0, 'a')), patternBytes(700_000, 97))).toBe(0)
    store.stall()
    // More than there are threads.
    const kills: ((signal: NodeJS.Signals) => void)[] = []
    const cats = ['b', 'c', 'd', 'e'].map(async (name) =>
      runTool('cat', [f.path(0, name)], { onStart: (kill) => kills.push(kill) }),
    )
    await setTimeout(300)
    expect((await readdir(join(f.path(0)))).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(Buffer.compare(await readFile(f.path(0, 'a')), patternBytes(700_000, 97))).toBe(0)
    for (const kill of kills) kill('SIGINT')
    for (const { signal } of await Promise.all(cats)) expect(signal).toBe('SIGINT')
    store.resume()
    expect(Buffer.compare(await readFile(f.path(0, 'b')), patternBytes(700_000, 98))).toBe(0)
    expect(f.problems).toEqual([])
  })

  fuseTest('ends in EIO after a while, and is asked again by whoever reads next', async () => {
    const store = new StallingDriver()
    const f = await MountFixture.create(store)
    writeFileSync(f.engine.path('file'), patternBytes(700_000, 1))
    await f.engine.backup()
    await f.mount({ patienceMs: 3000 })
    await readdir(f.path(0))
    store.stall()
    await expect(readFile(f.path(0, 'file'))).rejects.toMatchObject({ code: 'EIO' })
    expect(f.problems[0]?.error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    store.resume()
    expect(Buffer.compare(await readFile(f.path(0, 'file')), patternBytes(700_000, 1))).toBe(0)
  })

  fuseTest('tells an error at once, and is read again afterwards', async () => {
    const f = await MountFixture.create(new MemoryDriver())
    writeFileSync(f.engine.path('file'), patternBytes(700_000, 1))
    await f.engine.backup()
    await f.mount()
    await readdir(f.path(0))
    f.engine.driver.fail({ method: 'get', kind: 'packs', when: 'before', lasting: true })
    await expect(readFile(f.path(0, 'file'))).rejects.toMatchObject({ code: 'EIO' })
    expect(f.problems[0]?.error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    f.engine.driver.heal()
    expect(Buffer.compare(await readFile(f.path(0, 'file')), patternBytes(700_000, 1))).toBe(0)
  })
})

describe('a pack that is gone', () => {
  fuseTest.each([
    ['on this machine', async () => openLocalDriver({ root: temporaryFolder() })],
    ['elsewhere', async () => new MemoryDriver()],
  ])('from a store %s is done without where another one holds the same', async (_where, open) => {
    const f = await MountFixture.create(await open())
    writeFileSync(f.engine.path('file'), patternBytes(3_000_000, 1))
    await f.engine.backup()
    // Who does not know what is stored stores it again.
    const { driver } = f.engine
    for await (const { name } of driver.list('index')) driver.hide(name)
    await f.engine.loseCache()
    await f.engine.backup({ options: { full: true } })
    driver.heal()
    await f.engine.loseCache()
    const index = await f.engine.repository.index()
    const file = await (await f.engine.view()).lookup(byteStringOf(f.engine.path('file')))
    if (file?.kind !== 'file') throw new Error('the file is in the point')
    const { ids } = await (await f.engine.view()).layout(file)
    expect(index.otherPlaces(ids)).toHaveLength(1)
    const { id } = index.packs.row(index.locate(ids)!.frameLocation.pack)
    await driver.remove({ kind: 'packs', id })
    await f.mount()
    expect(Buffer.compare(await readFile(f.path(0, 'file')), patternBytes(3_000_000, 1))).toBe(0)
    expect(Buffer.compare(await readFile(f.path(1, 'file')), patternBytes(3_000_000, 1))).toBe(0)
    expect(f.problems).toEqual([])
  })

  fuseTest('ends in EIO where none does, and costs nothing else', async () => {
    const root = temporaryFolder()
    const f = await MountFixture.create(await openLocalDriver({ root }))
    writeFileSync(f.engine.path('first'), patternBytes(3_000_000, 1))
    await f.engine.backup()
    const before = packsOf(root)
    writeFileSync(f.engine.path('second'), patternBytes(3_000_000, 2))
    await f.engine.backup()
    await f.mount()
    await readdir(f.path(1))
    const index = await f.engine.repository.index()
    for (let row = 0; row < index.packs.size; row++) {
      const { id, kind } = index.packs.row(row)
      if (kind === 'data' && !before.includes(id)) rmSync(join(root, 'packs', id.slice(0, 2), id))
    }
    await expect(readFile(f.path(1, 'second'))).rejects.toMatchObject({ code: 'EIO' })
    expect(f.problems[0]?.error).toMatchObject({ code: 'BLOB_MISSING' })
    expect(Buffer.compare(await readFile(f.path(1, 'first')), patternBytes(3_000_000, 1))).toBe(0)
  })
})

fuseTest('what a prune wrote anew meanwhile, in a store elsewhere, is read from where it is now', async () => {
  const f = await MountFixture.create(new MemoryDriver())
  const { engine } = f
  for (let i = 0; i < 8; i++) writeFileSync(engine.path(`file-${i}`), patternBytes(200_000, i))
  await engine.backup()
  for (let i = 0; i < 4; i++) rmSync(engine.path(`file-${i}`))
  await engine.backup()
  await keepLast(engine, 1)
  await f.mount()
  await readdir(f.path(0))
  // As another machine: what the mount knows of the index is of before.
  const repository = await openRepository({ ...engine.ports(), cache: undefined, secret: testSecret })
  const options = { dryRun: false, exclusive: true, unusedPercentMax: 0 }
  const report = await prune(careContext(engine, { repository }), options, {}, new AbortController().signal)
  repository[Symbol.dispose]()
  expect([report.repacked.packs > 0, report.freed.packs > 1]).toEqual([true, true])
  for (let i = 4; i < 8; i++) {
    expect(Buffer.compare(await readFile(f.path(0, `file-${i}`)), patternBytes(200_000, i))).toBe(0)
  }
  expect(f.problems).toEqual([])
})

fuseTest('of a pack elsewhere that was cut off, what lies before the cut is read', async () => {
  const f = await MountFixture.create(new MemoryDriver())
  // Two to a frame at most.
  const names = Array.from({ length: 8 }, (_, i) => `file-${i}`)
  for (const [i, name] of names.entries()) writeFileSync(f.engine.path(name), patternBytes(520_000, i))
  await f.engine.backup()
  const index = await f.engine.repository.index()
  const view = await f.engine.view()
  const ends = new Map<string, number>()
  for (const name of names) {
    const file = await view.lookup(byteStringOf(f.engine.path(name)))
    if (file?.kind !== 'file') throw new Error('the file is in the point')
    const { offset, storedBytes } = index.locate(file.content.ids)!.frameLocation
    ends.set(name, offset + storedBytes)
  }
  const cut = [...ends.values()].sort((a, b) => a - b)[4]!
  const rows = Array.from({ length: index.packs.size }, (_, row) => index.packs.row(row))
  await f.engine.driver.truncate({ kind: 'packs', id: rows.find(({ kind }) => kind === 'data')!.id }, cut)
  await f.mount()
  await readdir(f.path(0))
  for (const [i, name] of names.entries()) {
    const reading = readFile(f.path(0, name))
    if (ends.get(name)! > cut) await expect(reading).rejects.toMatchObject({ code: 'EIO' })
    else expect(Buffer.compare(await reading, patternBytes(520_000, i))).toBe(0)
  }
})

function packsOf(root: string): string[] {
  return readdirSync(join(root, 'packs'), { recursive: true, encoding: 'utf8' }).map((name) => name.slice(3))
}
