import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ByteString } from '../../../src/base/byte-string.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { openDirectoryAt, readDirectory } from '../../../src/base/posix/directory.ts'
import {
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  readLinkAt,
  removeAt,
  renameAt,
  setModeAt,
  setOwnerAt,
  setTimesAt,
} from '../../../src/base/posix/files.ts'
import { statusAt } from '../../../src/base/posix/statx.ts'
import { codeOf, name, useScratch } from './scratch.ts'

const scratch = useScratch()
const at = (entry: string): string => join(scratch.path, entry)
const pair = (from: string, to: string) => ({
  fromDirfd: scratch.fd,
  from: name(from),
  toDirfd: scratch.fd,
  to: name(to),
})

/** What a link that the attacker left in the directory points at: it must come out of every test untouched. */
beforeEach(() => {
  execFileSync('sh', ['-c', 'rm -rf ./*'], { cwd: scratch.path })
  writeFileSync(at('victim'), 'victim', { mode: 0o600 })
  symlinkSync('victim', at('link'))
})

describe('making', () => {
  test.each(['n'.repeat(255), '\xff\xfe\x80', 'new\nline', ' ', '-rf', '...', '\x01'])('takes the name %j', (entry) => {
    makeDirectoryAt(scratch.fd, name(entry), 0o755)
    expect(readDirectory(scratch.fd)).toContain(entry)
    closeDescriptor(openDirectoryAt(scratch.fd, name(entry)))
    removeAt(scratch.fd, name(entry), { directory: true })
    expect(readDirectory(scratch.fd)).not.toContain(entry)
  })

  test.each([
    { kind: 'fifo', mode: 0o640 },
    { kind: 'socket', mode: 0o755 },
    { kind: 'char', mode: 0o600, major: 1, minor: 3 },
    { kind: 'char', mode: 0o600, major: 4095, minor: 1_048_575 },
    { kind: 'block', mode: 0o600, major: 259, minor: 300 },
  ] as const)('makes a $kind $major:$minor', (spec) => {
    makeNodeAt(scratch.fd, name('node'), spec)
    const { major = 0, minor = 0 } = 'major' in spec ? spec : {}
    expect(statusAt(scratch.fd, name('node'))).toMatchObject({ kind: spec.kind, rdevMajor: major, rdevMinor: minor })
    expect(codeOf(() => makeNodeAt(scratch.fd, name('node'), spec))).toBe('EEXIST')
  })

  test('refuses device numbers that the kernel has no bits for', () => {
    for (const [major, minor] of [
      [4096, 0],
      [0, 1_048_576],
      [-1, 0],
      [Number.NaN, 0],
    ] as const) {
      expect(codeOf(() => makeNodeAt(scratch.fd, name('node'), { kind: 'char', mode: 0, major, minor }))).toBe('EINVAL')
    }
  })

  test.each(['a', 'x'.repeat(4_000), 'y'.repeat(4_095), '\xff\xfe', '../../..', '/etc/passwd'])(
    'makes a symbolic link that reads back (%#)',
    (target) => {
      makeSymlinkAt(scratch.fd, name('made'), name(target))
      expect(readLinkAt(scratch.fd, name('made'))).toBe(target)
      expect(readlinkSync(at('made'), 'latin1')).toBe(target)
    },
  )

  test('refuses link targets that cannot be, and reads no link where there is none', () => {
    expect(codeOf(() => makeSymlinkAt(scratch.fd, name('made'), name('z'.repeat(4_096))))).toBe('ENAMETOOLONG')
    expect(codeOf(() => makeSymlinkAt(scratch.fd, name('made'), name('a\0b')))).toBe('EINVAL')
    expect(codeOf(() => makeSymlinkAt(scratch.fd, name('link'), name('a')))).toBe('EEXIST')
    expect(codeOf(() => readLinkAt(scratch.fd, name('victim')))).toBe('EINVAL')
    expect(codeOf(() => readLinkAt(scratch.fd, name('missing')))).toBe('ENOENT')
  })

  test('gives a file a second name, and a symbolic link itself', () => {
    makeLinkAt(pair('victim', 'second'))
    expect(lstatSync(at('second')).ino).toBe(lstatSync(at('victim')).ino)
    makeLinkAt(pair('link', 'second-link'))
    expect(lstatSync(at('second-link')).ino).toBe(lstatSync(at('link')).ino)
    expect(codeOf(() => makeLinkAt(pair('victim', 'link')))).toBe('EEXIST')
  })
})

