import { assert } from '../base/assert.ts'
import type { ByteString } from '../base/byte-string.ts'
import { BLOB_BYTES_MAX, NAME_BYTES_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { skipExtensions } from './extensions.ts'
import { readTreeEntry, skipTreeEntry } from './tree-entry-codec.ts'
import type { Tree, TreeEntry } from './tree.ts'

const TREE_ITEMS = 4
const ID_MAX = 0xffff_ffff
/** Bytes of a user's or group's name. */
const OWNER_NAME_BYTES_MAX = NAME_BYTES_MAX

export interface EncodedTree {
  /** What `encodeTreeEntry` made, or slices of other trees, in the order of their names; each holds one entry or more. */
  readonly entries: readonly Uint8Array[]
  /** How many entries they hold; one each by default. */
  readonly count?: number
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
}

/** A tree blob whose entries were found but not decoded. */
export interface ScannedTree {
  readonly names: readonly ByteString[]
  /** One more than there are names: entry i is bytes [offsets[i], offsets[i + 1]). */
  readonly offsets: readonly number[]
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
}

/**
 * Returns the plaintext of a tree blob.
 *
 * Ownership: freshly allocated. Entries out of order, or more than BLOB_BYTES_MAX bytes, are an assertion failure.
 * @see docs/format.md, "Tree"
 */
export function encodeTree(tree: EncodedTree): Uint8Array {
  let bytesExpected = 64
  for (const entry of tree.entries) bytesExpected += entry.byteLength
  const writer = new CborWriter(bytesExpected)
  writer.writeArrayHeader(TREE_ITEMS)
  writer.writeArrayHeader(tree.count ?? tree.entries.length)
  for (const entry of tree.entries) writer.raw(entry)
  writeOwners(writer, tree.users)
  writeOwners(writer, tree.groups)
  writer.writeMapHeader(0)
  const bytes = writer.bytes()
  assert(bytes.byteLength <= BLOB_BYTES_MAX, 'a tree fits a blob')
  return bytes
}

/**
 * Returns the tree that `bytes` encode.
 *
 * Ownership: ids and values of attributes are views into `bytes`, which therefore stay unchanged while the tree is used.
 * @throws {IntegrityError} MALFORMED: among others, a name that a directory cannot hold, or names out of order or twice.
 * @see docs/format.md, "Tree"
 */
export function decodeTree(bytes: Uint8Array): Tree {
  const entries: TreeEntry[] = []
  const { users, groups } = readTree(bytes, (reader) => {
    const entry = readTreeEntry(reader)
    entries.push(entry)
    return entry.name
  })
  return { entries, users, groups }
}

/**
 * Finds the entries of a tree without decoding them: their names are checked as `decodeTree` checks them, the rest only
 * for its shape.
 *
 * @throws {IntegrityError} MALFORMED
 */
export function scanTree(bytes: Uint8Array): ScannedTree {
  const names: ByteString[] = []
  const offsets: number[] = []
  const { users, groups, entriesEnd } = readTree(bytes, (reader) => {
    offsets.push(reader.position)
    const name = skipTreeEntry(reader)
    names.push(name)
    return name
  })
  offsets.push(entriesEnd)
  return { names, offsets, users, groups }
}

/**
 * Returns the entry that starts at `offset` of a tree blob, as `scanTree` found it.
 *
 * Ownership: as `decodeTree`.
 * @throws {IntegrityError} MALFORMED
 */
export function decodeTreeEntryAt(bytes: Uint8Array, offset: number): TreeEntry {
  return readTreeEntry(new CborReader(bytes, 'tree', offset))
}

interface Owners {
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
  readonly entriesEnd: number
}

function readTree(bytes: Uint8Array, readEntry: (reader: CborReader) => ByteString): Owners {
  const reader = new CborReader(bytes, 'tree')
  if (bytes.byteLength > BLOB_BYTES_MAX) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  reader.readArrayHeader(TREE_ITEMS, TREE_ITEMS)
  let previous = ''
  for (let left = reader.readArrayHeader(); left > 0; left--) {
    const name = readEntry(reader)
    if (name <= previous) throw reader.malformed('its entries are not in ascending order of their names')
    previous = name
  }
  const entriesEnd = reader.position
  const users = readOwners(reader)
  const groups = readOwners(reader)
  skipExtensions(reader)
  reader.expectEnd()
  return { users, groups, entriesEnd }
}

function writeOwners(writer: CborWriter, owners: ReadonlyMap<number, string>): void {
  writer.writeMapHeader(owners.size)
  for (const [id, name] of [...owners].sort(([a], [b]) => a - b)) {
    assert(id <= ID_MAX && name !== '', 'user and group numbers have 32 bits and a name')
    writer.writeUint(id)
    writer.writeText(name)
  }
}

function readOwners(reader: CborReader): Map<number, string> {
  const owners = new Map<number, string>()
  let previous = -1
  for (let left = reader.readMapHeader(); left > 0; left--) {
    const id = reader.readUint(ID_MAX)
    if (id <= previous) throw reader.malformed('users or groups are not in ascending order')
    previous = id
    owners.set(id, reader.readText(OWNER_NAME_BYTES_MAX, 1))
  }
  return owners
}
