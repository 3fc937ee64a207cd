import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { openDirectory } from '../../../src/base/posix/directory.ts'
import { diskTree, xattrsOf } from '../../support/disk.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { RestoreFixture, closePool } from '../../support/restore-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

afterAll(closePool)

const path = (...parts: string[]): ByteString => byteStringOf(join(...parts))
const time = (seconds: number, nanoseconds = 0): { seconds: number; nanoseconds: number } => ({ seconds, nanoseconds })

describe('existing files', () => {
  const old = time(1_000_000_000)
  const point = time(1_500_000_000)
  const recent = time(1_900_000_000)

  async function prepare(): Promise<{ f: RestoreFixture; target: string }> {
    const f = await RestoreFixture.create()
    await f.open(['same', 'older', 'newer', 'missing'].map((name) => f.file(name, `point ${name}`, { mtime: point })))
    const target = temporaryFolder()
    for (const [name, { seconds }, content] of [
      ['same', point, 'point same'],
      ['older', old, 'on disk'],
      ['newer', recent, 'on disk'],
      ['other', old, 'unrelated'],
    ] as const) {
      writeFileSync(join(target, name), content)
      utimesSync(join(target, name), seconds, seconds)
    }
    return { f, target }
  }

  test.each([
    ['never', ['create /missing', 'keep /newer', 'keep /older', 'unchanged /same']],
    ['if-newer', ['create /missing', 'keep /newer', 'overwrite /older', 'unchanged /same']],
    ['if-changed', ['create /missing', 'overwrite /newer', 'overwrite /older', 'unchanged /same']],
    ['always', ['create /missing', 'overwrite /newer', 'overwrite /older', 'overwrite /same']],
  ] as const)('with --overwrite %s are planned and treated alike', async (overwrite, expected) => {
    const { f, target } = await prepare()
    expect(await f.plan({ target: path(target), overwrite })).toEqual(expected)
    const before = diskTree(target)
    expect(before).toHaveLength(4)
    const summary = await f.restore({ target: path(target), overwrite, verify: true })
    expect(summary.failures).toEqual([])
    for (const line of expected) {
      const [action, name] = line.split(' /')
      const content = readFileSync(join(target, name!), 'utf8')
      expect(content, line).toBe(action === 'keep' ? 'on disk' : `point ${name}`)
    }
    expect(readFileSync(join(target, 'other'), 'utf8')).toBe('unrelated')
  })

  test('that are left alone count as unchanged only where mode and owner are as wanted, too', async () => {
    const { f, target } = await prepare()
    chmodSync(join(target, 'same'), 0o600)
    const { actions } = await f.restore({ target: path(target), overwrite: 'never' })
    expect(actions).toMatchObject({ create: { entries: 1 }, keep: { entries: 3 }, unchanged: { entries: 0 } })
    expect(statSync(join(target, 'same')).mode & 0o777).toBe(0o600)
  })

  test('are written only where they differ, and read where only the time does', async () => {
    const f = await RestoreFixture.create()
    const bytes = Buffer.from(patternBytes(8 << 20, 5))
    await f.open([f.file('image', bytes, { mtime: point }), f.file('small', 'same content', { mtime: point })])
    const target = temporaryFolder()
    const changed = Buffer.from(bytes)
    changed[3 << 20]! ^= 1
    writeFileSync(join(target, 'image'), Buffer.concat([changed, Buffer.from('longer')]))
    writeFileSync(join(target, 'small'), 'same content')
    const inode = statSync(join(target, 'image')).ino
    const summary = await f.restore({ target: path(target), verify: true })
    expect(summary.failures).toEqual([])
    expect(summary.bytesWritten).toBe(512 << 10)
    expect(readFileSync(join(target, 'image')).equals(bytes)).toBe(true)
    expect(statSync(join(target, 'image')).ino).toBe(inode)
    expect(statSync(join(target, 'small')).mtimeMs).toBe(1_500_000_000_000)
  })

  test('that are damaged without a trace are mended by --overwrite always', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'right', { mtime: point })])
    const target = temporaryFolder()
    writeFileSync(join(target, 'a'), 'wrong')
    utimesSync(join(target, 'a'), point.seconds, point.seconds)
    expect((await f.restore({ target: path(target) })).actions.unchanged.entries).toBe(1)
    const summary = await f.restore({ target: path(target), overwrite: 'always' })
    expect(summary.bytesWritten).toBe(5)
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('right')
  })

  test('get their holes back', async () => {
    const f = await RestoreFixture.create()
    const bytes = Buffer.alloc(4 << 20)
    bytes.fill(1, 0, 4096)
    await f.open([f.file('a', bytes, { holes: [{ offset: 4096, length: bytes.byteLength - 4096 }] })])
    const target = temporaryFolder()
    writeFileSync(join(target, 'a'), Buffer.alloc(4 << 20, 7))
    expect((await f.restore({ target: path(target), verify: true })).failures).toEqual([])
    expect(readFileSync(join(target, 'a')).equals(bytes)).toBe(true)
    expect(statSync(join(target, 'a')).blocks * 512).toBeLessThan(1 << 20)
  })

  test('lose attributes and flags that the point does not have', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'new')])
    const target = temporaryFolder()
    writeFileSync(join(target, 'a'), 'old')
    execFileSync('setfattr', ['-n', 'user.stray', '-v', 'x', join(target, 'a')])
    await f.restore({ target: path(target) })
    const fd = openDirectory(path(target))
    expect(xattrsOf(fd, 'a')).toEqual({})
    closeDescriptor(fd)
  })
})
