import { execFileSync } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { openDirectory } from '../../../src/base/posix/directory.ts'
import { statusAt } from '../../../src/base/posix/statx.ts'
import type { RestoreProgress } from '../../../src/engine/restore-types.ts'
import type { DriverCapabilities } from '../../../src/storage/driver.ts'
import { diskTree, modeOf, xattrsOf } from '../../support/disk.ts'
import { FaultyDriver } from '../../support/faulty-driver.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { RestoreFixture, closePool } from '../../support/restore-fixture.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { fileEntry, symlinkEntry } from '../../support/tree-entries.ts'

afterAll(closePool)

const path = (...parts: string[]): ByteString => byteStringOf(join(...parts))
const time = (seconds: number, nanoseconds = 0): { seconds: number; nanoseconds: number } => ({ seconds, nanoseconds })

/** A store elsewhere that says what a call costs. */
class FarDriver extends MemoryDriver {
  override readonly capabilities: DriverCapabilities

  constructor(cheapCalls: boolean) {
    super()
    this.capabilities = { exclusivePut: true, persistent: false, concurrency: 64, cheapCalls }
  }
}

describe('a restore into an empty target', () => {
  test.each(['memory', 'local'])('brings back files of all sizes from a %s store', async (store) => {
    const driver = store === 'local' ? await openLocalDriver({ root: temporaryFolder() }) : undefined
    const f = await RestoreFixture.create(driver)
    const sizes = [0, 1, 4096, 524_288, 524_289, 3_000_000, 9_000_001]
    const contents = sizes.map((size) => patternBytes(size, size))
    const many = Array.from({ length: 300 }, (_, i) => f.file(`f${i}`, `content ${i}`))
    await f.open([
      f.dir(
        'sizes',
        contents.map((bytes, i) => f.file(`s${i}`, bytes)),
      ),
      f.dir('many', many),
    ])
    const target = join(temporaryFolder(), 'new/target')
    const summary = await f.restore({ target: path(target), verify: true })
    expect(summary.failures).toEqual([])
    expect(summary.filesVerified).toBe(307)
    expect(summary.actions.create.entries).toBe(309)
    contents.forEach((bytes, i) =>
      expect(readFileSync(join(target, 'sizes', `s${i}`)).equals(bytes), `${i}`).toBe(true),
    )
    for (let i = 0; i < 300; i++) expect(readFileSync(join(target, 'many', `f${i}`), 'utf8')).toBe(`content ${i}`)
  })

  test.each([
    { calls: 'cost something', cheapCalls: false, bytesAtOnce: 'nine megabytes', requests: 2 },
    { calls: 'are cheap', cheapCalls: true, bytesAtOnce: 'the three that a thread decodes', requests: 4 },
  ])('asks a store elsewhere, where calls $calls, for $bytesAtOnce at once', async ({ cheapCalls, requests }) => {
    const driver = new FaultyDriver(new FarDriver(cheapCalls))
    const f = await RestoreFixture.create(driver)
    // Twelve megabytes that do not compress.
    await f.open(Array.from({ length: 12 }, (_, i) => f.file(`f${i}`, patternBytes(1 << 20, i))))
    const target = temporaryFolder()
    expect((await f.restore({ target: path(target), verify: true })).failures).toEqual([])
    for (let i = 0; i < 12; i++) expect(readFileSync(join(target, `f${i}`)).equals(patternBytes(1 << 20, i))).toBe(true)
    expect(driver.calls.filter(({ method, id }) => method === 'get' && id === f.dataPacks[0]!.id)).toHaveLength(
      requests,
    )
  })

  test('brings back more files than are planned at once, with content that many of them share', async () => {
    const f = await RestoreFixture.create()
    const contentOf = (i: number): string => (i % 7 === 0 ? 'the same' : `content ${i}`)
    const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)
    const files = (from: number, count: number): ReturnType<typeof f.file>[] =>
      range(from, count).map((i) => f.file(`f${i}`, contentOf(i), { mtime: time(i) }))
    const small = range(0, 300).map((i) => f.dir(`d${i}`, files(10_000 + 3 * i, 3), { mtime: time(i) }))
    await f.open([f.dir('flat', files(0, 4500)), f.dir('many', small)])
    const target = temporaryFolder()
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures).toEqual([])
    expect(summary.actions.create.entries).toBe(4500 + 300 * 4 + 2)
    for (const i of range(0, 4500)) {
      const file = join(target, 'flat', `f${i}`)
      if (readFileSync(file, 'utf8') !== contentOf(i) || statSync(file).mtimeMs !== i * 1000) expect.fail(file)
    }
    for (const i of range(0, 300)) {
      expect(statSync(join(target, 'many', `d${i}`)).mtimeMs).toBe(i * 1000)
      const last = 10_002 + 3 * i
      expect(readFileSync(join(target, 'many', `d${i}`, `f${last}`), 'utf8')).toBe(contentOf(last))
    }
    const again = await f.restore({ target: path(target) })
    expect(again.actions).toMatchObject({ create: { entries: 0 }, overwrite: { entries: 0 }, keep: { entries: 0 } })
  })

  test('brings back modes, times and directories that nobody may write', async () => {
    const f = await RestoreFixture.create()
    const times = [time(0), time(-1, 500), time(-946_080_000, 999_999_999), time(4_000_000_000, 7)]
    const files = times.map((mtime, i) => f.file(`t${i}`, 'x', { mtime, mode: 0o400 + i }))
    await f.open([f.dir('d', files, { mode: 0o500, mtime: time(1_234_567_890, 123) })])
    const target = temporaryFolder()
    expect((await f.restore({ target: path(target) })).failures).toEqual([])
    const fd = openDirectory(path(target, 'd'))
    times.forEach((mtime, i) => {
      expect(statusAt(fd, byteStringOf(`t${i}`))).toMatchObject({ mtime, mode: 0o400 + i })
    })
    expect(statusAt(fd, '' as ByteString)).toMatchObject({ mtime: time(1_234_567_890, 123), mode: 0o500 })
    closeDescriptor(fd)
  })

  test('keeps holes, in files of one job and of several', async () => {
    const f = await RestoreFixture.create()
    const bytes = Buffer.alloc(32 << 20)
    const holes = [
      { offset: 1000, length: 999_000 },
      { offset: 6_000_000, length: bytes.byteLength - 6_000_000 },
    ]
    patternBytes(6_000_000, 3).forEach((byte, i) => (bytes[i] = byte))
    for (const { offset, length } of holes) bytes.fill(0, offset, offset + length)
    const all = [{ offset: 0, length: 8 << 20 }]
    await f.open([f.file('big', bytes, { holes }), f.file('all', Buffer.alloc(8 << 20), { holes: all })])
    const target = temporaryFolder()
    expect((await f.restore({ target: path(target), verify: true })).failures).toEqual([])
    expect(readFileSync(join(target, 'big')).equals(bytes)).toBe(true)
    expect(statSync(join(target, 'big')).blocks * 512).toBeLessThan(6_000_000)
    expect(statSync(join(target, 'all'))).toMatchObject({ size: 8 << 20, blocks: 0 })
  })

  test('joins the names of one file, of links and pipes, too', async () => {
    const f = await RestoreFixture.create()
    const link = { group: '12345678' as ByteString, count: 9 }
    const other = { group: 'abcdefgh' as ByteString, count: 2 }
    const [a, b, c] = ['a', 'b', 'c'].map((name) => f.file(name, patternBytes(3_000_000, 1), { link }))
    const links = ['l', 'm'].map((name) => symlinkEntry(name, 'x', { link: other }))
    await f.open([a!, b!, f.dir('d', [c!]), ...links])
    const target = temporaryFolder()
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures).toEqual([])
    expect(summary.bytesWritten).toBe(3_000_000)
    const inodes = ['a', 'b', 'd/c'].map((name) => lstatSync(join(target, name)).ino)
    expect(new Set(inodes).size).toBe(1)
    expect(lstatSync(join(target, 'l')).ino).toBe(lstatSync(join(target, 'm')).ino)
    expect((await f.plan({ target: path(target) })).every((line) => line.startsWith('unchanged'))).toBe(true)
  })

  rootTest('brings back everything that only root can make', async () => {
    const f = await RestoreFixture.create()
    const base = { ...fileEntry('x'), name: undefined }
    const node = {
      mode: 0o640,
      uid: 7,
      gid: 8,
      mtime: base.mtime,
      ctime: base.ctime,
      birth: undefined,
      xattrs: [],
      flags: 0,
      link: undefined,
    }
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
    await f.open([
      { ...node, kind: 'char', name: byteStringOf('null'), major: 1, minor: 3 },
      { ...node, kind: 'block', name: byteStringOf('disk'), major: 7, minor: 200 },
      { ...node, kind: 'fifo', name: byteStringOf('fifo') },
      { ...node, kind: 'socket', name: byteStringOf('socket') },
      f.file('suid', 'x', { mode: 0o6755, uid: 1234, gid: 4321 }),
      f.file('capable', 'x', {
        mode: 0o755,
        uid: 12,
        xattrs: [{ name: byteStringOf('security.capability'), value: capability }],
      }),
      f.file('tagged', 'x', {
        mode: 0o444,
        xattrs: [{ name: byteStringOf('user.note'), value: Buffer.from('hello') }],
      }),
      f.file('nodump', 'x', { flags: 0x40 }),
      symlinkEntry('link', '/nowhere', { uid: 4_000_000_000, gid: 5 }),
    ])
    const target = temporaryFolder()
    const summary = await f.restore({ target: path(target), verify: true })
    expect(summary.failures).toEqual([])
    expect(lstatSync(join(target, 'null')).isCharacterDevice()).toBe(true)
    const fd = openDirectory(path(target))
    expect(statusAt(fd, byteStringOf('disk'))).toMatchObject({
      kind: 'block',
      rdevMajor: 7,
      rdevMinor: 200,
      uid: 7,
      gid: 8,
      mode: 0o640,
    })
    expect(statusAt(fd, byteStringOf('fifo')).kind).toBe('fifo')
    expect(statusAt(fd, byteStringOf('socket')).kind).toBe('socket')
    expect(statusAt(fd, byteStringOf('suid'))).toMatchObject({ mode: 0o6755, uid: 1234, gid: 4321 })
    expect(statusAt(fd, byteStringOf('link'))).toMatchObject({ kind: 'symlink', uid: 4_000_000_000 })
    expect(xattrsOf(fd, 'capable')).toEqual({ 'security.capability': capability.toString('hex') })
    expect(xattrsOf(fd, 'tagged')).toEqual({ 'user.note': Buffer.from('hello').toString('hex') })
    expect(modeOf(join(target, 'tagged'))).toBe(0o444)
    closeDescriptor(fd)
  })

  test('gives files to the user of the same name, unless told to go by number', async () => {
    const f = await RestoreFixture.create()
    const tree = f.tree([f.file('a', 'x', { uid: 999_999, gid: 999_998 })], {
      users: new Map([[999_999, 'root']]),
      groups: new Map([[999_998, 'no such group here']]),
    })
    await f.open(tree)
    const folder = temporaryFolder()
    await f.restore({ target: path(folder, 'names') })
    await f.restore({ target: path(folder, 'numbers'), numericIds: true })
    const isRoot = process.geteuid?.() === 0
    expect(lstatSync(join(folder, 'names/a'))).toMatchObject(isRoot ? { uid: 0, gid: 999_998 } : {})
    expect(lstatSync(join(folder, 'numbers/a'))).toMatchObject(isRoot ? { uid: 999_999, gid: 999_998 } : {})
  })

  rootTest('does not take over the group and access list that the target would give', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x', { mode: 0o640 }), f.dir('d', [f.file('b', 'x', { mode: 0o604 })], { mode: 0o705 })])
    const target = temporaryFolder()
    execFileSync('chown', ['0:77', target])
    execFileSync('chmod', ['2770', target])
    execFileSync('setfacl', ['-d', '-m', 'u:1234:rwx', target])
    expect((await f.restore({ target: path(target) })).failures).toEqual([])
    const fd = openDirectory(path(target))
    for (const [name, mode] of [
      ['a', 0o640],
      ['d', 0o705],
    ] as const) {
      expect(statusAt(fd, byteStringOf(name)), name).toMatchObject({ gid: 0, mode })
      expect(xattrsOf(fd, name), name).toEqual({})
    }
    expect(modeOf(join(target, 'd/b'))).toBe(0o604)
    closeDescriptor(fd)
  })

  test('restores one folder or one file of the point', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.dir('home', [f.dir('me', [f.file('a', 'A'), f.file('b', 'B')], { mode: 0o750 })])])
    const target = temporaryFolder()
    await f.restore({ target: path(target, 'folder'), path: path('/home/me') })
    await f.restore({ target: path(target, 'file'), path: path('/home/me/b') })
    expect(diskTree(target)).toEqual(['file/', 'file/b: B', 'folder/', 'folder/a: A', 'folder/b: B'])
    expect(modeOf(join(target, 'folder'))).toBe(0o750)
    await expect(f.restore({ target: path(target), path: path('/home/you') })).rejects.toMatchObject({
      code: 'UNKNOWN_PATH',
    })
  })
})

