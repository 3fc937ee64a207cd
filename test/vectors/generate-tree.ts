import type { ByteString } from '../../src/base/byte-string.ts'
import { byteString } from '../../src/base/byte-string.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { encodeCbor } from '../../src/format/cbor.ts'
import { CborWriter } from '../../src/format/cbor-writer.ts'
import { encodeList } from '../../src/format/list-codec.ts'
import { encodeTree } from '../../src/format/tree-codec.ts'
import { encodeTreeEntry } from '../../src/format/tree-entry-codec.ts'
import type { FileEntry, Tree, TreeEntry } from '../../src/format/tree.ts'
import type { VectorFile } from './vector-file.ts'
import { broken, counting, jsonOf } from './vector-file.ts'

const common = {
  mode: 0o644,
  uid: 1000,
  gid: 100,
  mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
  ctime: { seconds: 1_700_000_001, nanoseconds: 0 },
  birth: undefined,
  xattrs: [],
  flags: 0,
  link: undefined,
}

function file(name: string, changes: Partial<FileEntry> = {}): FileEntry {
  const content = { level: 0, ids: counting(32) }
  return { ...common, kind: 'file', name: name as ByteString, size: 5, content, holes: [], ...changes }
}

const every: readonly TreeEntry[] = [
  { ...common, kind: 'block', name: 'block' as ByteString, mode: 0o660, major: 8, minor: 1 },
  { ...common, kind: 'char', name: 'char' as ByteString, mode: 0o666, major: 1, minor: 3 },
  { ...common, kind: 'dir', name: 'dir' as ByteString, mode: 0o1777, trees: counting(64) },
  { ...common, kind: 'fifo', name: 'fifo' as ByteString },
  file('file'),
  { ...common, kind: 'socket', name: 'socket' as ByteString },
  { ...common, kind: 'symlink', name: 'symlink' as ByteString, mode: 0o777, target: '../elsewhere' as ByteString },
]

const users = new Map([
  [0, 'root'],
  [1000, 'ann'],
])
const groups = new Map([[100, 'users']])
const none = new Map<number, string>()

const GOOD: Readonly<Record<string, readonly [description: string, tree: Tree]>> = {
  empty: ['A directory without entries.', { entries: [], users: none, groups: none }],
  'every-kind': ['One entry of every kind, and the names of their owners.', { entries: every, users, groups }],
  'names-as-bytes': [
    'Names sort as bytes, the shorter first, and need not be UTF-8.',
    { entries: ['A', 'a', 'a.b', 'ab', '\u00c3\u00a9', '\u00ff'].map((name) => file(name)), users: none, groups: none },
  ],
  'empty-file': [
    'A file without bytes has no blobs.',
    { entries: [file('empty', { size: 0, content: { level: 0, ids: counting(0) } })], users: none, groups: none },
  ],
  'file-by-list': [
    'Content by one list blob, at level 1.',
    { entries: [file('big', { size: 10 ** 12, content: { level: 1, ids: counting(32) } })], users: none, groups: none },
  ],
  'times-before-1970': [
    'Seconds count down, nanoseconds up; the time of creation is known.',
    {
      entries: [
        file('old', {
          mtime: { seconds: -1, nanoseconds: 999_999_999 },
          birth: { seconds: -86_400, nanoseconds: 1 },
        }),
      ],
      users: none,
      groups: none,
    },
  ],
  'every-extension': [
    'Extended attributes, a hard link, holes and flags.',
    {
      entries: [
        file('sparse', {
          size: 1_000_000,
          holes: [
            { offset: 0, length: 4096 },
            { offset: 8192, length: 991_808 },
          ],
          link: { group: byteString(counting(8, 0xf0)), count: 2 },
          flags: 0x10,
          xattrs: [
            { name: 'security.capability' as ByteString, value: counting(20) },
            { name: 'user.empty' as ByteString, value: counting(0) },
          ],
        }),
      ],
      users: none,
      groups: none,
    },
  ],
}

type Items = Readonly<Record<number, CborValue>>

