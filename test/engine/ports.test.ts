import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { Change, Source } from '../../src/engine/source.ts'
import { streamSource } from '../../src/engine/sources/stream-source.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import { EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { applicationSource } from '../support/application-source.ts'
import { listIds } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointFile, pointLines } from '../support/point-content.ts'
import { closeRealms, twoRealms } from '../support/two-realms.ts'

afterAll(closeSharedPool)
afterAll(closeRealms)

const never = { seconds: 1_000_000, nanoseconds: 5 }

/** A source of changes alone, as the list gives them. */
function changesSource(kind: string, changes: readonly Change[]): Source {
  async function* list(): AsyncGenerator<Change> {
    yield* changes
  }
  return {
    kind,
    identity: ['bucket'],
    labels: [byteStringOf('bucket')],
    read: (run) => run.pass('objects', { kind: 'changes', changes: list() }),
  }
}

function put(path: string, content: string): Change {
  async function* open(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(content)
  }
  return { kind: 'put', path: byteStringOf(path), modified: never, open }
}

const remove = (path: string): Change => ({ kind: 'delete', path: byteStringOf(path) })
const upsert = (path: string, from: string): Change => ({
  kind: 'upsert',
  path: byteStringOf(path),
  from: byteStringOf(from),
})

/** Returns all files of the newest point with their content. */
async function files(f: EngineFixture): Promise<Record<string, string>> {
  await f.reopen()
  const view = await f.view()
  const found: Record<string, string> = {}
  for await (const { path, entry } of view.walk(byteStringOf('/'), view.root)) {
    if (entry.kind === 'file') found[path] = (await pointFile(view, path)).toString()
  }
  return found
}

describe('an application with two passes, a stream and a journal', () => {
  test('makes one point of what the last pass saw, and is settled', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 40; i++) writeFileSync(f.path(`f${i}`), `file ${i}`)
    writeFileSync(f.path('big'), patternBytes(2_000_000, 3))
    const noted: unknown[] = []
    const journal = {
      begin: async (entry: unknown) => {
        noted.push(entry)
        return async () => void noted.push('settled')
      },
    }
    const source = applicationSource(f.source, {
      between: async () => {
        appendFileSync(f.path('f1'), ', changed between the passes')
        rmSync(f.path('f2'))
        writeFileSync(f.path('f99'), 'new')
      },
    })
    const made = await f.backup({ source, context: { journal } })
    expect(noted).toEqual([{ source: 'application', fields: { folder: f.source } }, 'settled'])
    expect(existsSync(f.path('.maintenance'))).toBe(false)
    // The second pass read what changed and no more.
    const dumped = 16 + 15 * 100_000
    expect(made.bytesRead).toBeLessThan(2_000_000 + 310 + dumped + 200)
    expect((await f.repository.chain({ reload: true })).points).toHaveLength(1)
    await f.reopen()
    const view = await f.view()
    const lines = (await pointLines(view, f.source)).filter((line) => !line.startsWith('.'))
    expect(lines).toEqual(diskLines(f.source))
    expect((await pointFile(view, '/database/dump.sql')).byteLength).toBe(dumped)
    const again = await f.backup({ source: applicationSource(f.source) })
    expect(again).toMatchObject({ type: 'incremental', parent: made.point })
  })

  test('is settled when it fails, too', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('file'), 'x')
    const source = applicationSource(f.source, {
      between: async () => {
        throw new Error('the application went away')
      },
    })
    await expect(f.backup({ source })).rejects.toThrow('the application went away')
    expect(existsSync(f.path('.maintenance'))).toBe(false)
    expect(await listIds(f.driver, 'runs')).toEqual([])
    expect(await listIds(f.driver, 'points')).toEqual([])
  })
})

