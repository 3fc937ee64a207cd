import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_NOATIME_FL,
  FS_NOCOW_FL,
  FS_NODUMP_FL,
  FS_SYNC_FL,
  SETTABLE_FLAGS,
  readFlags,
  setFlags,
} from '../../../src/base/posix/flags.ts'
import { codeOf, useScratch } from './scratch.ts'

const scratch = useScratch()

function open(entry: string): number {
  writeFileSync(join(scratch.path, entry), 'x')
  return openSync(join(scratch.path, entry), 'r')
}
const lsattr = (entry: string): string => execFileSync('lsattr', ['-d', join(scratch.path, entry)]).toString()

test('flags are those that lsattr shows and chattr sets', () => {
  const fd = open('file')
  expect(readFlags(fd)).toBe(0)
  execFileSync('chattr', ['+dA', join(scratch.path, 'file')])
  expect(readFlags(fd)).toBe(FS_NODUMP_FL | FS_NOATIME_FL)
  expect(setFlags(fd, FS_NOATIME_FL | FS_SYNC_FL)).toBe(0)
  expect(readFlags(fd)).toBe(FS_NOATIME_FL | FS_SYNC_FL)
  expect(lsattr('file').slice(0, 12)).toMatch(/^[^d]*S[^d]*A[^d]*$/)
  closeSync(fd)
})

test('an immutable or append-only file is made and set free', () => {
  const fd = open('locked')
  for (const flag of [FS_IMMUTABLE_FL, FS_APPEND_FL]) {
    expect(setFlags(fd, flag | FS_NODUMP_FL)).toBe(0)
    expect(readFlags(fd)).toBe(flag | FS_NODUMP_FL)
    expect(codeOf(() => openSync(join(scratch.path, 'locked'), 'w'))).toBe('EPERM')
    expect(setFlags(fd, 0)).toBe(0)
  }
  expect(readFlags(fd)).toBe(0)
  closeSync(fd)
})

test('flags that only describe the storage are neither shown nor touched', () => {
  const fd = open('extents')
  expect(lsattr('extents')).toContain('e')
  expect(setFlags(fd, 0x0008_0000 | 0x1000 | FS_NODUMP_FL)).toBe(0)
  expect(readFlags(fd)).toBe(FS_NODUMP_FL)
  expect(setFlags(fd, 0)).toBe(0)
  expect(lsattr('extents')).toContain('e')
  closeSync(fd)
})

test('a directory has flags, too', () => {
  mkdirSync(join(scratch.path, 'dir'))
  const fd = openSync(join(scratch.path, 'dir'), 'r')
  expect(setFlags(fd, FS_NODUMP_FL)).toBe(0)
  expect(readFlags(fd)).toBe(FS_NODUMP_FL)
  closeSync(fd)
})

test('of several flags those that the file system knows are set, and the others told', () => {
  const fd = open('partly')
  // ext4 has no copy-on-write to switch off.
  expect(setFlags(fd, FS_NOCOW_FL | FS_NODUMP_FL | FS_SYNC_FL)).toBe(FS_NOCOW_FL)
  expect(readFlags(fd)).toBe(FS_NODUMP_FL | FS_SYNC_FL)
  closeSync(fd)
})

test('a file system without flags has none and takes none', () => {
  const fd = openSync('/proc/self/status', 'r')
  expect(readFlags(fd)).toBe(0)
  expect(setFlags(fd, 0)).toBe(0)
  expect(setFlags(fd, FS_NODUMP_FL)).toBe(FS_NODUMP_FL)
  closeSync(fd)
  expect(codeOf(() => readFlags(-1))).toBe('EBADF')
  expect(SETTABLE_FLAGS & 0x0008_0000).toBe(0)
})