describe('setting', () => {
  test('an owner changes that of the link, not of its target', () => {
    setOwnerAt(scratch.fd, name('link'), { uid: 4_000_000_000, gid: 4_000_000_001 })
    expect(statusAt(scratch.fd, name('link'))).toMatchObject({ uid: 4_000_000_000, gid: 4_000_000_001 })
    expect(statusAt(scratch.fd, name('victim'))).toMatchObject({ uid: 0, gid: 0 })
    setOwnerAt(scratch.fd, name('victim'), { uid: 1, gid: 2 })
    expect(statusAt(scratch.fd, name('victim'))).toMatchObject({ uid: 1, gid: 2 })
  })

  test.each([0o000, 0o4755, 0o2755, 0o1777, 0o6711])('a mode sets exactly it, whatever the umask (%#)', (mode) => {
    makeDirectoryAt(scratch.fd, name('dir'), 0o700)
    makeNodeAt(scratch.fd, name('fifo'), { kind: 'fifo', mode: 0 })
    makeNodeAt(scratch.fd, name('socket'), { kind: 'socket', mode: 0 })
    makeNodeAt(scratch.fd, name('device'), { kind: 'block', mode: 0, major: 7, minor: 200 })
    for (const entry of ['victim', 'dir', 'fifo', 'socket', 'device']) {
      setModeAt(scratch.fd, name(entry), mode)
      expect(statusAt(scratch.fd, name(entry)).mode).toBe(mode)
    }
  })

  test('a mode through a symbolic link is refused and leaves the target as it is', () => {
    expect(codeOf(() => setModeAt(scratch.fd, name('link'), 0o777))).toBe('ENOTSUP')
    expect(statusAt(scratch.fd, name('victim')).mode).toBe(0o600)
  })

  test.each([
    { seconds: -1, nanoseconds: 1 },
    { seconds: -86_400 * 365 * 60, nanoseconds: 999_999_999 },
    { seconds: 2 ** 32, nanoseconds: 0 },
    { seconds: 1_700_000_000, nanoseconds: 987_654_321 },
  ])('times sets $seconds s $nanoseconds ns of the link, not of its target', (modified) => {
    const before = statusAt(scratch.fd, name('victim')).mtime
    setTimesAt(scratch.fd, name('link'), { modified })
    expect(statusAt(scratch.fd, name('link')).mtime).toEqual(modified)
    expect(statusAt(scratch.fd, name('victim')).mtime).toEqual(before)
  })

  test('times sets the time of access, too', () => {
    const time = { seconds: 5, nanoseconds: 6 }
    setTimesAt(scratch.fd, name('victim'), { modified: time })
    expect(lstatSync(at('victim'), { bigint: true }).atimeNs).toBe(5_000_000_006n)
    setTimesAt(scratch.fd, name('victim'), { modified: time, accessed: { seconds: -7, nanoseconds: 8 } })
    expect(lstatSync(at('victim'), { bigint: true })).toMatchObject({
      mtimeNs: 5_000_000_006n,
      atimeNs: -6_999_999_992n,
    })
  })
})

describe('removing and renaming', () => {
  test('a link goes, its target stays; a directory only as one and when it is empty', () => {
    removeAt(scratch.fd, name('link'))
    expect(readFileSync(at('victim'), 'utf8')).toBe('victim')
    mkdirSync(at('dir/sub'), { recursive: true })
    expect(codeOf(() => removeAt(scratch.fd, name('dir')))).toBe('EISDIR')
    expect(codeOf(() => removeAt(scratch.fd, name('dir'), { directory: true }))).toBe('ENOTEMPTY')
    expect(codeOf(() => removeAt(scratch.fd, name('victim'), { directory: true }))).toBe('ENOTDIR')
    expect(codeOf(() => removeAt(scratch.fd, name('missing')))).toBe('ENOENT')
  })

  test('a new name takes the place of another, unless that is to stay', () => {
    writeFileSync(at('new'), 'new')
    expect(codeOf(() => renameAt({ ...pair('new', 'victim'), replace: false }))).toBe('EEXIST')
    expect(readFileSync(at('victim'), 'utf8')).toBe('victim')
    renameAt(pair('new', 'victim'))
    expect(readFileSync(at('victim'), 'utf8')).toBe('new')
    renameAt({ ...pair('victim', 'free'), replace: false })
    expect([existsSync(at('victim')), existsSync(at('free'))]).toEqual([false, true])
  })
})

test.each(['', '.', '..', '../outside', '/tmp/outside', 'link/x', 'a\0b'])(
  'the name %j is refused everywhere',
  (bad) => {
    const outside = bad as ByteString
    const time = { seconds: 0, nanoseconds: 0 }
    const attempts = [
      () => makeDirectoryAt(scratch.fd, outside, 0o700),
      () => makeNodeAt(scratch.fd, outside, { kind: 'fifo', mode: 0 }),
      () => makeSymlinkAt(scratch.fd, outside, name('a')),
      () => makeLinkAt(pair('victim', bad)),
      () => makeLinkAt(pair(bad, 'fine')),
      () => readLinkAt(scratch.fd, outside),
      () => setOwnerAt(scratch.fd, outside, { uid: 0, gid: 0 }),
      () => setModeAt(scratch.fd, outside, 0),
      () => setTimesAt(scratch.fd, outside, { modified: time }),
      () => removeAt(scratch.fd, outside),
      () => renameAt(pair(bad, 'fine')),
      () => renameAt(pair('victim', bad)),
    ]
    expect(attempts.map(codeOf)).toEqual(attempts.map(() => 'EINVAL'))
  },
)
