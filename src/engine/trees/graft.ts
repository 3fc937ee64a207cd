import type { ByteString } from '../../base/byte-string.ts'
import type { Timespec } from '../../base/clock.ts'
import type { DirEntry, TreeEntry } from '../../format/tree.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import { splitIds } from '../point-view-layout.ts'
import type { RunStore } from '../run/run-store.ts'
import { DirectoryEncoder, machineOwners } from './directory-encoder.ts'

/**
 * What becomes of paths, one after the other: an entry, whose name follows from its path, or `undefined` for nothing.
 * A later one decides about all that lies below its path.
 */
export type Grafts = Iterable<readonly [ByteString, TreeEntry | undefined]>

interface Branch {
  /** What is put here; `undefined` inside for a removal. */
  leaf?: { readonly entry: TreeEntry | undefined }
  readonly children: Map<ByteString, Branch>
}

/**
 * Returns the trees of a root directory after entries were put into it and removed from it. Directories that lead to
 * them and are not there are made, with the time `now`.
 *
 * @param root trees of the directory as it is; `undefined` for an empty one.
 */
export async function graft(
  store: RunStore,
  root: Uint8Array | undefined,
  { grafts, now }: { readonly grafts: Grafts; readonly now: Timespec },
): Promise<Uint8Array> {
  const top: Branch = { children: new Map() }
  for (const [path, entry] of grafts) {
    let branch = top
    for (const name of path.split('/').slice(1) as ByteString[]) {
      let next = branch.children.get(name)
      if (next === undefined) branch.children.set(name, (next = { children: new Map() }))
      branch = next
    }
    branch.leaf = { entry }
    branch.children.clear()
  }
  return new Grafter(store, now).directory(root, top)
}

class Grafter {
  readonly #store: RunStore
  readonly #now: Timespec
  readonly #owners = machineOwners()

  constructor(store: RunStore, now: Timespec) {
    this.#store = store
    this.#now = now
  }

  async directory(trees: Uint8Array | undefined, branch: Branch): Promise<Uint8Array> {
    const entries = new Map<ByteString, TreeEntry>()
    if (trees !== undefined) {
      const blobs = await this.#store.blobs()
      for (const tree of await blobs.readAll(splitIds(trees), 'tree')) {
        for (const entry of decodeTree(tree).entries) entries.set(entry.name, entry)
      }
    }
    for (const [name, child] of branch.children) {
      const entry = await this.#entry(name, child, entries.get(name))
      if (entry === undefined) entries.delete(name)
      else entries.set(name, entry)
    }
    return this.#encode([...entries.values()])
  }

  async #entry(name: ByteString, branch: Branch, before: TreeEntry | undefined): Promise<TreeEntry | undefined> {
    const here = branch.leaf === undefined ? before : branch.leaf.entry
    if (branch.children.size === 0) return here === undefined ? undefined : { ...here, name }
    const directory = here?.kind === 'dir' ? here : undefined
    // Removing what is not there makes no directory.
    if (directory === undefined && [...branch.children.values()].every(removesOnly)) return here
    const trees = await this.directory(directory?.trees, branch)
    return { ...(directory ?? this.#newDirectory()), name, trees }
  }

  async #encode(entries: TreeEntry[]): Promise<Uint8Array> {
    const blobs: Uint8Array[] = []
    const encoder = new DirectoryEncoder(this.#store.chunkerSeed, this.#owners, (blob) => blobs.push(blob))
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) encoder.add(entry)
    encoder.end()
    const ids: Uint8Array[] = []
    for (const blob of blobs) ids.push(await this.#store.putBlob('tree', blob))
    return new Uint8Array(Buffer.concat(ids))
  }

  #newDirectory(): Omit<DirEntry, 'name' | 'trees'> {
    const { mtime, ctime } = { mtime: this.#now, ctime: this.#now }
    return { kind: 'dir', mode: 0o755, ...plainAttributes(mtime, ctime) }
  }
}

/** Attributes of an entry that no file system knows. */
export function plainAttributes(mtime: Timespec, ctime: Timespec): Omit<TreeEntry, 'kind' | 'name' | 'mode'> {
  return { uid: 0, gid: 0, mtime, ctime, birth: undefined, xattrs: [], flags: 0, link: undefined }
}

function removesOnly(branch: Branch): boolean {
  if (branch.leaf?.entry !== undefined) return false
  return [...branch.children.values()].every(removesOnly)
}
