import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { errnoOf } from '../../../src/base/errors.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { openDirectory } from '../../../src/base/posix/directory.ts'
import { DirectoryHandles } from '../../../src/engine/restore/directory-handles.ts'
import { diskTree, modeOf } from '../../support/disk.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { RestoreFixture, closePool } from '../../support/restore-fixture.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder, temporaryVolume } from '../../support/temporary-folder.ts'
import { symlinkEntry } from '../../support/tree-entries.ts'

afterAll(closePool)

const path = (...parts: string[]): ByteString => byteStringOf(join(...parts))

function outside(): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'precious'), 'untouched')
  onTestFinished(() => expect(diskTree(folder)).toEqual(['precious: untouched']))
  return folder
}

describe('a symbolic link in the target', () => {
  test('where a directory belongs is kept or replaced, never followed', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.dir('d', [f.file('precious', 'from the point'), f.dir('e', [])])])
    const target = temporaryFolder()
    symlinkSync(outside(), join(target, 'd'))
    expect(await f.plan({ target: path(target), overwrite: 'never' })).toEqual(['keep /d'])
    await f.restore({ target: path(target), overwrite: 'never', delete: true })
    expect(lstatSync(join(target, 'd')).isSymbolicLink()).toBe(true)
    expect((await f.restore({ target: path(target), delete: true })).failures).toEqual([])
    expect(diskTree(target)).toEqual(['d/', 'd/e/', 'd/precious: from the point'])
  })

  test('where a file belongs is replaced itself', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('small', 'from the point'), f.file('large', patternBytes(4_000_000, 1))])
    const target = temporaryFolder()
    const elsewhere = outside()
    for (const name of ['small', 'large']) symlinkSync(join(elsewhere, 'precious'), join(target, name))
    expect((await f.restore({ target: path(target), verify: true })).failures).toEqual([])
    expect(readFileSync(join(target, 'small'), 'utf8')).toBe('from the point')
    expect(lstatSync(join(target, 'large')).size).toBe(4_000_000)
  })

  test('leads no deletion anywhere', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x')])
    const target = temporaryFolder()
    mkdirSync(join(target, 'old/deep'), { recursive: true })
    symlinkSync(outside(), join(target, 'old/deep/link'))
    symlinkSync(outside(), join(target, 'link'))
    expect((await f.restore({ target: path(target), delete: true })).actions.delete.entries).toBe(4)
    expect(diskTree(target)).toEqual(['a: x'])
  })

  test('put in the place of a directory while it is restored is not followed', async () => {
    const f = await RestoreFixture.create()
    const files = Array.from({ length: 20 }, (_, i) => f.file(`f${i}`, patternBytes(2_500_000, i)))
    await f.open([f.dir('d', [f.dir('e', files)]), f.file('z', 'last')])
    const target = temporaryFolder()
    const elsewhere = outside()
    let swaps = 0
    const clock = { nowMs: () => 0, monotonicMs: () => (swaps === 0 ? 0 : 1e9) }
    const { repository } = f
    // Between the plan, which has made the directories, and the first write.
    const index = async (): ReturnType<typeof repository.index> => {
      renameSync(join(target, 'd/e'), join(target, 'moved'))
      symlinkSync(elsewhere, join(target, 'd/e'))
      swaps++
      return repository.index()
    }
    const summary = await f.restore({ target: path(target) }, { repository: { ...repository, index }, clock })
    expect(swaps).toBe(1)
    expect(readlinkSync(join(target, 'd/e'))).toBe(elsewhere)
    expect(readFileSync(join(target, 'z'), 'utf8')).toBe('last')
    // Whoever had the directory open went on in it; whoever had not failed. Nobody wrote elsewhere.
    for (const { path: at } of summary.failures) expect(at.slice(target.length)).toMatch(/^\/d\/e/)
    expect(summary.failures.length).toBeGreaterThan(0)
  })

  test('is no way for directory handles, wherever in a path it stands', () => {
    const target = temporaryFolder()
    mkdirSync(join(target, 'a/b/c'), { recursive: true })
    symlinkSync('a', join(target, 'link'))
    symlinkSync('../a/b', join(target, 'a/up'))
    const fd = openDirectory(path(target))
    using handles = new DirectoryHandles(fd)
    for (const good of ['a', 'a/b/c', 'a/b', '']) expect(handles.fd(byteStringOf(good))).toBeGreaterThanOrEqual(0)
    for (const bad of ['link', 'link/b', 'a/up', 'a/up/c', '..', 'a/../a', '.', 'a//b', '/etc']) {
      expect(() => handles.fd(byteStringOf(bad)), bad).toThrow()
    }
    closeDescriptor(fd)
  })
})

