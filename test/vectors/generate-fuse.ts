import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import type { Json, VectorFile } from './vector-file.ts'
import { jsonOf } from './vector-file.ts'

// Messages of the FUSE protocol, laid out by hand as the structures of linux/fuse.h say: nothing of fuse/ takes part.

type Field = readonly ['u16' | 'u32' | 'u64', number | bigint] | Uint8Array

/** Returns the fields of a structure one after the other, little-endian. */
function layout(...fields: readonly Field[]): Uint8Array {
  return concatBytes(...fields.map((field) => (field instanceof Uint8Array ? field : number(field))))
}

const BYTES = { u16: 2, u32: 4, u64: 8 } as const

function number([type, value]: Exclude<Field, Uint8Array>): Uint8Array {
  return Uint8Array.from({ length: BYTES[type] }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn))
}

const u16 = (value: number): Field => ['u16', value]
const u32 = (value: number): Field => ['u32', value]
const u64 = (value: number | bigint): Field => ['u64', value]

/** Unlike any other number in the vectors, and with a high half: kernels count on for years. */
const UNIQUE = 0x1122_3344_5566_7788n
const NODE = 0x1_0000_0042
const asked = { unique: UNIQUE.toString(16), nodeId: NODE, uid: 1000, gid: 1001, pid: 4321 }

interface RequestCase {
  readonly opcode: number
  readonly body: Uint8Array
  readonly description: string
  /** What the body says. */
  readonly says?: Readonly<Record<string, Json>>
  /** The name of the error number that a broken one is answered with. */
  readonly error?: string
  /** What the header says of its length instead of the truth, and of extensions. */
  readonly length?: number
  readonly extensionUnits?: number
}

function request(name: string, { opcode, body, description, says, error, ...header }: RequestCase): VectorFile {
  const { length = 40 + body.byteLength, extensionUnits = 0 } = header
  const bytes = layout(
    ...[u32(length), u32(opcode), u64(UNIQUE), u64(NODE)],
    ...[u32(asked.uid), u32(asked.gid), u32(asked.pid), u16(extensionUnits), u16(0)],
    body,
  )
  const outcome: Record<string, Json> =
    error === undefined ? { request: { opcode, ...asked }, body: says ?? {} } : { error }
  return { path: `fuse/${name}.json`, content: { description, bytes: jsonOf(bytes), ...outcome } }
}

const cString = (text: string): Uint8Array => utf8(`${text}\0`)
const read = layout(u64(7), u64(0x1_0000_1000), u32(131_072), u32(0), u64(0), u32(0o100000), u32(0))
const readSays = { handle: 7, offset: 0x1_0000_1000, size: 131_072 }
const nothing = new Uint8Array(0)
const initIn = layout(u32(7), u32(45), u32(131_072), u32(0x73ff_fffb), u32(0xff), new Uint8Array(44))
const initOld = layout(u32(7), u32(23), u32(131_072), u32(0x0000_ffff))