const BROKEN_ENTRIES: Readonly<Record<string, Items>> = {
  'name-empty': { 0: counting(0) },
  'name-dot': { 0: Uint8Array.of(0x2e) },
  'name-dot-dot': { 0: Uint8Array.of(0x2e, 0x2e) },
  'name-with-slash': { 0: Uint8Array.of(0x61, 0x2f, 0x62) },
  'name-with-nul': { 0: Uint8Array.of(0x61, 0x00) },
  'name-too-long': { 0: new Uint8Array(256).fill(0x61) },
  'kind-unknown': { 1: 8 },
  'mode-beyond-12-bits': { 2: 0o10000 },
  'nanoseconds-out-of-range': { 6: 1_000_000_000 },
  'birth-half-known': { 10: 5 },
  'blob-id-cut-short': { 11: [5, 0, counting(31)] },
  'list-without-ids': { 11: [5, 1, counting(0)] },
  'directory-without-trees': { 1: 2, 11: counting(0) },
  'attributes-out-of-order': {
    12: new Map([
      [
        1,
        [
          [Uint8Array.of(0x62), counting(1)],
          [Uint8Array.of(0x61), counting(1)],
        ],
      ],
    ]),
  },
  'hole-beyond-the-end': { 12: new Map([[3, [[4, 2]]]]) },
  'flags-zero': { 12: new Map([[4, 0]]) },
}

export function generate(): VectorFile[] {
  const a = file('a')
  const b = file('b')
  const trees = Object.entries(GOOD).map(([name, [description, tree]]) => ({
    path: `tree/${name}.json`,
    content: { description, tree: jsonOf(tree), bytes: jsonOf(encoded(tree)) },
  }))
  return [
    ...trees,
    {
      path: 'tree/extensions-of-a-later-version.json',
      content: {
        description: 'Unknown extensions of an entry and of the tree are passed over.',
        tree: jsonOf({ entries: [a], users: none, groups: none }),
        bytes: jsonOf(
          encodeCbor([[entryItems({ 12: new Map([[9, 'later']]) })], none, none, new Map([[1, ['later']]])]),
        ),
      },
    },
    ...Object.entries(BROKEN_ENTRIES).map(([name, changes]) => {
      return broken(`tree/${name}.json`, encodeCbor([[entryItems(changes)], none, none, none]), 'MALFORMED')
    }),
    broken('tree/names-out-of-order.json', spliced(b, a), 'MALFORMED'),
    broken('tree/name-twice.json', spliced(a, a), 'MALFORMED'),
    broken('tree/cut-short.json', encoded({ entries: [a], users: none, groups: none }).subarray(0, -1), 'MALFORMED'),
    ...lists(),
  ]
}

function lists(): VectorFile[] {
  return [
    {
      path: 'list/two-ids.json',
      content: {
        description: 'The ids of two blobs, one after the other.',
        ids: [jsonOf(counting(32)), jsonOf(counting(32, 32))],
        bytes: jsonOf(encodeList(counting(64))),
      },
    },
    broken('list/empty.json', counting(0), 'MALFORMED'),
    broken('list/id-cut-short.json', counting(63), 'MALFORMED'),
  ]
}

/** The items of entry `a`, some of them exchanged. */
function entryItems(changes: Items): CborValue[] {
  const { mode, uid, gid, mtime, ctime } = common
  const times = [mtime.seconds, mtime.nanoseconds, ctime.seconds, ctime.nanoseconds, null, null]
  const items: CborValue[] = [Uint8Array.of(0x61), 1, mode, uid, gid, ...times, [5, 0, counting(32)], new Map()]
  for (const [index, item] of Object.entries(changes)) items[Number(index)] = item
  return items
}

function encoded({ entries, users: owners, groups: owningGroups }: Tree): Uint8Array {
  return encodeTree({ entries: entries.map(encodedEntry), users: owners, groups: owningGroups })
}

/** A tree whose entries the encoder would refuse to put in this order. */
function spliced(...entries: TreeEntry[]): Uint8Array {
  const count = 0x80 | entries.length
  return Buffer.concat([Buffer.of(0x84, count), ...entries.map(encodedEntry), Buffer.of(0xa0, 0xa0, 0xa0)])
}

function encodedEntry(entry: TreeEntry): Uint8Array {
  const writer = new CborWriter()
  encodeTreeEntry(writer, entry)
  return writer.bytes()
}