describe('a list of changes', () => {
  test('goes on from the parent point, whatever the source is called', async () => {
    const f = await EngineFixture.create()
    mkdirSync(f.path('d'))
    writeFileSync(f.path('d/x'), 'from disk')
    const first = [put('/a/one', '1'), put('/a/two', '2'), put('/b/three', '3'), upsert('/disk', f.path('d'))]
    await f.backup({ source: changesSource('bucket', first) })
    expect(await files(f)).toEqual({ '/a/one': '1', '/a/two': '2', '/b/three': '3', '/disk/x': 'from disk' })
    const second = [remove('/a/two'), put('/a/four', '4'), remove('/b'), upsert('/gone', f.path('gone'))]
    const made = await f.backup({ source: changesSource('bucket', second) })
    expect(made.type).toBe('incremental')
    expect(await files(f)).toEqual({ '/a/one': '1', '/a/four': '4', '/disk/x': 'from disk' })
  })

  test('is counted by what it comes to, with all that stays', async () => {
    const f = await EngineFixture.create()
    mkdirSync(f.path('d/sub'), { recursive: true })
    for (const name of ['x', 'y', 'sub/z']) writeFileSync(f.path('d', name), name)
    const first = [put('/a/one', '1'), put('/a/two', '22'), put('/b/three', '333'), upsert('/disk', f.path('d'))]
    expect(await f.backup({ source: changesSource('bucket', first) })).toMatchObject({
      filesNew: 6,
      filesChanged: 0,
      filesUnchanged: 0,
      filesRemoved: 0,
      dirs: 4,
      others: 0,
      bytes: 1 + 2 + 3 + 1 + 1 + 5,
    })
    appendFileSync(f.path('d/x'), ' changed')
    symlinkSync('x', f.path('d/link'))
    const second = [
      remove('/b'),
      remove('/never/was'),
      put('/a/one', '1'),
      put('/a/two', 'other'),
      put('/a/new', 'soon gone'),
      remove('/a/new'),
      put('/new', 'n'),
      upsert('/disk', f.path('d')),
    ]
    const made = await f.backup({ source: changesSource('bucket', second) })
    expect(made).toMatchObject({
      filesNew: 1,
      filesChanged: 2,
      filesUnchanged: 3,
      filesRemoved: 1,
      dirs: 3,
      others: 1,
      bytes: 1 + 5 + 1 + 9 + 1 + 5,
    })
    const none = await f.backup({ source: changesSource('bucket', []) })
    expect(none).toMatchObject({ filesNew: 0, filesChanged: 0, filesUnchanged: 6, filesRemoved: 0, bytes: made.bytes })
    const gone = await f.backup({ source: changesSource('bucket', [remove('/disk'), remove('/a')]) })
    expect(gone).toMatchObject({ filesUnchanged: 1, filesRemoved: 5, dirs: 0, others: 0, bytes: 1 })
  })

  test('behind a scan is counted against the parent point, too', async () => {
    const f = await EngineFixture.create()
    for (const name of ['a', 'b', 'c']) writeFileSync(f.path(name), name)
    const root = byteStringOf(f.source)
    const source = (changes: readonly Change[]): Source => ({
      kind: 'application',
      identity: ['application'],
      labels: [root],
      read: async (run) => {
        const rules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }
        await run.pass('files', { kind: 'scan', roots: [root], rules, crossFilesystems: false })
        await run.pass('files', { kind: 'changes', changes: Readable.from(changes) })
      },
    })
    expect(await f.backup({ source: source([put(f.path('more'), 'm')]) })).toMatchObject({
      filesNew: 4,
      filesRemoved: 0,
    })
    writeFileSync(f.path('new'), 'new')
    const changes = [
      put(f.path('more'), 'mm'),
      put(f.path('new'), 'newer'),
      put(f.path('a'), 'aa'),
      remove(f.path('b')),
    ]
    expect(await f.backup({ source: source(changes) })).toMatchObject({
      filesNew: 1,
      filesChanged: 2,
      filesUnchanged: 1,
      filesRemoved: 1,
      bytes: 2 + 5 + 2 + 1,
    })
  })

  test('is applied in its order', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('x'), 'from disk')
    const changes = [
      put('/a/one', 'first'),
      upsert('/a/two', f.path('x')),
      remove('/a'),
      put('/a/three', 'later'),
      upsert('/b', f.path('x')),
      put('/b', 'rather this'),
      put('/c', 'rather not'),
      upsert('/c', f.path('x')),
      remove('/never/was'),
    ]
    await f.backup({ source: changesSource('bucket', changes) })
    expect(await files(f)).toEqual({ '/a/three': 'later', '/b': 'rather this', '/c': 'from disk' })
  })

  test('of nothing is a point like its parent', async () => {
    const f = await EngineFixture.create()
    await f.backup({ source: changesSource('bucket', [put('/a', '1')]) })
    const made = await f.backup({ source: changesSource('bucket', []) })
    expect(made).toMatchObject({ type: 'incremental', bytesStored: 0 })
    expect(await files(f)).toEqual({ '/a': '1' })
  })
})