const requests: readonly VectorFile[] = [
  request('request-lookup', {
    ...{ opcode: 1, body: cString('größe'), description: 'LOOKUP: one name, NUL-terminated.' },
    says: { name: jsonOf(utf8('größe')) },
  }),
  request('request-lookup-bytes', {
    ...{ opcode: 1, body: Uint8Array.of(0xff, 0x20, 0x0a, 0), description: 'LOOKUP of a name that is no text.' },
    says: { name: 'ff200a' },
  }),
  request('request-lookup-with-extension', {
    ...{ opcode: 1, body: concatBytes(cString('a'), new Uint8Array(16).fill(9)), extensionUnits: 2 },
    description: 'Extensions behind the body, counted in the header in units of 8 bytes, are not part of it.',
    says: { name: '61' },
  }),
  request('request-lookup-empty', { opcode: 1, body: Uint8Array.of(0), description: 'Broken: no name.', error: 'EIO' }),
  request('request-lookup-unterminated', { opcode: 1, body: utf8('ab'), description: 'Broken: no NUL.', error: 'EIO' }),
  request('request-lookup-nul-inside', {
    opcode: 1,
    body: utf8('a\0b\0'),
    description: 'Broken: two NULs.',
    error: 'EIO',
  }),
  request('request-lookup-slash', { opcode: 1, body: cString('a/b'), description: 'Broken: a path.', error: 'EINVAL' }),
  request('request-lookup-long', {
    ...{
      opcode: 1,
      body: cString('n'.repeat(1025)),
      description: 'Broken: longer than any name.',
      error: 'ENAMETOOLONG',
    },
  }),
  request('request-forget', { opcode: 2, body: layout(u64(3)), description: 'FORGET.', says: { lookups: 3 } }),
  request('request-getattr', {
    ...{ opcode: 3, body: layout(u32(1), u32(0), u64(7)), description: 'GETATTR: the node in the header says all.' },
  }),
  request('request-readlink', { opcode: 5, body: nothing, description: 'READLINK: no body.' }),
  request('request-open', {
    ...{ opcode: 14, body: layout(u32(0o100000), u32(0)), description: 'OPEN.', says: { flags: 0o100000 } },
  }),
  request('request-read', { opcode: 15, body: read, description: 'READ, beyond 4 GiB.', says: readSays }),
  request('request-read-short', {
    opcode: 15,
    body: read.subarray(0, 32),
    description: 'Broken: cut short.',
    error: 'EIO',
  }),
  request('request-statfs', { opcode: 17, body: nothing, description: 'STATFS: no body.' }),
  request('request-release', {
    ...{ opcode: 18, body: layout(u64(7), u32(0), u32(0), u64(0)), description: 'RELEASE.', says: { handle: 7 } },
  }),
  request('request-getxattr', {
    ...{
      opcode: 22,
      body: layout(u32(256), u32(0), cString('user.a/b')),
      description: 'GETXATTR; its name may have a slash.',
    },
    says: { size: 256, name: jsonOf(utf8('user.a/b')) },
  }),
  request('request-getxattr-nameless', {
    ...{ opcode: 22, body: layout(u32(256), u32(0)), description: 'Broken: no name.', error: 'EIO' },
  }),
  request('request-listxattr', {
    ...{
      opcode: 23,
      body: layout(u32(0), u32(0)),
      description: 'LISTXATTR that asks for a length.',
      says: { size: 0 },
    },
  }),
  request('request-flush', {
    ...{ opcode: 25, body: layout(u64(7), u32(0), u32(0), u64(9)), description: 'FLUSH.', says: { handle: 7 } },
  }),
  request('request-init', {
    ...{ opcode: 26, body: initIn, description: 'INIT of Linux 6.18.' },
    says: { major: 7, minor: 45, maxReadaheadBytes: 131_072, flags: 0x73ff_fffb },
  }),
  request('request-init-before-5.17', {
    ...{ opcode: 26, body: initOld, description: 'INIT without what Linux 5.17 added.' },
    says: { major: 7, minor: 23, maxReadaheadBytes: 131_072, flags: 0xffff },
  }),
  request('request-init-short', {
    opcode: 26,
    body: initOld.subarray(0, 8),
    description: 'Broken: versions alone.',
    error: 'EIO',
  }),
  request('request-readdir', { opcode: 28, body: read, description: 'READDIR.', says: readSays }),
  request('request-readdirplus', { opcode: 44, body: read, description: 'READDIRPLUS.', says: readSays }),
  request('request-access', {
    ...{ opcode: 34, body: layout(u32(5), u32(0)), description: 'ACCESS for reading and running.', says: { mask: 5 } },
  }),
  request('request-interrupt', {
    ...{ opcode: 36, body: layout(u64(UNIQUE + 2n)), description: 'INTERRUPT of another request.' },
    says: { unique: (UNIQUE + 2n).toString(16) },
  }),
  request('request-destroy', { opcode: 38, body: nothing, description: 'DESTROY: no body.' }),
  request('request-batch-forget', {
    ...{ opcode: 42, body: layout(u32(2), u32(0), u64(5), u64(1), u64(NODE), u64(9)), description: 'BATCH_FORGET.' },
    says: {
      forgotten: [
        { nodeId: 5, lookups: 1 },
        { nodeId: NODE, lookups: 9 },
      ],
    },
  }),
  request('request-batch-forget-short', {
    ...{
      opcode: 42,
      body: layout(u32(3), u32(0), u64(5), u64(1), u64(6), u64(1)),
      description: 'Broken: three in the bytes of two.',
    },
    error: 'EIO',
  }),
  request('request-lseek', {
    ...{ opcode: 46, body: layout(u64(7), u64(4096), u32(4), u32(0)), description: 'LSEEK for the next hole.' },
    says: { handle: 7, offset: 4096, whence: 4 },
  }),
  request('request-length', {
    opcode: 17,
    body: nothing,
    length: 48,
    description: 'Broken: says more than there is.',
    error: 'EIO',
  }),
  request('request-extension-too-long', {
    ...{
      opcode: 17,
      body: new Uint8Array(8),
      extensionUnits: 2,
      description: 'Broken: extensions reach into the header.',
      error: 'EIO',
    },
  }),
]

