import { assert, unreachable } from '../base/assert.ts'
import type { ByteString } from '../base/byte-string.ts'
import type { Timespec } from '../base/clock.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import { NAME_BYTES_MAX, PATH_BYTES_MAX } from '../base/limits.ts'
import type { CborReader } from './cbor-reader.ts'
import { CBOR_NULL, type CborWriter } from './cbor-writer.ts'
import { readEntryExtensions, writeEntryExtensions } from './entry-extensions.ts'
import { entryNameProblem } from './entry-name.ts'
import { LIST_IDS_MAX, LIST_LEVELS_MAX } from './list-codec.ts'
import type { EntryKind, TreeEntry } from './tree.ts'

/** Items of an entry's array. */
const ENTRY_ITEMS = 13

const KINDS: readonly EntryKind[] = ['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block']
const KIND_NUMBERS: Readonly<Record<EntryKind, number>> = {
  file: 1,
  dir: 2,
  symlink: 3,
  fifo: 4,
  socket: 5,
  char: 6,
  block: 7,
}
const MODE_MAX = 0o7777
const UINT32_MAX = 0xffff_ffff
const NANOSECONDS_MAX = 999_999_999
const IDS_BYTES_MAX = LIST_IDS_MAX * BLOB_ID_BYTES

/**
 * Appends one entry's bytes, which may be spliced into any tree as they are.
 *
 * What no directory can hold (a name with a slash, a time with 2 * 10^9 nanoseconds) is an assertion failure.
 * @see docs/format.md, "Tree"
 */
export function encodeTreeEntry(writer: CborWriter, entry: TreeEntry): void {
  assert(entryNameProblem(entry.name) === undefined, 'an entry has a name that a directory can hold')
  assert(entry.mode >= 0 && entry.mode <= MODE_MAX, 'a mode has 12 bits')
  assert(entry.uid <= UINT32_MAX && entry.gid <= UINT32_MAX, 'user and group numbers have 32 bits')
  writer.writeArrayHeader(ENTRY_ITEMS)
  writer.writeByteString(entry.name)
  writer.writeUint(KIND_NUMBERS[entry.kind])
  writer.writeUint(entry.mode)
  writer.writeUint(entry.uid)
  writer.writeUint(entry.gid)
  writeTime(writer, entry.mtime)
  writeTime(writer, entry.ctime)
  if (entry.birth === undefined) {
    writer.writeNull()
    writer.writeNull()
  } else {
    writeTime(writer, entry.birth)
  }
  writePayload(writer, entry)
  writeEntryExtensions(writer, entry)
}

/**
 * Reads one entry. Ownership: ids and values of attributes are views into the reader's input.
 *
 * @throws {IntegrityError} MALFORMED
 */
export function readTreeEntry(reader: CborReader): TreeEntry {
  const name = readEntryName(reader)
  const kind = KINDS[reader.readUint() - 1]
  if (kind === undefined) throw reader.malformed('an entry is of an unknown kind')
  const mode = reader.readUint(MODE_MAX)
  const uid = reader.readUint(UINT32_MAX)
  const gid = reader.readUint(UINT32_MAX)
  const mtime = readTime(reader)
  const ctime = readTime(reader)
  const birth = readOptionalTime(reader)
  switch (kind) {
    case 'file': {
      reader.readArrayHeader(3, 3)
      const size = reader.readUint()
      const level = reader.readUint(LIST_LEVELS_MAX)
      // A file without bytes has no blobs; a list always names some.
      const content = { level, ids: readIds(reader, level === 0 ? 0 : 1) }
      const { xattrs, link, holes, flags } = readEntryExtensions(reader, size)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, size, content, holes }
    }
    case 'dir': {
      const trees = readIds(reader, 1)
      const { xattrs, link, flags } = readOtherExtensions(reader)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, trees }
    }
    case 'symlink': {
      const target = reader.readByteString(PATH_BYTES_MAX, 1)
      if (target.includes('\0')) throw reader.malformed('the target of a symbolic link contains a NUL')
      const { xattrs, link, flags } = readOtherExtensions(reader)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, target }
    }
    case 'char':
    case 'block': {
      reader.readArrayHeader(2, 2)
      const major = reader.readUint(UINT32_MAX)
      const minor = reader.readUint(UINT32_MAX)
      const { xattrs, link, flags } = readOtherExtensions(reader)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, major, minor }
    }
    case 'fifo':
    case 'socket': {
      reader.readNull()
      const { xattrs, link, flags } = readOtherExtensions(reader)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link }
    }
    default:
      return unreachable(kind)
  }
}

/** Steps over one entry, checking its name and shape only, and returns the name. */
export function skipTreeEntry(reader: CborReader): ByteString {
  const name = readEntryName(reader)
  for (let left = ENTRY_ITEMS - 1; left > 0; left--) reader.skip()
  return name
}

function readEntryName(reader: CborReader): ByteString {
  reader.readArrayHeader(ENTRY_ITEMS, ENTRY_ITEMS)
  const name = reader.readByteString(NAME_BYTES_MAX)
  const problem = entryNameProblem(name)
  if (problem !== undefined) throw reader.malformed(problem)
  return name
}

function writePayload(writer: CborWriter, entry: TreeEntry): void {
  switch (entry.kind) {
    case 'file': {
      const { level, ids } = entry.content
      assert(ids.byteLength % BLOB_ID_BYTES === 0 && ids.byteLength <= IDS_BYTES_MAX, 'content is whole blob ids')
      assert(level === 0 || (level <= LIST_LEVELS_MAX && ids.byteLength > 0), 'a list names some blobs')
      writer.writeArrayHeader(3)
      writer.writeUint(entry.size)
      writer.writeUint(level)
      writer.writeBytes(ids)
      return
    }
    case 'dir':
      assert(entry.trees.byteLength > 0 && entry.trees.byteLength % BLOB_ID_BYTES === 0, 'a directory has tree blobs')
      writer.writeBytes(entry.trees)
      return
    case 'symlink':
      assert(entry.target.length > 0 && entry.target.length <= PATH_BYTES_MAX, 'a symbolic link has a target')
      writer.writeByteString(entry.target)
      return
    case 'char':
    case 'block':
      writer.writeArrayHeader(2)
      writer.writeUint(entry.major)
      writer.writeUint(entry.minor)
      return
    case 'fifo':
    case 'socket':
      writer.writeNull()
      return
    default:
      unreachable(entry)
  }
}

function readIds(reader: CborReader, countMin: number): Uint8Array {
  const ids = reader.readBytes(IDS_BYTES_MAX, countMin * BLOB_ID_BYTES)
  if (ids.byteLength % BLOB_ID_BYTES !== 0) throw reader.malformed(`${ids.byteLength} bytes are not whole blob ids`)
  return ids
}

function readOtherExtensions(reader: CborReader): ReturnType<typeof readEntryExtensions> {
  // A hole of an entry that has no size lies outside it.
  return readEntryExtensions(reader, 0)
}

function writeTime(writer: CborWriter, time: Timespec): void {
  assert(time.nanoseconds >= 0 && time.nanoseconds <= NANOSECONDS_MAX, 'nanoseconds are below a second')
  writer.writeInt(time.seconds)
  writer.writeUint(time.nanoseconds)
}

function readTime(reader: CborReader): Timespec {
  const seconds = reader.readInt()
  return { seconds, nanoseconds: reader.readUint(NANOSECONDS_MAX) }
}

function readOptionalTime(reader: CborReader): Timespec | undefined {
  if (reader.peek() !== CBOR_NULL) return readTime(reader)
  reader.readNull()
  reader.readNull()
  return undefined
}
