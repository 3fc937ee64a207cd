import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { O_PATH, O_RDONLY } from '../../../src/base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../../src/base/posix/descriptors.ts'
import { makeDirectoryAt, makeNodeAt } from '../../../src/base/posix/files.ts'
import {
  readXattrs,
  readXattrsOfLink,
  removeXattr,
  removeXattrOfLink,
  setXattr,
  setXattrOfLink,
} from '../../../src/base/posix/xattr.ts'
import { codeOf, name, useScratch } from './scratch.ts'

const scratch = useScratch()

beforeAll(() => {
  writeFileSync(join(scratch.path, 'file'), 'x')
  makeDirectoryAt(scratch.fd, name('dir'), 0o755)
  symlinkSync('file', join(scratch.path, 'symlink'))
  makeNodeAt(scratch.fd, name('fifo'), { kind: 'fifo', mode: 0o600 })
  makeNodeAt(scratch.fd, name('socket'), { kind: 'socket', mode: 0o600 })
  makeNodeAt(scratch.fd, name('char'), { kind: 'char', mode: 0o600, major: 1, minor: 3 })
  makeNodeAt(scratch.fd, name('block'), { kind: 'block', mode: 0o600, major: 7, minor: 200 })
})

function withOpen<T>(entry: string, use: (fd: number) => T, flags = O_RDONLY): T {
  const fd = openAt(scratch.fd, name(entry), { flags })
  try {
    return use(fd)
  } finally {
    closeDescriptor(fd)
  }
}

const attribute = (key: string, value: Uint8Array) => ({ name: name(key), value })

describe.each(['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block'])('a %s', (kind) => {
  test('has none at first, and those it is given by descriptor, sorted by name', () => {
    const one = attribute('trusted.b', new Uint8Array([0, 255, 0]))
    const two = attribute('trusted.\xff\xe9', new Uint8Array(3_000).fill(7))
    const three = attribute('trusted.a', new Uint8Array())
    withOpen(
      kind,
      (fd) => {
        expect(readXattrs(fd)).toEqual([])
        for (const each of [one, two, three]) setXattr(fd, each)
        expect(readXattrs(fd)).toEqual([three, one, two])
        setXattr(fd, attribute('trusted.b', new Uint8Array([1])))
        removeXattr(fd, two.name)
        removeXattr(fd, two.name)
        expect(readXattrs(fd)).toEqual([three, attribute('trusted.b', new Uint8Array([1]))])
        removeXattr(fd, one.name)
        removeXattr(fd, three.name)
        expect(readXattrs(fd)).toEqual([])
      },
      O_PATH,
    )
  })

  test('has those it is given by path, and its target has not', () => {
    const path = byteStringOf(join(scratch.path, kind))
    const one = attribute('trusted.path', new Uint8Array([1, 2]))
    setXattrOfLink(path, one)
    expect(readXattrsOfLink(path)).toEqual([one])
    if (kind === 'symlink') expect(readXattrsOfLink(byteStringOf(join(scratch.path, 'file')))).toEqual([])
    removeXattrOfLink(path, one.name)
    removeXattrOfLink(path, one.name)
    expect(readXattrsOfLink(path)).toEqual([])
  })
})

test('attributes of other tools are read, and theirs read ours', () => {
  const path = join(scratch.path, 'tools')
  writeFileSync(path, 'x')
  execFileSync('setfattr', ['-n', 'user.theirs', '-v', '0x00ff10', path])
  withOpen('tools', (fd) => {
    expect(readXattrs(fd)).toEqual([attribute('user.theirs', new Uint8Array([0, 255, 16]))])
    setXattr(fd, attribute('user.ours', Buffer.from('value')))
  })
  expect(execFileSync('getfattr', ['-n', 'user.ours', '--only-values', path]).toString()).toBe('value')
})

test('access and default ACLs and capabilities are attributes that can be carried to another file', () => {
  for (const each of ['acl-a', 'acl-b']) makeDirectoryAt(scratch.fd, name(each), 0o750)
  for (const each of ['cap-a', 'cap-b']) writeFileSync(join(scratch.path, each), 'x', { mode: 0o755 })
  execFileSync('setfacl', ['-m', 'u:1234:rw,d:g:4321:r', join(scratch.path, 'acl-a')])
  execFileSync('setcap', ['cap_net_bind_service=ep', join(scratch.path, 'cap-a')])
  const carry = (from: string, to: string): string[] => {
    const attributes = withOpen(from, readXattrs)
    withOpen(to, (fd) => attributes.forEach((each) => setXattr(fd, each)))
    return attributes.map((each) => each.name)
  }
  expect(carry('acl-a', 'acl-b')).toEqual(['system.posix_acl_access', 'system.posix_acl_default'])
  expect(carry('cap-a', 'cap-b')).toEqual(['security.capability'])
  const acl = (entry: string): string => execFileSync('getfacl', ['-cn', entry], { cwd: scratch.path }).toString()
  expect(acl('acl-b')).toBe(acl('acl-a'))
  expect(acl('acl-b')).toContain('user:1234:rw-')
  expect(execFileSync('getcap', ['cap-b'], { cwd: scratch.path }).toString()).toContain('cap_net_bind_service=ep')
})

test('a file system without attributes has none to read and refuses to take any', () => {
  const path = byteStringOf('/proc/self/status')
  expect(readXattrsOfLink(path)).toEqual([])
  expect(codeOf(() => setXattrOfLink(path, attribute('user.a', new Uint8Array(1))))).toBe('ENOTSUP')
})

test('what the kernel refuses is an error', () => {
  withOpen('file', (fd) => {
    expect(codeOf(() => setXattr(fd, attribute('nospace', new Uint8Array(1))))).toBe('ENOTSUP')
    expect(codeOf(() => setXattr(fd, attribute(`user.${'n'.repeat(300)}`, new Uint8Array(1))))).toBe('ERANGE')
    expect(codeOf(() => setXattr(fd, attribute('user.big', new Uint8Array(65_537))))).toBe('E2BIG')
    expect(codeOf(() => setXattr(fd, attribute('user.a\0b', new Uint8Array(1))))).toBe('EINVAL')
  })
  expect(codeOf(() => readXattrsOfLink(byteStringOf('/nowhere')))).toBe('ENOENT')
})
