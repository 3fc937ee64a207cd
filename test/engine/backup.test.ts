import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { present } from '../../src/base/assert.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { PointId } from '../../src/base/ids.ts'
import { readBases, sourceKey, writeTable } from '../../src/engine/run/bases.ts'
import { EntryTable } from '../../src/engine/scan/entry-table.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { memoryFolder } from '../simulation/memory-folder.ts'
import { EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { listIds } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointFile, pointLines } from '../support/point-content.ts'
import { aheadClock } from '../support/test-machine.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterAll(closeSharedPool)

/** Makes a small tree of files, folders and a link. */
function fill(f: EngineFixture): void {
  mkdirSync(f.path('a/b'), { recursive: true })
  mkdirSync(f.path('c'))
  writeFileSync(f.path('a/one'), 'one')
  writeFileSync(f.path('a/b/two'), 'two')
  writeFileSync(f.path('a/b/big'), patternBytes(3_000_000, 5))
  writeFileSync(f.path('c/empty'), '')
  for (let i = 0; i < 50; i++) writeFileSync(f.path('c', `f${i}`), `file ${i}`)
  symlinkSync('../a/one', f.path('c/link'))
}

async function filled(): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  fill(f)
  await f.backup()
  return f
}

async function expectWhole(f: EngineFixture): Promise<void> {
  await f.reopen()
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
}

const nothing = { bytesRead: 0, bytesStored: 0, blobsStored: 0 }

describe('a chain of points', () => {
  test.each(['memory', 'local'])('the first point, in a %s store, holds everything as it is', async (store) => {
    const f = await EngineFixture.create(
      store === 'local' ? await openLocalDriver({ root: temporaryFolder() }) : undefined,
    )
    fill(f)
    const made = await f.backup({ options: { tags: ['first'], description: 'the first' } })
    expect(made).toMatchObject({ type: 'full', parent: undefined, filesNew: 54, dirs: 4, others: 1, told: [] })
    expect(made.bytesRead).toBe(3_000_000 + 6 + 340)
    expect(made.bytes).toBe(made.bytesRead)
    await expectWhole(f)
    const chain = await f.repository.chain()
    expect(chain.alarms).toEqual([])
    const [point] = chain.points
    expect(point?.tags).toEqual(['first'])
    expect(point?.record).toMatchObject({ description: 'the first', sequence: 1, tool: 'test' })
    expect(await listIds(f.driver, 'runs')).toEqual([])
  })

  test('where nothing changed, nothing is read, stored or put but the point', async () => {
    const f = await filled()
    const trees = (await f.repository.chain({ reload: true })).points[0]?.record.parts[0]?.trees
    f.driver.calls.length = 0
    const again = await f.backup()
    expect(again).toMatchObject({ type: 'incremental', filesUnchanged: 54, filesNew: 0, filesChanged: 0, ...nothing })
    const puts = f.driver.calls.filter(({ method }) => method === 'put').map(({ kind }) => kind)
    expect(puts).toEqual(['runs', 'points'])
    expect(f.driver.calls.filter(({ method, kind }) => method === 'get' && kind === 'packs')).toEqual([])
    const points = (await f.repository.chain({ reload: true })).points
    expect(points[1]?.record.parts[0]?.trees).toEqual(trees)
    expect(points[1]?.record.parents[0]?.point).toBe(points[0]?.record.point)
  })

  test('what comes and goes beside the source, above it, changes nothing', async () => {
    const f = await filled()
    writeFileSync(join(f.folder, 'beside'), 'x')
    expect(await f.backup()).toMatchObject(nothing)
  })

  test('of one changed file only that file is read, and only the directories above it are stored', async () => {
    const f = await filled()
    appendFileSync(f.path('a/one'), ' more')
    const changed = await f.backup()
    expect(changed).toMatchObject({ filesChanged: 1, filesUnchanged: 53, filesNew: 0, bytesRead: 8 })
    // One data blob; the trees of a, of the source, and of those above it.
    const above = f.source.split('/').length - 1
    expect(changed.blobsStored).toBe(1 + 2 + above)
    await expectWhole(f)
  })

  test('a renamed file is read and not stored again; one that is gone is counted', async () => {
    const f = await filled()
    renameSync(f.path('a/b/big'), f.path('c/bigger'))
    rmSync(f.path('a/b/two'))
    const renamed = await f.backup()
    expect(renamed).toMatchObject({ filesNew: 1, filesRemoved: 2, bytesRead: 3_000_000 })
    expect(renamed.bytesStored).toBeLessThan(20_000)
    await expectWhole(f)
  })

  test('a changed mode or time alone is kept, and no content is stored again', async () => {
    const f = await filled()
    utimesSync(f.path('a/b/big'), 1_000_000, 1_000_000.5)
    execFileSync('chmod', ['600', f.path('a/one')])
    const changed = await f.backup()
    expect(changed.filesChanged).toBe(2)
    expect(changed.bytesStored).toBeLessThan(20_000)
    await expectWhole(f)
  })

  test('a full backup reads everything again and stores nothing new', async () => {
    const f = await filled()
    const full = await f.backup({ options: { full: true } })
    expect(full).toMatchObject({ type: 'full', bytesRead: 3_000_346, bytesStored: 0, filesUnchanged: 54 })
    expect(full.parent).toBeDefined()
    await expectWhole(f)
    expect(await f.backup()).toMatchObject({ type: 'incremental', ...nothing })
  })

  test('what stays in a folder where much changes is taken over as a full backup reads it', async () => {
    const f = await filled()
    const folders = ['a', 'a/b', 'c'].map((name) => f.path(name))
    const make =
      'ln -s one other-link; echo x > twin; ln twin other; echo y > attributed; setfattr -n user.of -v y attributed; ' +
      'mkdir marked; setfattr -n user.of -v folder marked; truncate -s 9M holes; mkfifo queue; head -c 600k /dev/zero > long'
    for (const folder of folders) execFileSync('sh', ['-ec', make], { cwd: folder })
    await f.backup()
    for (let round = 0; round < 3; round++) {
      for (const folder of folders) {
        writeFileSync(join(folder, `new ${round}`), `${round}`)
        // Of the second round, inside the folder with attributes; of the third, one of the files that have some.
        appendFileSync(join(folder, ['long', 'marked/in', 'attributed'][round] ?? ''), 'more')
      }
      await f.backup()
      expect(await f.backup({ options: { full: true } })).toMatchObject({ bytesStored: 0, filesChanged: 0 })
    }
    await expectWhole(f)
  })

  test('a dry run writes nothing at all and says what would be read', async () => {
    const f = await filled()
    appendFileSync(f.path('a/one'), ' more')
    writeFileSync(f.path('new'), 'new file')
    f.driver.calls.length = 0
    const dry = await f.backup({ options: { dryRun: true } })
    expect(dry).toMatchObject({ point: undefined, filesNew: 1, filesChanged: 1, bytesRead: 16, bytesStored: 16 })
    expect(f.driver.calls.filter(({ method }) => method === 'put' || method === 'remove')).toEqual([])
    expect(await f.backup()).toMatchObject({ filesNew: 1, filesChanged: 1 })
  })

  test('a dry run of what was never backed up reads nothing and writes nothing', async () => {
    const f = await EngineFixture.create()
    fill(f)
    f.driver.calls.length = 0
    expect(await f.backup({ options: { dryRun: true } })).toMatchObject({ type: 'full', filesNew: 54 })
    expect(f.driver.calls.filter(({ method }) => method === 'put')).toEqual([])
  })
})

