import { assert } from '../base/assert.ts'
import { NAME_BYTES_MAX, XATTR_BYTES_MAX } from '../base/limits.ts'
import type { CborReader } from './cbor-reader.ts'
import type { CborWriter } from './cbor-writer.ts'
import type { ExtendedAttribute, HardLink, Hole, TreeEntry } from './tree.ts'

const XATTRS = 1
const LINK = 2
const HOLES = 3
const FLAGS = 4
const FLAGS_MAX = 0xffff_ffff
const LINK_GROUP_BYTES = 8

/** What few entries have, and the extension map of a tree entry therefore holds. */
export interface EntryExtensions {
  readonly xattrs: readonly ExtendedAttribute[]
  readonly link: HardLink | undefined
  readonly holes: readonly Hole[]
  readonly flags: number
}

const NONE: EntryExtensions = { xattrs: [], link: undefined, holes: [], flags: 0 }

/** Appends an entry's extension map: a key only for what the entry has. */
export function writeEntryExtensions(writer: CborWriter, entry: TreeEntry): void {
  const { xattrs, link, flags } = entry
  const holes = entry.kind === 'file' ? entry.holes : NONE.holes
  const count = +(xattrs.length > 0) + +(link !== undefined) + +(holes.length > 0) + +(flags !== 0)
  writer.writeMapHeader(count)
  if (count === 0) return
  if (xattrs.length > 0) writeXattrs(writer, xattrs)
  if (link !== undefined) {
    assert(link.group.length === LINK_GROUP_BYTES && link.count > 0, 'a hard link has a group and a count')
    writer.writeUint(LINK)
    writer.writeArrayHeader(2)
    writer.writeByteString(link.group)
    writer.writeUint(link.count)
  }
  if (holes.length > 0) {
    writer.writeUint(HOLES)
    writer.writeArrayHeader(holes.length)
    for (const hole of holes) {
      writer.writeArrayHeader(2)
      writer.writeUint(hole.offset)
      writer.writeUint(hole.length)
    }
  }
  if (flags !== 0) {
    assert(flags <= FLAGS_MAX, 'inode flags have 32 bits')
    writer.writeUint(FLAGS)
    writer.writeUint(flags)
  }
}

/** Reads an entry's extension map, passing over keys of later versions. `size` is the file's, or 0. */
export function readEntryExtensions(reader: CborReader, size: number): EntryExtensions {
  const count = reader.readMapHeader()
  if (count === 0) return NONE
  let { xattrs, link, holes, flags } = NONE
  let previous = -1
  for (let left = count; left > 0; left--) {
    const key = reader.readUint()
    if (key <= previous) throw reader.malformed("an entry's extensions are not in ascending order")
    previous = key
    if (key === XATTRS) xattrs = readXattrs(reader)
    else if (key === LINK) link = readLink(reader)
    else if (key === HOLES) holes = readHoles(reader, size)
    else if (key === FLAGS) flags = readFlags(reader)
    else reader.skip()
  }
  return { xattrs, link, holes, flags }
}

function writeXattrs(writer: CborWriter, xattrs: readonly ExtendedAttribute[]): void {
  writer.writeUint(XATTRS)
  writer.writeArrayHeader(xattrs.length)
  let previous = ''
  for (const { name, value } of xattrs) {
    assert(name > previous && name.length <= NAME_BYTES_MAX, 'extended attributes are in the order of their names')
    assert(value.byteLength <= XATTR_BYTES_MAX, 'an extended attribute is bounded')
    previous = name
    writer.writeArrayHeader(2)
    writer.writeByteString(name)
    writer.writeBytes(value)
  }
}

function readXattrs(reader: CborReader): ExtendedAttribute[] {
  const xattrs: ExtendedAttribute[] = []
  let previous = ''
  for (let left = reader.readArrayHeader(undefined, 1); left > 0; left--) {
    reader.readArrayHeader(2, 2)
    const name = reader.readByteString(NAME_BYTES_MAX, 1)
    if (name <= previous) throw reader.malformed('extended attributes are not in ascending order')
    previous = name
    xattrs.push({ name, value: reader.readBytes(XATTR_BYTES_MAX) })
  }
  return xattrs
}

function readLink(reader: CborReader): HardLink {
  reader.readArrayHeader(2, 2)
  const group = reader.readByteString(LINK_GROUP_BYTES, LINK_GROUP_BYTES)
  const count = reader.readUint(0xffff_ffff)
  if (count === 0) throw reader.malformed('a hard link counts no names')
  return { group, count }
}

function readHoles(reader: CborReader, size: number): Hole[] {
  const holes: Hole[] = []
  let end = 0
  for (let left = reader.readArrayHeader(undefined, 1); left > 0; left--) {
    reader.readArrayHeader(2, 2)
    const offset = reader.readUint(size)
    const length = reader.readUint(size - offset)
    if (offset < end || length === 0) throw reader.malformed('the holes of a file overlap or are empty')
    end = offset + length
    holes.push({ offset, length })
  }
  return holes
}

function readFlags(reader: CborReader): number {
  const flags = reader.readUint(FLAGS_MAX)
  // One meaning, one encoding: no flags are said by leaving the key out.
  if (flags === 0) throw reader.malformed('an entry spells out that it has no flags')
  return flags
}
