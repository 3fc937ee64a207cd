import { constants } from 'node:os'
import { present } from '../../src/base/assert.ts'
import { type ByteString, byteString, bytesOf } from '../../src/base/byte-string.ts'
import { SEEK_DATA, SEEK_HOLE, S_IFDIR, S_IFMT, S_IFREG } from '../../src/base/posix/constants.ts'
import type { FolderEntry } from '../folders/folder.ts'
import { type Attributes, encodeAttributes } from '../protocol/attributes.ts'
import {
  ATTR_BYTES,
  ENTRY_OUT_BYTES,
  FUSE_GETATTR,
  FUSE_GETXATTR,
  FUSE_LISTXATTR,
  FUSE_LOOKUP,
  FUSE_LSEEK,
  FUSE_READ,
  FUSE_READDIR,
  FUSE_READDIRPLUS,
  FUSE_READLINK,
  OUT_HEADER_BYTES,
} from '../protocol/constants.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import {
  direntBytes,
  direntType,
  encodeAttr,
  encodeBytes,
  encodeDirent,
  encodeEntry,
  encodeNegativeEntry,
  encodeSeek,
  type EntryOut,
} from '../protocol/replies.ts'
import { NameBody, ReadBody, SeekBody, XattrBody } from '../protocol/request-bodies.ts'
import type { Request } from '../protocol/request.ts'
import { attributesOf, madeAttributes } from '../tree/entry-attributes.ts'
import { payloadOf } from '../tree/file-content.ts'
import { virtualNumber, virtualRow } from '../tree/node-table.ts'
import { ownXattr } from '../tree/own-xattrs.ts'
import type { VirtualEntry, VirtualTree } from '../tree/virtual-tree.ts'
import type { HandlerContext } from './handler-context.ts'
import type { ListedFolders } from './listed-folders.ts'
import type { Outcome } from './missing.ts'
import { sendXattr } from './xattr-answers.ts'

const { EINVAL, ENFILE, ENODATA, ENOSYS, ENOTDIR, ENXIO } = constants.errno
/** Names in listings that are gone on with, so that nobody sees a folder change under him; a longer one is kept alone. */
const LISTED_NAMES_MAX = 1 << 15

export interface VirtualAnswersOptions {
  readonly context: Pick<HandlerContext, 'nodes' | 'rows' | 'writer'>
  readonly tree: VirtualTree
  readonly owner: { readonly uid: number; readonly gid: number }
  readonly listed: ListedFolders
}

/** One of the names that a folder listed. */
interface Listed {
  readonly name: ByteString
  readonly ino: number
  readonly mode: number
  readonly shown: FolderEntry | undefined
}

/** All names of a folder as they were when somebody began to list it. */
interface Listing {
  readonly entry: VirtualEntry
  readonly names: readonly Listed[]
}

/** Answers what is asked about things that no point holds, and about points as folders show them. On the main thread. */
export class VirtualAnswers {
  readonly #options: VirtualAnswersOptions
  /** By node, the one begun last at the end. */
  readonly #listings = new Map<number, Listing>()
  #listedNames = 0
  readonly #attributes = new MessageBuffer(new Uint8Array(ATTR_BYTES))

  constructor(options: VirtualAnswersOptions) {
    this.#options = options
  }

  /** Answers a request that the handler left to it. */
  async answer(request: Request): Promise<Outcome> {
    const { nodes } = this.#options.context
    const row = nodes.row(request.nodeId)
    if (row >= 0) return this.#ownXattrInside(request)
    const entry = this.#options.tree.entry(virtualNumber(row))
    switch (request.opcode) {
      case FUSE_LOOKUP:
        return this.#lookUp(request, entry)
      case FUSE_GETATTR:
        return this.#getAttributes(request, entry)
      case FUSE_READDIR:
        return this.#list(request, { entry, isPlus: false })
      case FUSE_READDIRPLUS:
        return this.#list(request, { entry, isPlus: true })
      case FUSE_READLINK:
        return this.#readLink(request, entry)
      case FUSE_READ:
        return this.#read(request, entry)
      case FUSE_LSEEK:
        return this.#seek(request, entry)
      case FUSE_GETXATTR:
        return this.#getXattr(request, entry)
      case FUSE_LISTXATTR:
        return this.#listXattrs(request, entry)
      default:
        return ENOSYS
    }
  }