interface ReplyCase {
  readonly error?: number
  readonly body: Uint8Array
  readonly description: string
  readonly unique?: bigint
  /** What the message is made of. */
  readonly from: Readonly<Record<string, Json>>
}

function reply(name: string, { error = 0, body, description, unique = UNIQUE, from }: ReplyCase): VectorFile {
  const bytes = layout(u32(16 + body.byteLength), u32(error), u64(unique), body)
  return { path: `fuse/${name}.json`, content: { description, ...from, bytes: jsonOf(bytes) } }
}

const attributes = {
  ...{ ino: 0x2_0000_0003, size: 0x1_0000_0005, blocks: 16 },
  atime: { seconds: 1_700_000_001, nanoseconds: 1 },
  mtime: { seconds: 1_700_000_002, nanoseconds: 999_999_999 },
  ctime: { seconds: -2, nanoseconds: 3 },
  ...{ mode: 0o100644, nlink: 2, uid: 1000, gid: 1001, rdev: 0x1234, blksize: 4096 },
}

function attr(ino: number): Uint8Array {
  const { size, blocks, atime, mtime, ctime, mode, nlink, uid, gid, rdev, blksize } = attributes
  return layout(
    ...[u64(ino), u64(size), u64(blocks)],
    ...[u64(atime.seconds), u64(mtime.seconds), u64(ctime.seconds)],
    ...[u32(atime.nanoseconds), u32(mtime.nanoseconds), u32(ctime.nanoseconds)],
    ...[u32(mode), u32(nlink), u32(uid), u32(gid), u32(rdev), u32(blksize), u32(0)],
  )
}

const entry = { nodeId: NODE, ino: 77, entryValidSeconds: 1.5, attrValidSeconds: 3600, attributes }
const entryBytes = layout(u64(NODE), u64(0), u64(1), u64(3600), u32(500_000_000), u32(0), attr(77))
const dirent = { ino: 77, next: 0x1_0000_0001, type: 8, name: jsonOf(utf8('größe.txt')) }
const direntName = utf8('größe.txt')
const direntOut = layout(u64(77), u64(0x1_0000_0001), u32(direntName.byteLength), u32(8), direntName, new Uint8Array(5))