describe('deduplication', () => {
  test('equal files are stored once, also when two threads read them at once', async () => {
    const f = await EngineFixture.create()
    const bytes = patternBytes(400_000, 9)
    for (let i = 0; i < 40; i++) writeFileSync(f.path(`copy${i}`), bytes)
    const made = await f.backup()
    expect(made.bytesRead).toBe(40 * 400_000)
    expect(made.bytesStored).toBeLessThan(2 * 400_000)
    await expectWhole(f)
  })

  test('a large file that moved by a few bytes shares nearly all its chunks', async () => {
    const f = await EngineFixture.create()
    const bytes = patternBytes(24 << 20, 11)
    writeFileSync(f.path('large'), bytes)
    await f.backup()
    writeFileSync(f.path('shifted'), Buffer.concat([Buffer.from('a few bytes more'), bytes]))
    const shifted = await f.backup()
    expect(shifted.bytesStored).toBeLessThan(4 << 20)
    await expectWhole(f)
  })

  test('a file over 16 MiB goes through all threads and comes back byte by byte', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('large'), patternBytes(40_000_001, 3))
    writeFileSync(f.path('text'), 'all work and no play\n'.repeat(1_200_000))
    writeFileSync(f.path('middle'), patternBytes(9_000_000, 4))
    const made = await f.backup()
    expect(made.bytesRead).toBe(40_000_001 + 25_200_000 + 9_000_000)
    await expectWhole(f)
    appendFileSync(f.path('large'), 'the end')
    expect((await f.backup()).bytesStored).toBeLessThan(3 << 20)
    await expectWhole(f)
  })

  test('as many tiny files as a frame takes, and a larger one behind them', async () => {
    const f = await EngineFixture.create(new MemoryDriver(), memoryFolder())
    for (let i = 0; i < 8192; i++) writeFileSync(f.path(`f${i}`), `${i}`)
    writeFileSync(f.path('g'), patternBytes(600_000, 1))
    // One thread, so that all of them meet in one frame.
    await using workers = new WorkerPool({ threads: 1 })
    await f.backup({ context: { workers } })
    await expectWhole(f)
  })
})