describe('patterns', () => {
  test('restore only what is included, with the directories that it needs, and nothing that is excluded', async () => {
    const f = await RestoreFixture.create()
    await f.open([
      f.dir('a', [f.dir('deep', [f.file('x.txt', '1'), f.file('x.log', '2')], { mode: 0o711 }), f.file('y', '3')]),
      f.dir('b', [f.file('z', '4')]),
      f.dir('keep', [f.file('all', '5'), f.dir('not', [f.file('this', '6')])]),
    ])
    const target = temporaryFolder()
    const options = { target: path(target), include: ['*.txt', '/keep'], exclude: ['not'] }
    expect(await f.plan(options)).toEqual([
      'create /keep',
      'create /a',
      'create /a/deep',
      'create /a/deep/x.txt',
      'create /keep/all',
    ])
    await f.restore(options)
    expect(diskTree(target)).toEqual(['a/', 'a/deep/', 'a/deep/x.txt: 1', 'keep/', 'keep/all: 5'])
    expect(modeOf(join(target, 'a/deep'))).toBe(0o711)
  })

  test('that are none are refused before anything is written', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x')])
    const target = temporaryFolder()
    await expect(f.restore({ target: path(target), include: ['[a'] })).rejects.toMatchObject({ code: 'BAD_PATTERN' })
    expect(diskTree(target)).toEqual([])
  })
})

