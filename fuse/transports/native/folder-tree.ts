import type { ByteString } from '../../../src/base/byte-string.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { findEntry } from '../../../src/engine/point-view-directory.ts'
import { type FolderEntry, type MountRoot, type PointEntry, rootEntry } from '../../folders/folder.ts'
import { attributesOf, madeAttributes } from '../../tree/entry-attributes.ts'
import { payloadOf } from '../../tree/file-content.ts'
import type { MountNode, MountTree } from '../../tree/mount-tree.ts'
import { OWN_XATTRS_PREFIX, ownXattr } from '../../tree/own-xattrs.ts'

export interface FolderTreeOptions {
  readonly root: MountRoot
  /** Who owns what no point holds. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

const NOTHING = new Uint8Array(0)
/** libfuse numbers what it shows itself. */
const INO = 0

/** Looks paths up one name after the other; directories of points are decoded once and kept by their view. */
export class FolderTree implements MountTree {
  readonly #root: FolderEntry
  readonly #owner: FolderTreeOptions['owner']

  constructor({ root, owner }: FolderTreeOptions) {
    this.#root = rootEntry(root)
    this.#owner = owner
  }

  async lookup(path: ByteString): Promise<MountNode | undefined> {
    let at: FolderEntry | undefined = this.#root
    for (const name of path.split('/')) {
      if (name === '') continue
      at = await childOf(at, name as ByteString)
      if (at === undefined) return undefined
    }
    return at.kind === 'point' ? pointNode(at) : this.#madeNode(at)
  }

  async #madeNode(shown: Exclude<FolderEntry, PointEntry>): Promise<MountNode> {
    const { kind, mtime } = shown
    const bytes = kind === 'bytes' ? await shown.read() : NOTHING
    const target = kind === 'link' ? shown.target : undefined
    const size = target?.length ?? bytes.byteLength
    return {
      attributes: madeAttributes({ ino: INO, kind, size, mtime, owner: this.#owner }),
      target,
      names: async () => (kind === 'folder' ? namesOf(await shown.folder.list()) : []),
      read: async ({ offset, length }) => bytes.subarray(offset, offset + length),
      xattrNames: [],
      xattr: () => undefined,
    }
  }
}

async function childOf(parent: FolderEntry, name: ByteString): Promise<FolderEntry | undefined> {
  if (parent.kind === 'folder') return parent.folder.find(name)
  if (parent.kind !== 'point' || parent.entry.kind !== 'dir') return undefined
  const entry = findEntry(await parent.view.entries(parent.entry), name)
  return entry === undefined ? undefined : { ...parent, name, entry }
}

function pointNode({ point, view, entry }: PointEntry): MountNode {
  const attributes = attributesOf(entry, INO)
  return {
    attributes,
    target: entry.kind === 'symlink' ? entry.target : undefined,
    names: async () => namesOf(await view.entries(entry)),
    read: (range) => joined(view.content(entry, clipped(range, attributes.size))),
    xattrNames: namesOf(entry.xattrs),
    xattr: (name) =>
      name.startsWith(OWN_XATTRS_PREFIX)
        ? ownXattr(name, { point, payload: payloadOf(entry), size: attributes.size })
        : entry.xattrs.find((xattr) => xattr.name === name)?.value,
  }
}

interface Range {
  readonly offset: number
  readonly length: number
}

/** Returns what of a range lies before the end of a file of `size` bytes. */
function clipped({ offset, length }: Range, size: number): Range {
  const start = Math.min(offset, size)
  return { offset: start, length: Math.min(length, size - start) }
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return concatBytes(...all)
}

function namesOf(named: readonly { readonly name: ByteString }[]): ByteString[] {
  return named.map(({ name }) => name)
}
