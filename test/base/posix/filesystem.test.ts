import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { closeDescriptor, openAt } from '../../../src/base/posix/descriptors.ts'
import { openDirectory } from '../../../src/base/posix/directory.ts'
import { type FileSystem, fileSystemOf } from '../../../src/base/posix/filesystem.ts'
import { FS_NOCOW_FL, readFlags, setFlags } from '../../../src/base/posix/flags.ts'
import { mountPoints } from '../../../src/base/posix/mount-points.ts'
import { statusOf } from '../../../src/base/posix/statx.ts'
import { readXattrs, setXattr } from '../../../src/base/posix/xattr.ts'
import { codeOf, name, useScratch } from './scratch.ts'

const scratch = useScratch()
const mounted: string[] = []

function mountBtrfs(label: string): string {
  const image = join(scratch.path, `${label}.img`)
  const path = join(scratch.path, label)
  writeFileSync(image, '')
  truncateSync(image, 128 << 20)
  mkdirSync(path)
  try {
    execFileSync('mkfs.btrfs', ['-q', image])
    execFileSync('mount', ['-o', 'loop', image, path], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (cause) {
    throw new Error('these tests take root, a free loop device, btrfs in the kernel and btrfs-progs', { cause })
  }
  mounted.push(path)
  return path
}

let first = ''
let second = ''

beforeAll(() => {
  first = mountBtrfs('first')
  second = mountBtrfs('second')
  execFileSync('btrfs', ['subvolume', 'create', join(first, 'sub')])
  execFileSync('btrfs', ['subvolume', 'snapshot', '-r', join(first, 'sub'), join(first, 'snap')])
})

afterAll(() => {
  for (const path of mounted) execFileSync('umount', [path])
})

function withDirectory<T>(path: string, use: (fd: number) => T): T {
  const fd = openDirectory(byteStringOf(path))
  try {
    return use(fd)
  } finally {
    closeDescriptor(fd)
  }
}
const at = (path: string): FileSystem => withDirectory(path, fileSystemOf)

test('all subvolumes and snapshots of one btrfs have one id, although their device numbers differ', () => {
  const paths = [first, join(first, 'sub'), join(first, 'snap')]
  const devices = paths.map((path) => withDirectory(path, statusOf)).map((status) => status.devMinor)
  expect(new Set(devices).size).toBe(3)
  expect(new Set(paths.map((path) => at(path).id)).size).toBe(1)
  expect(at(first)).toMatchObject({ type: 'btrfs', magic: 0x9123683e })
  writeFileSync(join(first, 'file'), 'x')
  withDirectory(first, (dirfd) => {
    const fd = openAt(dirfd, name('file'), { flags: 0 })
    expect(fileSystemOf(fd)).toEqual(at(first))
    closeDescriptor(fd)
  })
})

test('different file systems have different ids', () => {
  const ids = [first, second, scratch.path, '/proc', '/sys', '/dev/shm'].map((path) => at(path).id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the type is the one that the mount table tells', () => {
  for (const path of ['/proc', '/sys', first]) {
    expect(at(path).type).toBe(mountPoints().findLast((each) => each.path === byteStringOf(path))!.type)
  }
})

test('a subvolume mounted by itself shows which part of the file system is seen', () => {
  const path = join(scratch.path, 'sub-alone')
  mkdirSync(path)
  execFileSync('mount', ['-o', 'loop,ro,subvol=sub', join(scratch.path, 'first.img'), path])
  mounted.unshift(path)
  expect(mountPoints().find((each) => each.path === byteStringOf(path))).toMatchObject({ root: '/sub', readOnly: true })
  expect(at(path).id).toBe(at(first).id)
})

test('flags that only btrfs knows are read and set', () => {
  mkdirSync(join(first, 'nocow'))
  withDirectory(join(first, 'nocow'), (fd) => {
    expect(setFlags(fd, FS_NOCOW_FL)).toBe(0)
    expect(readFlags(fd)).toBe(FS_NOCOW_FL)
  })
})

test('a file with more than a mebibyte of extended attributes is refused, not cut', () => {
  mkdirSync(join(first, 'attributes'))
  withDirectory(join(first, 'attributes'), (fd) => {
    const value = new Uint8Array(16_000).fill(1)
    for (let i = 0; i < 65; i++) setXattr(fd, { name: name(`user.a${i}`), value })
    expect(readXattrs(fd).length).toBe(65)
    setXattr(fd, { name: name('user.one-more'), value })
    expect(codeOf(() => readXattrs(fd))).toBe('E2BIG')
  })
})

test('a closed descriptor is refused', () => {
  expect(codeOf(() => fileSystemOf(-1))).toBe('EBADF')
})