test('progress moves while a large file is being written', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('large', patternBytes(24 << 20, 1))])
  const seen: RestoreProgress[] = []
  const events = { progress: (progress: RestoreProgress) => seen.push(progress) }
  const clock = { ...systemClock, monotonicMs: () => performance.now() * 1000 }
  await f.restore({ target: path(temporaryFolder()) }, { events, clock })
  const within = seen.filter(({ bytesDone }) => bytesDone > 0 && bytesDone < 24 << 20)
  expect(within.length).toBeGreaterThan(2)
  expect(within.every(({ planned, bytesTotal }) => planned && bytesTotal === 24 << 20)).toBe(true)
  expect(seen.at(-1)).toMatchObject({ bytesDone: 24 << 20, entriesDone: 1 })
})

test('an interrupted restore goes on where it stopped', async () => {
  const f = await RestoreFixture.create()
  const files = Array.from({ length: 40 }, (_, i) => f.file(`f${i}`, patternBytes(1_200_000, i)))
  await f.open([f.dir('d', files)])
  const target = temporaryFolder()
  const controller = new AbortController()
  const reason = new Error('interrupted')
  const events = { progress: () => controller.abort(reason) }
  await expect(f.restore({ target: path(target) }, { events, signal: controller.signal })).rejects.toBe(reason)
  const again = await f.restore({ target: path(target), verify: true })
  expect(again.failures).toEqual([])
  for (let i = 0; i < 40; i++)
    expect(readFileSync(join(target, 'd', `f${i}`)).equals(patternBytes(1_200_000, i))).toBe(true)
  expect((await f.restore({ target: path(target) })).bytesWritten).toBe(0)
})