describe('a stream', () => {
  const stream = (open: () => AsyncIterable<Uint8Array>): Source =>
    streamSource({ path: byteStringOf('/dump'), label: byteStringOf('dump'), open })

  test('of many pieces is one file, and the next point holds the next stream alone', async () => {
    const f = await EngineFixture.create()
    const bytes = patternBytes(15_000_000, 8)
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.byteLength; at += 65_521) yield bytes.subarray(at, at + 65_521)
    }
    expect(await f.backup({ source: stream(pieces) })).toMatchObject({ bytesRead: 15_000_000, filesNew: 1 })
    await f.reopen()
    expect((await pointFile(await f.view(), '/dump')).equals(bytes)).toBe(true)
    async function* none(): AsyncGenerator<Uint8Array> {}
    expect(await f.backup({ source: stream(none) })).toMatchObject({ type: 'incremental', bytesRead: 0 })
    expect(await files(f)).toEqual({ '/dump': '' })
  })

  test('that breaks off makes no point, and the process goes on', async () => {
    const f = await EngineFixture.create()
    async function* broken(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 12; i++) yield patternBytes(4 << 20, i)
      throw new Error('the pipe broke')
    }
    await expect(f.backup({ source: stream(broken) })).rejects.toThrow('the pipe broke')
    expect(await listIds(f.driver, 'points')).toEqual([])
    // Every pack that was sent on the way is one that its index can open.
    async function* whole(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 12; i++) yield patternBytes(4 << 20, i)
    }
    await f.backup({ source: stream(whole) })
    await f.reopen()
    expect((await pointFile(await f.view(), '/dump')).byteLength).toBe(48 << 20)
  })

  test('is not read on when the store fails', async () => {
    const f = await EngineFixture.create()
    f.driver.fail({ method: 'put', kind: 'packs', when: 'before', lasting: true })
    let pieces = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (pieces < 200) yield patternBytes(1 << 20, pieces++)
    }
    await expect(f.backup({ source: stream(endless) })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(pieces).toBeLessThan(150)
  })
})

describe('two realms in one repository', () => {
  test('deduplicate apart, and neither set of keys reads the other’s', async () => {
    const { home, other, driver } = await twoRealms()
    const f = { folder: home.folder }
    const source = join(f.folder, 'shared')
    mkdirSync(source)
    writeFileSync(join(source, 'file'), patternBytes(400_000, 6))
    const mine = await home.backup(source)
    const theirs = await other.backup(source)
    expect(mine.bytesStored).toBeGreaterThan(400_000)
    expect(theirs.bytesStored).toBeGreaterThan(400_000)
    expect((await listIds(driver, 'points')).length).toBe(2)
    for (const [machine, made] of [
      [home, mine],
      [other, theirs],
    ] as const) {
      const repository = await machine.reopen()
      const { points, alarms } = await repository.chain()
      expect(alarms).toEqual([])
      expect(points.map(({ record }) => record.point)).toEqual([made.point])
      const view = openPointView(await repository.blobs(), points[0]!.record.parts)
      expect((await pointFile(view, join(source, 'file'))).byteLength).toBe(400_000)
    }
    // Each knows what the other's point is called and where it lies, and can do nothing with it.
    const foreign = (await other.reopen()).records
    const home2 = await home.reopen()
    for (const id of await listIds(driver, 'points')) {
      const opened = await Promise.allSettled([home2.records.get('points', id), foreign.get('points', id)])
      const failed = opened.filter(({ status }) => status === 'rejected')
      expect(failed).toMatchObject([{ reason: { code: 'WRONG_KEY' } }])
    }
    const [here, there] = [await home2.index(), await (await other.reopen()).index()]
    expect(here.packs.size).toBe(2)
    expect(there.packs.size).toBe(2)
  })

  test('a backup-only key goes on from its points without reading them', async () => {
    const { other, backupOnly, driver } = await twoRealms()
    const source = join(other.folder, 'source')
    mkdirSync(source)
    for (let i = 0; i < 5; i++) writeFileSync(join(source, `f${i}`), `file ${i}`)
    const first = await backupOnly.backup(source)
    appendFileSync(join(source, 'f1'), ' changed')
    const second = await backupOnly.backup(source)
    expect(second).toMatchObject({ type: 'incremental', parent: first.point, filesNew: 0, filesRemoved: 0 })
    expect(second.bytesStored).toBeLessThan(20_000)
    // The others in the changed folder are taken over, although nothing opens the trees that they stand in.
    expect(second.bytesRead).toBe('file 1 changed'.length)
    backupOnly.forget()
    const third = await backupOnly.backup(source)
    expect(third).toMatchObject({ parent: second.point })
    expect(third.bytesStored).toBeLessThan(20_000)
    const repository = await backupOnly.reopen()
    await expect(
      (async () => {
        const { points } = await repository.chain()
        const view = openPointView(await repository.blobs(), points[0]!.record.parts)
        return view.lookup(byteStringOf(join(source, 'f1')))
      })(),
    ).rejects.toMatchObject({ code: 'KEY_NOT_FULL' })
    // The realm's full keys do read it.
    const full = await other.reopen()
    const { points, alarms } = await full.chain()
    expect(alarms).toEqual([])
    const view = openPointView(await full.blobs(), points.at(-1)!.record.parts)
    expect((await pointFile(view, join(source, 'f1'))).toString()).toBe('file 1 changed')
    expect(await listIds(driver, 'runs')).toEqual([])
  })
})

test('200 idle repositories take little memory', () => {
  const script = new URL('./idle-repositories.ts', import.meta.url).pathname
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, '200'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const { open, residentMb } = JSON.parse(stdout) as { open: number; residentMb: number }
  expect(open).toBe(200)
  expect(residentMb).toBeLessThan(400)
})
