import { ATTR_BYTES, ATTR_OUT_BYTES, DIRENT_BYTES, ENTRY_OUT_BYTES, OUT_HEADER_BYTES } from './constants.ts'
import type { MessageBuffer } from './message-buffer.ts'
import type { Request } from './request.ts'

// Replies are written into the caller's buffer, nothing is allocated. The body of a reply begins at byte
// OUT_HEADER_BYTES; `encodeReply` comes last and puts the header before it. Every place is a multiple of 8.

const BODY = OUT_HEADER_BYTES
const NANOSECONDS = 1e9
/** About 68 years: the kernel counts in jiffies and wants no more. */
const VALID_SECONDS_MAX = 2 ** 31 - 1

/** Writes `fuse_out_header` of a reply with `bodyBytes` behind it. Returns the whole reply's length in bytes. */
export function encodeReply(message: MessageBuffer, request: Request, bodyBytes: number): number {
  return encodeHeader(message, request, OUT_HEADER_BYTES + bodyBytes, 0)
}

/** Writes the reply that says no; `errno` is positive. Returns its length in bytes. */
export function encodeFailure(message: MessageBuffer, request: Request, errno: number): number {
  return encodeHeader(message, request, OUT_HEADER_BYTES, -errno)
}

function encodeHeader(message: MessageBuffer, request: Request, length: number, error: number): number {
  const { words } = message
  words[0] = length
  words[1] = error
  words[2] = request.uniqueLow
  words[3] = request.uniqueHigh
  return length
}

/** Where `fuse_attr` of a node lies, ready to be copied: `words` from index `at` on. */
export interface AttributeWords {
  words: Uint32Array
  at: number
}

/** `fuse_entry_out`; one object is filled again for every entry. */
export interface EntryOut {
  nodeId: number
  /** Takes the place of the copied one: the same directory shown twice is two nodes. */
  ino: number
  /** How long the kernel may believe the name, and the attributes; Infinity is as long as it can. */
  entryValidSeconds: number
  attrValidSeconds: number
  readonly attributes: AttributeWords
}

/** Writes `fuse_entry_out`, ENTRY_OUT_BYTES long, at byte `place`: the body of LOOKUP. Returns its length. */
export function encodeEntry(message: MessageBuffer, place: number, entry: EntryOut): number {
  message.setU64(place, entry.nodeId)
  message.setU64(place + 8, 0)
  encodeValidity(message, place + 16, place + 32, entry.entryValidSeconds)
  encodeValidity(message, place + 24, place + 36, entry.attrValidSeconds)
  copyAttributes(message, place + ENTRY_OUT_BYTES - ATTR_BYTES, entry.attributes)
  message.setU64(place + ENTRY_OUT_BYTES - ATTR_BYTES, entry.ino)
  return ENTRY_OUT_BYTES
}

/** Writes the body of LOOKUP for a name that is not there and will not be for `validSeconds`. Returns its length. */
export function encodeNegativeEntry(message: MessageBuffer, validSeconds: number): number {
  message.words.fill(0, BODY >>> 2, (BODY + ENTRY_OUT_BYTES) >>> 2)
  encodeValidity(message, BODY + 16, BODY + 32, validSeconds)
  return ENTRY_OUT_BYTES
}

/** Writes the body of GETATTR, of which only `ino`, `attrValidSeconds` and `attributes` are used. Returns its length. */
export function encodeAttr(message: MessageBuffer, entry: EntryOut): number {
  encodeValidity(message, BODY, BODY + 8, entry.attrValidSeconds)
  message.setU32(BODY + 12, 0)
  copyAttributes(message, BODY + ATTR_OUT_BYTES - ATTR_BYTES, entry.attributes)
  message.setU64(BODY + ATTR_OUT_BYTES - ATTR_BYTES, entry.ino)
  return ATTR_OUT_BYTES
}

function encodeValidity(message: MessageBuffer, seconds: number, nanoseconds: number, validSeconds: number): void {
  const whole = Math.floor(Math.min(validSeconds, VALID_SECONDS_MAX))
  message.setU64(seconds, whole)
  message.setU32(
    nanoseconds,
    validSeconds > whole && whole < VALID_SECONDS_MAX ? (validSeconds - whole) * NANOSECONDS : 0,
  )
}