test('verifying notices what a failing disk made of a file', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('a', patternBytes(2_000_000, 1)), f.file('b', 'fine')])
  const target = temporaryFolder()
  let isDone = false
  const events = {
    progress: (): void => {
      // Between writing and reading back.
      if (isDone) return
      isDone = true
      truncateSync(join(target, 'a'), 1_999_999)
    },
  }
  mkdirSync(target, { recursive: true })
  const summary = await f.restore(
    { target: path(target), verify: true },
    { events, clock: { nowMs: () => 0, monotonicMs: slowClock() } },
  )
  expect(summary.failures).toMatchObject([{ path: path(target, 'a'), error: { code: 'ID_MISMATCH' } }])
  expect(summary.filesVerified).toBe(1)
})

describe('verifying what is there already', () => {
  const size = 9_000_000
  const holes = [{ offset: 100_000, length: 8_000_000 }]
  const sparse = Buffer.from(patternBytes(size, 1)).fill(0, 100_000, 8_100_000)

  /** Overwrites bytes of a file without a trace in its size and time. */
  function damage(file: string, at: number): void {
    const { mtime } = statSync(file)
    const fd = openSync(file, 'r+')
    writeSync(fd, Buffer.from([1]), 0, 1, at)
    closeSync(fd)
    utimesSync(file, mtime, mtime)
  }

  async function restored(): Promise<{ f: RestoreFixture; target: string }> {
    const f = await RestoreFixture.create()
    // Times of whole seconds, which `utimesSync` gives back as they were.
    const mtime = time(1_500_000_000)
    await f.open([
      ...['good', 'bad', 'other'].map((name) => f.file(name, `content of ${name}`, { mtime })),
      f.file('large', patternBytes(size, 2), { mtime }),
      f.file('sparse', sparse, { mtime, holes }),
    ])
    const target = temporaryFolder()
    await f.restore({ target: path(target) })
    return { f, target }
  }

  test('reads files that look unchanged, too, and names those that are not', async () => {
    const { f, target } = await restored()
    damage(join(target, 'bad'), 3)
    damage(join(target, 'large'), size - 1)
    damage(join(target, 'sparse'), 7_000_000)
    writeFileSync(join(target, 'other'), 'left alone')
    const { actions, failures, filesVerified } = await f.restore({
      target: path(target),
      overwrite: 'never',
      verify: true,
    })
    expect(failures.map(({ path }) => basename(path)).sort()).toEqual(['bad', 'large', 'sparse'])
    for (const { error } of failures) expect(error).toMatchObject({ code: 'ID_MISMATCH' })
    expect(failures[0]!.error.message).toMatch(/its content differs \(--overwrite always restores it\)$/)
    expect(filesVerified).toBe(1)
    expect(actions).toMatchObject({ unchanged: { entries: 1 }, keep: { entries: 1 } })
    const trusting = await f.restore({ target: path(target), verify: true, trustUnchanged: true })
    expect(trusting.failures).toEqual([])
    const mended = await f.restore({ target: path(target), overwrite: 'always', verify: true })
    expect(mended).toMatchObject({ failures: [], filesVerified: 5 })
    expect(readFileSync(join(target, 'sparse')).equals(sparse)).toBe(true)
  })

  test('tells how far it is, bytes that were written twice', async () => {
    const { f, target } = await restored()
    rmSync(join(target, 'large'))
    const seen: RestoreProgress[] = []
    await f.restore(
      { target: path(target), verify: true },
      { events: { progress: (one) => seen.push(one) }, clock: { nowMs: () => 0, monotonicMs: slowClock() } },
    )
    const words = 'content of good'.length + 'content of bad'.length + 'content of other'.length
    const last = seen.at(-1)
    expect(last.bytesTotal).toBe(words + 3 * size)
    expect(last.bytesDone).toBe(last.bytesTotal)
    const share = seen.filter(({ planned }) => planned).map(({ bytesDone }) => bytesDone)
    expect(share).toEqual([...share].sort((a, b) => a - b))
    // A large file is read in parts.
    expect(new Set(share.filter((bytes) => bytes > words + size)).size).toBeGreaterThan(2)
  })
})

/** Every look at it is a second later, so that no progress goes unreported. */
function slowClock(): () => number {
  let now = 0
  return () => (now += 1000)
}