test('many and deep directories are reached with few descriptors', () => {
  const target = temporaryFolder()
  const deep = Array.from({ length: 400 }, () => 'd').join('/')
  mkdirSync(join(target, deep), { recursive: true })
  for (let i = 0; i < 500; i++) mkdirSync(join(target, `n${i}`))
  const fd = openDirectory(path(target))
  using handles = new DirectoryHandles(fd)
  const first = handles.fd(byteStringOf(deep))
  expect(first).toBeLessThan(1000)
  for (let i = 0; i < 500; i++) expect(handles.fd(byteStringOf(`n${i}`))).toBeLessThan(1000)
  closeDescriptor(fd)
})

test('another name of a file that is overwritten keeps the old content', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('small', 'new'), f.file('large', patternBytes(4_000_000, 1))])
  const [target, elsewhere] = [temporaryFolder(), temporaryFolder()]
  for (const name of ['small', 'large']) {
    writeFileSync(join(elsewhere, name), 'old')
    linkSync(join(elsewhere, name), join(target, name))
  }
  expect((await f.restore({ target: path(target), verify: true })).failures).toEqual([])
  expect(diskTree(elsewhere)).toEqual(['large: old', 'small: old'])
  expect(readFileSync(join(target, 'small'), 'utf8')).toBe('new')
  expect(diskTree(target)).toHaveLength(2)
})

describe('entries of another kind', () => {
  test('are replaced, but a directory that is not empty only by --delete', async () => {
    const f = await RestoreFixture.create()
    await f.open([
      f.file('file', 'x'),
      f.dir('dir', [f.file('in', 'y')]),
      symlinkEntry('link', 'there'),
      f.file('full', 'z'),
    ])
    const target = temporaryFolder()
    mkdirSync(join(target, 'file'))
    mkdirSync(join(target, 'full'))
    writeFileSync(join(target, 'full/something'), 'inside')
    writeFileSync(join(target, 'dir'), 'a file')
    writeFileSync(join(target, 'link'), 'a file')
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures).toMatchObject([{ path: path(target, 'full'), error: { code: 'TARGET_FAILED' } }])
    const others = ['dir/', 'dir/in: y', 'file: x']
    expect(diskTree(target)).toEqual([...others, 'full/', 'full/something: inside', 'link -> there'])
    expect((await f.restore({ target: path(target), delete: true })).failures).toEqual([])
    expect(diskTree(target)).toEqual([...others, 'full: z', 'link -> there'])
  })
})

describe('--delete', () => {
  test('removes what the point does not have, but for what is excluded, and says so beforehand', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.dir('d', [f.file('a', 'x')])])
    const target = temporaryFolder()
    mkdirSync(join(target, 'd/old/keep'), { recursive: true })
    mkdirSync(join(target, 'd/gone/deep'), { recursive: true })
    writeFileSync(join(target, 'd/old/keep/data'), 'kept')
    writeFileSync(join(target, 'd/old/data'), 'gone')
    writeFileSync(join(target, 'stray'), 'gone')
    const options = { target: path(target), delete: true, exclude: ['keep'] }
    expect(await f.plan(options)).toEqual([
      'overwrite /d',
      'delete /stray',
      'create /d/a',
      'delete /d/gone/deep',
      'delete /d/gone',
      'delete /d/old/data',
    ])
    expect((await f.restore(options)).actions.delete).toEqual({ entries: 4, bytes: 8 })
    expect(diskTree(target)).toEqual(['d/', 'd/a: x', 'd/old/', 'd/old/keep/', 'd/old/keep/data: kept'])
  })

  test('deletes nothing beside what is included', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.dir('in', [f.file('a', 'x')]), f.dir('out', [f.file('b', 'y')])])
    const target = temporaryFolder()
    for (const name of ['in', 'out']) {
      mkdirSync(join(target, name))
      writeFileSync(join(target, name, 'stray'), '')
    }
    await f.restore({ target: path(target), delete: true, include: ['/in'] })
    expect(diskTree(target)).toEqual(['in/', 'in/a: x', 'out/', 'out/stray: '])
  })

  test.each(['/', '/tmp/..', '/proc/self/root'])('is refused on the root of all files, called %s', async (target) => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x')])
    const options = { target: byteStringOf(target), delete: true }
    await expect(f.plan(options)).rejects.toMatchObject({ code: 'TARGET_UNSAFE' })
    await expect(f.restore(options)).rejects.toMatchObject({ code: 'TARGET_UNSAFE' })
  })

  rootTest('stops at other file systems', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x')])
    const target = temporaryFolder()
    mkdirSync(join(target, 'old/mounted'), { recursive: true })
    const volume = temporaryVolume(1 << 20)
    writeFileSync(join(volume.path, 'data'), 'mounted')
    execFileSync('mount', ['--bind', volume.path, join(target, 'old/mounted')])
    onTestFinished(() => void execFileSync('umount', [join(target, 'old/mounted')]))
    await f.restore({ target: path(target), delete: true })
    expect(diskTree(target)).toEqual(['a: x', 'old/', 'old/mounted/', 'old/mounted/data: mounted'])
  })
})