describe('where the local base is lost', () => {
  test('the next point is incremental, out of the trees, and no unchanged content is read', async () => {
    const f = await filled()
    await f.loseCache()
    appendFileSync(f.path('a/one'), ' more')
    const next = await f.backup()
    expect(next).toMatchObject({ type: 'incremental', bytesRead: 8, filesChanged: 1, filesUnchanged: 53 })
    await expectWhole(f)
    expect(await f.backup()).toMatchObject({ filesUnchanged: 54, ...nothing })
    expect((await f.repository.chain({ reload: true })).chains()).toHaveLength(1)
  })

  test.each(['garbage', '{"version":99,"chain":"x","bases":[]}', 'null', '[]'])(
    'a base that is %s counts as none',
    async (text) => {
      const f = await filled()
      f.openCache().write(`bases-${sourceKey(f.directories())}`, [Buffer.from(text)])
      await f.reopen()
      expect(await f.backup()).toMatchObject({ type: 'incremental', filesUnchanged: 54, bytesRead: 0 })
      await expectWhole(f)
    },
  )

  test('a table that is no table counts as none', async () => {
    const f = await filled()
    for (const { name } of f.openCache().list('table-')) f.openCache().write(name, [Buffer.from('no table')])
    expect(await f.backup()).toMatchObject({ type: 'incremental', filesUnchanged: 54, bytesRead: 0 })
    await expectWhole(f)
  })

  test('a base of an older point than the last is not taken for the last', async () => {
    const f = await filled()
    const cache = f.openCache()
    const kept = cache.list().map(({ name }) => [name, cache.read(name)!] as const)
    writeFileSync(f.path('a/one'), 'changed')
    await f.backup()
    writeFileSync(f.path('a/b/two'), 'changed, too')
    // As if the cache came back from a backup of its own.
    for (const [name, bytes] of kept) cache.write(name, [bytes])
    await f.reopen()
    const third = await f.backup()
    expect(third).toMatchObject({ type: 'incremental', filesChanged: 1 })
    await expectWhole(f)
  })
})

test('this machine keeps the last three points and the last full one as bases, and nothing of runs that left a table behind', async () => {
  const f = await EngineFixture.create()
  const key = sourceKey(f.directories())
  const made: PointId[] = []
  for (let i = 0; i < 6; i++) {
    writeFileSync(f.path('file'), `${i}`)
    made.push(present((await f.backup({ options: { full: i === 1 } })).point, 'a point'))
  }
  const roles = readBases(f.openCache(), key)?.bases.map(({ role, point }) => [role, made.indexOf(point)])
  expect(roles).toEqual([
    ['current-state', 5],
    ['current-parent', 4],
    ['last-parent', 3],
    ['root', 1],
  ])
  const tables = (): string[] =>
    f
      .openCache()
      .list('table-')
      .map(({ name }) => name)
  expect(tables()).toHaveLength(4)

  const table = EntryTable.decode(present(f.openCache().read(tables()[0] ?? ''), 'a table'))
  const left = writeTable(f.openCache(), key, present(table, 'a table'))
  await f.backup()
  expect(tables()).toContain(left)
  f.clock = { ...f.clock, nowMs: () => Date.now() + 2 * 86_400_000 }
  await f.backup()
  expect(tables()).not.toContain(left)
})

