import { expect, test } from 'vitest'

import { byteStringOf } from '../../src/base/byte-string.ts'
import { formatMode, jsonEntry, longLine } from '../../src/cli/entry-format.ts'
import type { TreeEntry } from '../../src/format/tree.ts'

const TIME = { seconds: 1_795_248_299, nanoseconds: 5 }
const NAMES = { users: new Map([[1000, 'ada']]), groups: new Map<number, string>() }
const COMMON = {
  mode: 0o644,
  uid: 1000,
  gid: 7,
  mtime: TIME,
  ctime: TIME,
  birth: undefined,
  xattrs: [],
  flags: 0,
  link: undefined,
}

test.each([
  ['file', 0o644, '-rw-r--r--'],
  ['dir', 0o1777, 'drwxrwxrwt'],
  ['file', 0o4755, '-rwsr-xr-x'],
  ['file', 0o6644, '-rwSr-Sr--'],
  ['char', 0o1000, 'c--------T'],
  ['symlink', 0o777, 'lrwxrwxrwx'],
] as const)('a %s of mode %o is shown as %s', (kind, mode, text) => {
  expect(formatMode(kind, mode)).toBe(text)
})

test('a link is shown with its target, an unknown owner by number', () => {
  const entry: TreeEntry = { ...COMMON, kind: 'symlink', name: byteStringOf('l'), target: byteStringOf('a/ü') }
  expect(longLine(byteStringOf('/l'), entry, NAMES)).toMatch(/^lrw-r--r-- ada +7 +4 .* \/l -> a\/ü$/)
  expect(jsonEntry(byteStringOf('/l'), entry, NAMES)).toEqual({
    path: '/l',
    kind: 'symlink',
    mode: '0644',
    uid: 1000,
    gid: 7,
    user: 'ada',
    group: null,
    size: 4,
    mtime: '2026-11-21T08:04:59.000000005Z',
    target: 'a/ü',
  })
})

test('a device is shown with its numbers', () => {
  const entry: TreeEntry = { ...COMMON, kind: 'block', name: byteStringOf('d'), major: 8, minor: 1 }
  expect(longLine(byteStringOf('d'), entry, NAMES)).toMatch(/^brw-r--r-- .* 8, 1 .* d$/)
  expect(jsonEntry(byteStringOf('d'), entry, NAMES)).toMatchObject({ major: 8, minor: 1, size: 0 })
})