  async #lookUp(request: Request, entry: VirtualEntry): Promise<Outcome> {
    const { writer } = this.#options.context
    const { shown } = entry
    if (shown.kind !== 'folder') return ENOTDIR
    const body = new NameBody()
    body.decode(request)
    const name = byteString(request.message.bytes.subarray(body.start, body.end))
    const found = await shown.folder.find(name)
    const { validSeconds } = shown.folder
    if (found === undefined) {
      writer.send(request, encodeNegativeEntry(writer.message, validSeconds))
      return 'replied'
    }
    const child = this.#options.tree.show(entry, found)
    if (child === undefined) return ENFILE
    const attributes = await this.#attributesOf(child)
    const out = this.#entryOut(request.nodeId, { child, attributes, validSeconds })
    if (out === undefined) return ENFILE
    writer.send(request, encodeEntry(writer.message, OUT_HEADER_BYTES, out))
    return 'replied'
  }

  async #getAttributes(request: Request, entry: VirtualEntry): Promise<Outcome> {
    const { writer } = this.#options.context
    const out = this.#out(await this.#attributesOf(entry), validSecondsOf(entry))
    writer.send(request, encodeAttr(writer.message, out))
    return 'replied'
  }

  async #list(request: Request, { entry, isPlus }: { entry: VirtualEntry; isPlus: boolean }): Promise<Outcome> {
    const { writer } = this.#options.context
    const { shown } = entry
    if (shown.kind !== 'folder') return ENOTDIR
    const body = new ReadBody()
    body.decode(request)
    const names = await this.#namesOf(request.nodeId, entry, body.offset)
    const end = OUT_HEADER_BYTES + Math.min(body.size, writer.message.bytes.byteLength - OUT_HEADER_BYTES)
    let place = OUT_HEADER_BYTES
    for (let i = body.offset; i < names.length; i++) {
      const listed = present(names[i], 'a name that was listed')
      const length = direntBytes(listed.name.length) + (isPlus ? ENTRY_OUT_BYTES : 0)
      if (place + length > end) break
      if (isPlus) place += this.#addEntry(request.nodeId, { entry, listed, place })
      const name = bytesOf(listed.name)
      place += encodeDirent(writer.message, place, {
        ino: listed.ino,
        next: i + 1,
        type: direntType(listed.mode),
        names: name,
        nameStart: 0,
        nameEnd: name.byteLength,
      })
    }
    // The kernel asks on until there is nothing more.
    if (place === OUT_HEADER_BYTES) this.#dropListing(request.nodeId)
    writer.send(request, place - OUT_HEADER_BYTES)
    return 'replied'
  }

  /** Adds what READDIRPLUS says more than READDIR; of a file that is still to be made, nothing. */
  #addEntry(parent: number, to: { entry: VirtualEntry; listed: Listed; place: number }): number {
    const { writer } = this.#options.context
    const { shown: folder } = to.entry
    const { shown } = to.listed
    const child = shown === undefined || shown.kind === 'bytes' ? undefined : this.#options.tree.show(to.entry, shown)
    const attributes = child === undefined ? undefined : this.#knownAttributes(child)
    const validSeconds = folder.kind === 'folder' ? folder.folder.validSeconds : 0
    const out =
      child === undefined || attributes === undefined
        ? undefined
        : this.#entryOut(parent, { child, attributes, validSeconds })
    if (out === undefined) writer.message.words.fill(0, to.place / 4, (to.place + ENTRY_OUT_BYTES) / 4)
    else encodeEntry(writer.message, to.place, out)
    return ENTRY_OUT_BYTES
  }

  /** Returns all names in a folder: as they were when the listing began, where it is gone on with. */
  async #namesOf(node: number, entry: VirtualEntry, offset: number): Promise<readonly Listed[]> {
    const begun = this.#listings.get(node)
    if (begun?.entry === entry && offset > 0) return begun.names
    const { shown, parent } = entry
    this.#options.listed.add(node)
    const dots = [
      { name: '.' as ByteString, ino: entry.ino, mode: S_IFDIR, shown: undefined },
      { name: '..' as ByteString, ino: (parent ?? entry).ino, mode: S_IFDIR, shown: undefined },
    ]
    const listed = shown.kind === 'folder' ? await shown.folder.list() : []
    const names = [...dots, ...listed.map((each) => this.#listedAs(entry, each))]
    this.#keepListing(node, { entry, names })
    return names
  }

  #keepListing(node: number, listing: Listing): void {
    this.#dropListing(node)
    for (const oldest of this.#listings.keys()) {
      if (this.#listedNames + listing.names.length <= LISTED_NAMES_MAX) break
      this.#dropListing(oldest)
    }
    this.#listings.set(node, listing)
    this.#listedNames += listing.names.length
  }

  #dropListing(node: number): void {
    this.#listedNames -= this.#listings.get(node)?.names.length ?? 0
    this.#listings.delete(node)
  }

  #listedAs(folder: VirtualEntry, shown: FolderEntry): Listed {
    const ino = this.#options.tree.inoOf(folder, shown)
    const mode = shown.kind === 'point' ? attributesOf(shown.entry, ino).mode : this.#made(shown, ino, 0).mode
    return { name: shown.name, ino, mode, shown }
  }

  #readLink(request: Request, { shown }: VirtualEntry): Outcome {
    const { writer } = this.#options.context
    const target =
      shown.kind === 'link'
        ? shown.target
        : shown.kind === 'point' && shown.entry.kind === 'symlink'
          ? shown.entry.target
          : undefined
    if (target === undefined) return EINVAL
    writer.send(request, encodeBytes(writer.message, bytesOf(target)))
    return 'replied'
  }

  async #read(request: Request, entry: VirtualEntry): Promise<Outcome> {
    const { writer } = this.#options.context
    if (entry.shown.kind !== 'bytes') return EINVAL
    const body = new ReadBody()
    body.decode(request)
    const bytes = await this.#make(entry)
    const length = Math.min(body.size, writer.message.bytes.byteLength - OUT_HEADER_BYTES)
    writer.send(request, encodeBytes(writer.message, bytes.subarray(body.offset, body.offset + length)))
    return 'replied'
  }

  async #seek(request: Request, entry: VirtualEntry): Promise<Outcome> {
    const { writer } = this.#options.context
    if (entry.shown.kind !== 'bytes') return EINVAL
    const body = new SeekBody()
    body.decode(request)
    const { byteLength } = await this.#make(entry)
    if (body.whence !== SEEK_DATA && body.whence !== SEEK_HOLE) return EINVAL
    if (body.offset >= byteLength) return ENXIO
    writer.send(request, encodeSeek(writer.message, body.whence === SEEK_DATA ? body.offset : byteLength))
    return 'replied'
  }

  #getXattr(request: Request, { shown }: VirtualEntry): Outcome {
    const body = new XattrBody()
    body.decodeGet(request)
    if (shown.kind !== 'point') return ENODATA
    const name = byteString(request.message.bytes.subarray(body.start, body.end))
    const { entry, point } = shown
    const size = entry.kind === 'file' ? entry.size : 0
    const stored = entry.xattrs.find((each) => each.name === name)?.value
    const value = stored ?? ownXattr(name, { point, payload: payloadOf(entry), size })
    if (value === undefined) return ENODATA
    return sendXattr(this.#options.context, { request, sizeMax: body.size, value })
  }

  #listXattrs(request: Request, { shown }: VirtualEntry): Outcome {
    const body = new XattrBody()
    body.decodeList(request)
    const names = shown.kind === 'point' ? shown.entry.xattrs.map(({ name }) => `${name}\0`).join('') : ''
    const value = bytesOf(names as ByteString)
    return sendXattr(this.#options.context, { request, sizeMax: body.size, value })
  }

  /** Answers for something inside of a point what follows from the point that it is in. */
  #ownXattrInside(request: Request): Outcome {
    const { nodes, rows } = this.#options.context
    if (request.opcode !== FUSE_GETXATTR) return ENOSYS
    const body = new XattrBody()
    body.decodeGet(request)
    const failure = rows.moveTo(request.nodeId)
    if (failure !== undefined) return failure
    let top = request.nodeId
    while (nodes.row(top) >= 0) top = nodes.parent(top)
    const { shown } = this.#options.tree.entry(virtualNumber(nodes.row(top)))
    if (shown.kind !== 'point') return ENODATA
    const name = byteString(request.message.bytes.subarray(body.start, body.end))
    const { block } = rows
    const isFile = (block.mode & S_IFMT) === S_IFREG
    const value = ownXattr(name, { point: shown.point, payload: block.payload, size: isFile ? block.size : 0 })
    if (value === undefined) return ENODATA
    return sendXattr(this.#options.context, { request, sizeMax: body.size, value })
  }

  async #make(entry: VirtualEntry): Promise<Uint8Array> {
    const { shown } = entry
    if (entry.made === undefined && shown.kind === 'bytes') entry.made = await shown.read()
    return entry.made ?? new Uint8Array(0)
  }

  async #attributesOf(entry: VirtualEntry): Promise<Attributes> {
    const { shown } = entry
    if (shown.kind === 'bytes') await this.#make(entry)
    // Asked for anew: whoever stands in a folder sees by this that it has changed.
    if (shown.kind === 'folder') {
      const mtime = await shown.folder.modified()
      this.#options.listed.hear(mtime)
      entry.shown = { ...shown, mtime }
    }
    return this.#knownAttributes(entry)
  }

  #knownAttributes({ shown, ino, made }: VirtualEntry): Attributes {
    return shown.kind === 'point' ? attributesOf(shown.entry, ino) : this.#made(shown, ino, made?.byteLength ?? 0)
  }

  #made(shown: Exclude<FolderEntry, { kind: 'point' }>, ino: number, bytes: number): Attributes {
    const { kind, mtime } = shown
    const size = kind === 'link' ? shown.target.length : bytes
    return madeAttributes({ ino, kind, size, mtime, owner: this.#options.owner })
  }

  /** Counts a look-up of a child; `undefined` when there are as many nodes as there may be. */
  #entryOut(
    parent: number,
    of: { readonly child: VirtualEntry; readonly attributes: Attributes; readonly validSeconds: number },
  ): EntryOut | undefined {
    const { nodes } = this.#options.context
    const nodeId = nodes.lookUp(parent, virtualRow(of.child.number), of.child.ino)
    return nodeId === 0 ? undefined : { ...this.#out(of.attributes, of.validSeconds), nodeId }
  }

  #out(attributes: Attributes, validSeconds: number): EntryOut {
    encodeAttributes(this.#attributes, 0, attributes)
    return {
      nodeId: 0,
      ino: attributes.ino,
      entryValidSeconds: validSeconds,
      attrValidSeconds: validSeconds,
      attributes: { words: this.#attributes.words, at: 0 },
    }
  }
}

/** How long attributes may be believed: as long as the folder says that shows it. */
function validSecondsOf({ parent, shown }: VirtualEntry): number {
  const folder = parent?.shown ?? shown
  return folder.kind === 'folder' ? folder.folder.validSeconds : 0
}