describe('chains', () => {
  test('follow the sources: another folder, another chain; another order, the same', async () => {
    const f = await EngineFixture.create()
    fill(f)
    const roots = [byteStringOf(f.path('a')), byteStringOf(f.path('c'))]
    const first = await f.backup({ pass: { roots } })
    const second = await f.backup({ pass: { roots: [...roots].reverse() } })
    const other = await f.backup({ pass: { roots: [byteStringOf(f.path('a'))] } })
    expect(second.chain).toBe(first.chain)
    expect(second).toMatchObject({ parent: first.point, filesUnchanged: 54 })
    expect(other.chain).not.toBe(first.chain)
    expect(other.type).toBe('full')
  })

  test('go on although the clock was set back', async () => {
    const f = await filled()
    const day = 86_400_000
    f.clock = { ...aheadClock, nowMs: () => Date.now() - 3 * day }
    writeFileSync(f.path('a/one'), 'changed')
    const next = await f.backup()
    expect(next).toMatchObject({ type: 'incremental', filesChanged: 1 })
    writeFileSync(f.path('a/one'), 'changes')
    expect(await f.backup()).toMatchObject({ filesChanged: 1 })
    const { points, alarms } = await f.repository.chain({ reload: true })
    expect(points.map(({ record }) => record.sequence)).toEqual([1, 2, 3])
    expect(alarms).toEqual([])
    await expectWhole(f)
  })

  test('two backups of one source at once both make their point', async () => {
    const f = await filled()
    appendFileSync(f.path('a/one'), ' more')
    const both = await Promise.all([f.backup(), f.backup()])
    expect(both[0]?.point).not.toBe(both[1]?.point)
    await f.reopen()
    const { points, alarms } = await f.repository.chain({ reload: true })
    expect(points).toHaveLength(3)
    expect(alarms).toEqual([])
    for (const { point } of both) expect(await pointLines(await f.view(point), f.source)).toEqual(diskLines(f.source))
    const next = await f.backup()
    expect(next).toMatchObject({ type: 'incremental', filesUnchanged: 54, bytesRead: 0 })
    await expectWhole(f)
  })

  test('changed rules list everything again, and leave out and take back what they say', async () => {
    const f = await filled()
    const rules = { patterns: ['f1*', 'b/'], excludeCaches: false, excludeIfPresent: [] }
    const less = await f.backup({ pass: { rules } })
    expect(less.skipped.get('excluded')).toBe(12)
    expect(less).toMatchObject({ type: 'incremental', filesRemoved: 13, bytesRead: 0 })
    const lines = await pointLines(await f.view(), f.source)
    expect(lines.some((line) => line.startsWith('c/f1') || line.startsWith('a/b'))).toBe(false)
    const same = await f.backup({ pass: { rules } })
    expect(same.skipped.get('excluded')).toBe(12)
    expect(same).toMatchObject(nothing)
    expect(await f.backup()).toMatchObject({ filesNew: 13 })
    await expectWhole(f)
  })
})

test('names of one file stay names of one file', async () => {
  const f = await EngineFixture.create()
  mkdirSync(f.path('d'))
  writeFileSync(f.path('one'), 'linked')
  linkSync(f.path('one'), f.path('d/two'))
  writeFileSync(f.path('alone'), 'linked')
  await f.backup()
  const view = await f.view()
  const link = async (path: string): Promise<unknown> => (await view.lookup(byteStringOf(f.path(path))))?.link
  expect(await link('one')).toMatchObject({ count: 2 })
  expect(await link('d/two')).toEqual(await link('one'))
  expect(await link('alone')).toBeUndefined()
  // A third name changes the count of all.
  linkSync(f.path('one'), f.path('d/three'))
  await f.backup()
  const later = await f.view()
  for (const path of ['one', 'd/two', 'd/three']) {
    expect((await later.lookup(byteStringOf(f.path(path))))?.link).toMatchObject({ count: 3 })
  }
})

test('holes are kept, also where content is large', async () => {
  const f = await EngineFixture.create()
  const path = f.path('sparse')
  execFileSync('truncate', ['-s', '30M', path])
  execFileSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=4096', 'seek=100', 'count=3', 'conv=notrunc', 'status=none'])
  execFileSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1M', 'seek=20', 'count=2', 'conv=notrunc', 'status=none'])
  execFileSync('truncate', ['-s', '20G', f.path('empty')])
  const made = await f.backup()
  expect(made.bytesRead).toBe((2 << 20) + 3 * 4096)
  const view = await f.view()
  const entry = await view.lookup(byteStringOf(path))
  expect(entry).toMatchObject({ size: 30 << 20, holes: [{ offset: 0 }, {}, {}] })
  expect((await pointFile(view, path)).equals(readFileSync(path))).toBe(true)
  expect(await view.lookup(byteStringOf(f.path('empty')))).toMatchObject({ size: 20 * 2 ** 30 })
})

test('files whose path is longer than a system call takes are read, small and large', async () => {
  const f = await EngineFixture.create()
  const name = 'd'.repeat(200)
  const script = `for i in $(seq 30); do mkdir ${name}; cd -P ${name}; done; echo deep > small; head -c 17000000 /dev/urandom > large; sha256sum < large`
  const sum = execFileSync('bash', ['-c', script], { cwd: f.source, encoding: 'utf8' }).slice(0, 64)
  const made = await f.backup()
  expect(made.told).toEqual([])
  const view = await f.view()
  const folder = f.path(...Array<string>(30).fill(name))
  expect((await pointFile(view, join(folder, 'small'))).toString()).toBe('deep\n')
  const large = await pointFile(view, join(folder, 'large'))
  expect(createHash('sha256').update(large).digest('hex')).toBe(sum)
  expect(await f.backup()).toMatchObject(nothing)
})