function copyAttributes(message: MessageBuffer, place: number, { words, at }: AttributeWords): void {
  const to = place >>> 2
  for (let i = 0; i < ATTR_BYTES / 4; i++) message.words[to + i] = words[at + i] as number
}

/** `fuse_dirent`; one object is filled again for every entry. */
export interface DirentOut {
  ino: number
  /** What READDIR is to ask for to go on behind this entry. */
  next: number
  /** Format bits of the mode: DT_DIR and so on, as `direntType` makes them. */
  type: number
  /** The name's bytes: `names` in [start, end). */
  names: Uint8Array
  nameStart: number
  nameEnd: number
}

/** Returns the DT_ number of directory entries for a mode. */
export function direntType(mode: number): number {
  return (mode >>> 12) & 0xf
}

/** Returns how many bytes the entry of a name of `nameBytes` takes in READDIR; in READDIRPLUS ENTRY_OUT_BYTES more. */
export function direntBytes(nameBytes: number): number {
  return (DIRENT_BYTES + nameBytes + 7) & ~7
}

/**
 * Writes `fuse_dirent` with its name and padding at byte `place`: in READDIR as it is, in READDIRPLUS behind an entry.
 * Returns its length, which is `direntBytes` of the name's.
 */
export function encodeDirent(message: MessageBuffer, place: number, dirent: DirentOut): number {
  const { names, nameStart, nameEnd } = dirent
  const nameBytes = nameEnd - nameStart
  const length = direntBytes(nameBytes)
  message.setU64(place, dirent.ino)
  message.setU64(place + 8, dirent.next)
  message.setU32(place + 16, nameBytes)
  message.setU32(place + 20, dirent.type)
  const { bytes } = message
  const to = place + DIRENT_BYTES
  for (let i = 0; i < nameBytes; i++) bytes[to + i] = names[nameStart + i] as number
  for (let at = to + nameBytes; at < place + length; at++) bytes[at] = 0
  return length
}

/** Writes the body of OPEN and OPENDIR; `flags` are FOPEN_ bits. Returns its length. */
export function encodeOpen(message: MessageBuffer, handle: number, flags: number): number {
  message.setU64(BODY, handle)
  message.setU32(BODY + 8, flags)
  message.setU32(BODY + 12, 0)
  return 16
}

/** Writes the body of GETXATTR and LISTXATTR that tells only a length. Returns its own. */
export function encodeXattrSize(message: MessageBuffer, valueBytes: number): number {
  message.setU32(BODY, valueBytes)
  message.setU32(BODY + 4, 0)
  return 8
}

/** Writes the body of LSEEK. Returns its length. */
export function encodeSeek(message: MessageBuffer, offset: number): number {
  message.setU64(BODY, offset)
  return 8
}

/** Of a whole file system, as statfs(2) tells it. */
export interface FileSystemSize {
  readonly blocks: number
  readonly blocksFree: number
  readonly files: number
  readonly blockBytes: number
  readonly nameBytesMax: number
}

/** Writes the body of STATFS. Returns its length. */
export function encodeStatfs(message: MessageBuffer, size: FileSystemSize): number {
  message.words.fill(0, BODY >>> 2, (BODY + 80) >>> 2)
  message.setU64(BODY, size.blocks)
  message.setU64(BODY + 8, size.blocksFree)
  message.setU64(BODY + 16, size.blocksFree)
  message.setU64(BODY + 24, size.files)
  message.setU32(BODY + 40, size.blockBytes)
  message.setU32(BODY + 44, size.nameBytesMax)
  message.setU32(BODY + 48, size.blockBytes)
  return 80
}

/** Writes bytes as the whole body: READLINK, READ and the values of GETXATTR and LISTXATTR. Returns their length. */
export function encodeBytes(message: MessageBuffer, bytes: Uint8Array): number {
  message.bytes.set(bytes, BODY)
  return bytes.byteLength
}
