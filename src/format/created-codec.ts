import { assert } from '../base/assert.ts'
import type { ByteString } from '../base/byte-string.ts'
import type { Timespec } from '../base/clock.ts'
import { DEEP_PATH_BYTES_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import type { CborWriter } from './cbor-writer.ts'
import { readTime, writeTime } from './record-fields.ts'
import type { EntryKind } from './tree.ts'

const ITEMS = 4
const KINDS: readonly EntryKind[] = ['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block']

/** An entry that a restore creates, as it is once it is restored. */
export interface CreatedEntry {
  /** Absolute, without `.` and `..`. */
  readonly path: ByteString
  readonly kind: EntryKind
  /** Of a file, in bytes; otherwise 0. */
  readonly size: number
  readonly mtime: Timespec
}

/** Appends one item of the list that an undo point has of what its restore created. */
export function writeCreated(writer: CborWriter, { path, kind, size, mtime }: CreatedEntry): void {
  assert(isPlainPath(path), 'what a restore creates has an absolute path')
  writer.writeArrayHeader(ITEMS)
  writer.writeByteString(path)
  writer.writeUint(KINDS.indexOf(kind) + 1)
  writer.writeUint(size)
  writeTime(writer, mtime)
}

/**
 * Returns the list that `bytes` encode.
 *
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "Point"
 */
export function decodeCreated(bytes: Uint8Array): CreatedEntry[] {
  const reader = new CborReader(bytes, 'list of what a restore created')
  const entries: CreatedEntry[] = []
  while (reader.remaining > 0) {
    reader.readArrayHeader(ITEMS, ITEMS)
    const path = reader.readByteString(DEEP_PATH_BYTES_MAX, 1)
    // Whatever has one of these paths may be deleted.
    if (!isPlainPath(path)) throw reader.malformed('a path is not absolute')
    const kind = KINDS[reader.readUint() - 1]
    if (kind === undefined) throw reader.malformed('an entry is of an unknown kind')
    entries.push({ path, kind, size: reader.readUint(), mtime: readTime(reader) })
  }
  return entries
}

function isPlainPath(path: ByteString): boolean {
  if (!path.startsWith('/') || path.includes('\0')) return false
  return path
    .split('/')
    .slice(1)
    .every((name) => name !== '' && name !== '.' && name !== '..')
}