const replies: readonly VectorFile[] = [
  reply('reply-error', {
    error: -2,
    body: nothing,
    description: 'ENOENT, as -2.',
    from: { reply: 'failure', errno: 2 },
  }),
  reply('reply-entry', { body: entryBytes, description: 'LOOKUP found it.', from: { reply: 'entry', entry } }),
  reply('reply-entry-for-ever', {
    body: layout(u64(NODE), u64(0), u64(2 ** 31 - 1), u64(2 ** 31 - 1), u32(0), u32(0), attr(77)),
    description: 'An entry that stays valid: as long as the kernel can count, about 68 years.',
    from: { reply: 'entry', entry: { ...entry, entryValidSeconds: 'Infinity', attrValidSeconds: 'Infinity' } },
  }),
  reply('reply-negative-entry', {
    body: layout(u64(0), u64(0), u64(2), u64(0), new Uint8Array(96)),
    description: 'LOOKUP of what is not there, and will not be for two seconds: node 0.',
    from: { reply: 'negativeEntry', validSeconds: 2 },
  }),
  reply('reply-attr', {
    body: layout(u64(3600), u32(0), u32(0), attr(77)),
    description: 'GETATTR.',
    from: { reply: 'attr', entry },
  }),
  reply('reply-dirent', {
    body: direntOut,
    description: 'READDIR: padded to 8 bytes.',
    from: { reply: 'dirent', dirent },
  }),
  reply('reply-direntplus', {
    body: concatBytes(entryBytes, direntOut),
    description: 'READDIRPLUS: an entry and its name.',
    from: { reply: 'direntplus', entry, dirent },
  }),
  reply('reply-open', {
    body: layout(u64(9), u32(2), u32(0)),
    description: 'OPEN.',
    from: { reply: 'open', handle: 9, flags: 2 },
  }),
  reply('reply-xattr-size', {
    body: layout(u32(300), u32(0)),
    description: 'GETXATTR of size 0.',
    from: { reply: 'xattrSize', size: 300 },
  }),
  reply('reply-lseek', {
    ...{ body: layout(u64(0x1_0000_0000)), description: 'LSEEK.', from: { reply: 'seek', offset: 0x1_0000_0000 } },
  }),
  reply('reply-statfs', {
    body: layout(
      ...[u64(1000), u64(0), u64(0), u64(42), u64(0)],
      ...[u32(4096), u32(255), u32(4096), u32(0)],
      new Uint8Array(24),
    ),
    description: 'STATFS.',
    from: { reply: 'statfs', size: { blocks: 1000, blocksFree: 0, files: 42, blockBytes: 4096, nameBytesMax: 255 } },
  }),
  reply('reply-bytes', {
    body: utf8('../a'),
    description: 'READLINK.',
    from: { reply: 'bytes', bytesOf: jsonOf(utf8('../a')) },
  }),
  reply('reply-init', {
    body: layout(
      ...[u32(7), u32(45), u32(131_072), u32(0x1c6_3001), u16(64), u16(48), u32(4096), u32(1), u16(256), u16(0)],
      new Uint8Array(32),
    ),
    description: 'INIT: 1 MiB a request (256 pages), nothing written, times to the nanosecond.',
    from: { reply: 'init', offer: { major: 7, minor: 45, maxReadaheadBytes: 131_072, flags: 0x73ff_fffb } },
  }),
  reply('reply-init-later-major', {
    body: layout(u32(7), u32(45), new Uint8Array(56)),
    description: 'INIT of a kernel that speaks a later major version: it comes again with ours.',
    from: { reply: 'init', offer: { major: 8, minor: 0, maxReadaheadBytes: 131_072, flags: 1 } },
  }),
]

function notification(
  name: string,
  { error, body, description, from }: ReplyCase & { readonly error: number },
): VectorFile {
  return reply(name, { error, body, description, unique: 0n, from })
}

const notifications: readonly VectorFile[] = [
  notification('notify-invalid-node', {
    ...{ error: 2, body: layout(u64(NODE), u64(0), u64(0)), description: 'INVAL_INODE, from byte 0 to the end.' },
    from: { notification: 'node', node: NODE },
  }),
  notification('notify-invalid-entry', {
    ...{ error: 3, body: layout(u64(NODE), u32(6), u32(0), cString('größ')), description: 'INVAL_ENTRY.' },
    from: { notification: 'entry', parent: NODE, name: jsonOf(utf8('größ')) },
  }),
  notification('notify-store', {
    error: 4,
    body: layout(u64(NODE), u64(4096), u32(3), u32(0), utf8('abc')),
    description: 'STORE: three bytes of a file, which lie behind the header already.',
    from: { notification: 'store', node: NODE, offset: 4096, data: '616263' },
  }),
]

export function generate(): VectorFile[] {
  return [...requests, ...replies, ...notifications]
}
