import { execFileSync } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { AT_FDCWD, O_PATH, S_IFREG } from '../../../src/base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../../src/base/posix/descriptors.ts'
import { makeNodeAt, setTimesAt } from '../../../src/base/posix/files.ts'
import { mountPoints } from '../../../src/base/posix/mount-points.ts'
import {
  STATX_WORDS,
  STX_CTIME,
  STX_INO,
  STX_MODE,
  STX_SIZE,
  decodeStatx,
  kindOfMode,
  statusAt,
  statusOf,
} from '../../../src/base/posix/statx.ts'
import { codeOf, name, useScratch } from './scratch.ts'

const scratch = useScratch()

/** What Node's own lstat says, in our shape. */
function nodeStatus(path: string): object {
  const s = lstatSync(path, { bigint: true })
  const time = (ns: bigint): object => {
    const seconds = ns / 1_000_000_000n - (ns % 1_000_000_000n < 0n ? 1n : 0n)
    return { seconds: Number(seconds), nanoseconds: Number(ns - seconds * 1_000_000_000n) }
  }
  return {
    mode: Number(s.mode) & 0o7777,
    uid: Number(s.uid),
    gid: Number(s.gid),
    ino: s.ino,
    nlink: Number(s.nlink),
    size: Number(s.size),
    blocks: Number(s.blocks),
    mtime: time(s.mtimeNs),
    ctime: time(s.ctimeNs),
    birth: time(s.birthtimeNs),
  }
}

test('every kind of file has the status that Node tells', () => {
  writeFileSync(join(scratch.path, 'file'), 'x'.repeat(5_000), { mode: 0o640 })
  linkSync(join(scratch.path, 'file'), join(scratch.path, 'hard'))
  mkdirSync(join(scratch.path, 'dir'))
  symlinkSync('file', join(scratch.path, 'symlink'))
  makeNodeAt(scratch.fd, name('fifo'), { kind: 'fifo', mode: 0o600 })
  makeNodeAt(scratch.fd, name('socket'), { kind: 'socket', mode: 0o600 })
  makeNodeAt(scratch.fd, name('char'), { kind: 'char', mode: 0o600, major: 1, minor: 3 })
  makeNodeAt(scratch.fd, name('block'), { kind: 'block', mode: 0o600, major: 259, minor: 70_000 })
  execFileSync('chown', ['4000000000:4000000001', join(scratch.path, 'file')])
  execFileSync('chmod', ['6711', join(scratch.path, 'file')])
  for (const kind of ['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block']) {
    const path = join(scratch.path, kind)
    const status = statusAt(scratch.fd, name(kind))
    expect(status).toMatchObject({ kind, ...nodeStatus(path) })
    expect(statusAt(AT_FDCWD, byteStringOf(path))).toEqual(status)
    const fd = openAt(scratch.fd, name(kind), { flags: O_PATH })
    expect(statusOf(fd)).toEqual(status)
    closeDescriptor(fd)
  }
  expect(statusAt(scratch.fd, name('file'))).toMatchObject({ nlink: 2, uid: 4_000_000_000, gid: 4_000_000_001 })
  expect(statusAt(scratch.fd, name('block'))).toMatchObject({ rdevMajor: 259, rdevMinor: 70_000 })
})

test('a link is followed only when asked', () => {
  writeFileSync(join(scratch.path, 'target'), 'abc')
  symlinkSync('target', join(scratch.path, 'to-target'))
  expect(statusAt(scratch.fd, name('to-target')).kind).toBe('symlink')
  expect(statusAt(scratch.fd, name('to-target'), { follow: true })).toEqual(statusAt(scratch.fd, name('target')))
})

test('device and mount are those of the mount table', () => {
  const { devMajor, devMinor, mountId } = statusOf(scratch.fd)
  const mount = mountPoints().find((each) => each.id === mountId)
  expect(mount).toMatchObject({ devMajor, devMinor })
})

test.each([
  { seconds: -1, nanoseconds: 500 },
  { seconds: -86_400 * 365 * 30, nanoseconds: 999_999_999 },
  { seconds: 2 ** 31 + 5, nanoseconds: 123_456_789 },
  { seconds: 0, nanoseconds: 0 },
])('the time $seconds s $nanoseconds ns is read as it was set', (modified) => {
  writeFileSync(join(scratch.path, 'timed'), '')
  setTimesAt(scratch.fd, name('timed'), { modified })
  expect(statusAt(scratch.fd, name('timed')).mtime).toEqual(modified)
})

test('a file of 10 TiB has its size', () => {
  writeFileSync(join(scratch.path, 'huge'), '')
  truncateSync(join(scratch.path, 'huge'), 10 * 2 ** 40 + 7)
  expect(statusAt(scratch.fd, name('huge'))).toMatchObject({ size: 10 * 2 ** 40 + 7, blocks: 0 })
})

test('64-bit fields are put together from their halves, in signed and unsigned views', () => {
  const words = new Uint32Array(STATX_WORDS)
  words[STX_MODE] = S_IFREG | 0o644
  words[STX_INO] = 0xffffffff
  words[STX_INO + 1] = 0x80000000
  words[STX_SIZE] = 0xffffffff
  words[STX_SIZE + 1] = 0x1fffff
  words[STX_CTIME] = 0xfffffffe
  words[STX_CTIME + 1] = 0xffffffff
  words[STX_CTIME + 2] = 999_999_999
  const expected = {
    ino: 0x80000000ffffffffn,
    size: Number.MAX_SAFE_INTEGER,
    ctime: { seconds: -2, nanoseconds: 999_999_999 },
    birth: undefined,
    mountId: undefined,
  }
  expect(decodeStatx(words)).toMatchObject(expected)
  expect(decodeStatx(new Int32Array(words.buffer))).toMatchObject(expected)
})

test('what a broken file system may tell is refused or bounded', () => {
  const words = new Uint32Array(STATX_WORDS)
  words[STX_MODE] = S_IFREG
  words[STX_CTIME + 1] = 0x80000000
  expect(decodeStatx(words).ctime.seconds).toBe(Number.MIN_SAFE_INTEGER)
  words[STX_SIZE + 1] = 0x200000
  expect(codeOf(() => decodeStatx(words))).toBe('EOVERFLOW')
  words[STX_MODE] = 0
  expect(codeOf(() => decodeStatx(words))).toBe('EUCLEAN')
  expect(kindOfMode(0)).toBeUndefined()
})

test('what is not there, or no name, is refused', () => {
  expect(codeOf(() => statusAt(scratch.fd, name('missing')))).toBe('ENOENT')
  expect(codeOf(() => statusAt(scratch.fd, name('n'.repeat(256))))).toBe('ENAMETOOLONG')
  expect(codeOf(() => statusAt(scratch.fd, name('a\0')))).toBe('EINVAL')
})
