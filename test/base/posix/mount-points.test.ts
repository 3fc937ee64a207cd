import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeMountInfo, mountPoints } from '../../../src/base/posix/mount-points.ts'
import { name } from './scratch.ts'

test('the mounts of this process are all there', () => {
  const mounts = mountPoints()
  expect(mounts.length).toBe(readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').length)
  expect(mounts.find((each) => each.path === '/proc')).toMatchObject({ type: 'proc', root: '/' })
  expect(mounts.some((each) => each.path === '/')).toBe(true)
})

test('a line is decoded with its escapes, with and without optional fields', () => {
  const text =
    '36 35 98:0 /mnt1 /mnt\\0402\\011\\134\\012\xff ro,noatime master:1 shared:2 - fuse.ssh\\040fs /dev/my\\043root rw,errors=continue\n' +
    '37 36 0:4294967295 / /a rw - tmpfs none rw,size=5\n' +
    '38 36 0:1 / /b rw - ext4 /dev/x ro\n' +
    '39 36 0:2 / /c rw - fuse.x x ro,user_id=1000,group_id=7\n'
  expect(decodeMountInfo(name(text))).toEqual([
    {
      ...{ id: 36, parentId: 35, devMajor: 98, devMinor: 0, root: '/mnt1', path: '/mnt 2\t\\\n\xff' },
      ...{ readOnly: true, type: 'fuse.ssh fs', source: '/dev/my#root', user: undefined },
    },
    {
      ...{ id: 37, parentId: 36, devMajor: 0, devMinor: 4_294_967_295, root: '/', path: '/a' },
      ...{ readOnly: false, type: 'tmpfs', source: 'none', user: undefined },
    },
    expect.objectContaining({ path: '/b', readOnly: true }),
    expect.objectContaining({ path: '/c', user: 1000 }),
  ])
})

test.each([
  '',
  'x',
  '36 35 98:0 / /a rw',
  '36 35 98 / /a rw - ext4 /dev/x rw',
  '36 35 98:0 / /a rw -',
  '36 35 98:0 / -',
])('the line %j is left out', (line) => {
  expect(decodeMountInfo(name(`${line}\n`))).toEqual([])
})