rootTest('someone who is not root gets files without others’ set-user-id bits, and one warning', async () => {
  const f = await RestoreFixture.create()
  const files = ['a', 'b'].map((name) => f.file(name, 'x', { uid: 0, gid: 0, mode: 0o6755 }))
  const device = { ...symlinkEntry('null', 'x'), kind: 'char' as const, major: 1, minor: 3, mode: 0o666 }
  await f.open([f.dir('d', files, { uid: 0 }), device])
  const target = temporaryFolder()
  chmodSync(target, 0o777)
  process.setegid?.(1234)
  process.seteuid?.(1234)
  onTestFinished(() => {
    process.seteuid?.(0)
    process.setegid?.(0)
  })
  const warnings: string[] = []
  const summary = await f.restore(
    { target: path(target), verify: true },
    { events: { warning: (text) => warnings.push(text) } },
  )
  process.seteuid?.(0)
  process.setegid?.(0)
  expect(summary.failures).toMatchObject([{ path: path(target, 'null'), error: { code: 'TARGET_DENIED' } }])
  expect(lstatSync(join(target, 'd/a'))).toMatchObject({ uid: 1234, gid: 1234 })
  expect(modeOf(join(target, 'd/a'))).toBe(0o755)
  expect(warnings).toHaveLength(1)
})

test('a file that may not be written is listed, and the rest goes on', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('a', 'new a'), f.file('b', 'new b')])
  const target = temporaryFolder()
  writeFileSync(join(target, 'a'), 'old a')
  utimesSync(join(target, 'a'), 1, 1)
  let isImmutable = true
  try {
    execFileSync('chattr', ['+i', join(target, 'a')], { stdio: 'ignore' })
    onTestFinished(() => void execFileSync('chattr', ['-i', join(target, 'a')]))
  } catch {
    isImmutable = false
  }
  const summary = await f.restore({ target: path(target) })
  expect(summary.failures).toMatchObject(isImmutable ? [{ error: { code: 'TARGET_DENIED' } }] : [])
  expect(readFileSync(join(target, 'b'), 'utf8')).toBe('new b')
})

test('a target that is no directory is refused', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('a', 'x')])
  const target = join(temporaryFolder(), 'file')
  writeFileSync(target, '')
  await expect(f.restore({ target: path(target) })).rejects.toSatisfy((error) => errnoOf(error) === 'BAD_ARGUMENT')
})

test.runIf(process.platform === 'linux')('a target where nobody can make directories is refused', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('a', 'x')])
  for (const target of ['/proc/none', '/proc/none/below'])
    await expect(f.restore({ target: path(target) })).rejects.toSatisfy((error) => errnoOf(error) === 'BAD_ARGUMENT')
})

test('a preview changes nothing and needs no target', async () => {
  const f = await RestoreFixture.create()
  await f.open([f.file('a', 'x'), f.dir('d', [f.file('b', 'y')])])
  const target = join(temporaryFolder(), 'not/there')
  expect(await f.plan({ target: path(target) })).toEqual(['create /a', 'create /d', 'create /d/b'])
  expect(() => lstatSync(target)).toThrow('ENOENT')
})
