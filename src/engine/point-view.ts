import { present } from '../base/assert.ts'
import { type ByteString, joinPath } from '../base/byte-string.ts'
import { IntegrityError } from '../base/errors.ts'
import { fileNameOf, freeName } from '../base/file-name.ts'
import { DEEP_PATH_BYTES_MAX } from '../base/limits.ts'
import type { PartRecord } from '../format/records.ts'
import type { DirEntry, FileEntry, TreeEntry } from '../format/tree.ts'
import { readContent } from './point-view-content.ts'
import { DIRECTORIES_AT_ONCE, type DirectoryListing, DirectoryReader, findEntry } from './point-view-directory.ts'
import { type FileLayout, type PointBlobs, layoutOf } from './point-view-layout.ts'
import type { PointView } from './point-view-types.ts'

/** What a restore needs beyond a `PointView`. */
export interface OpenPointView extends PointView {
  readonly root: DirEntry
  readonly blobs: PointBlobs
  /** Returns a directory's entries with the names of their owners. */
  listing(directory: TreeEntry): Promise<DirectoryListing>
  /** Reads directories that will be listed soon, at once. */
  prepare(directories: readonly TreeEntry[]): Promise<void>
  /** Returns where the bytes of a file are. */
  layout(file: FileEntry): Promise<FileLayout>
}

/** Layouts kept for random reads: of so many files, and of so many blobs in all, at 40 bytes each. */
const LAYOUTS_MAX = 64
const LAYOUT_BLOBS_MAX = 1 << 20

/**
 * Opens a view of a point's parts, merged: the root is that of the first part, and each further part is a directory in
 * it, called like the part. Where that name is taken it gets `~2`, `~3`, … behind it.
 *
 * Views of several points may share `directories`. Methods throw IntegrityError where the point is damaged; other paths
 * are not affected.
 */
export function openPointView(
  blobs: PointBlobs,
  parts: readonly PartRecord[],
  directories = new DirectoryReader(blobs),
): OpenPointView {
  return new MergedPointView(blobs, parts, directories)
}

class MergedPointView implements OpenPointView {
  readonly blobs: PointBlobs
  readonly root: DirEntry
  readonly #parts: readonly PartRecord[]
  readonly #directories: DirectoryReader
  readonly #layouts = new Map<TreeEntry, FileLayout>()
  #rootListing: Promise<DirectoryListing> | undefined

  constructor(blobs: PointBlobs, parts: readonly PartRecord[], directories: DirectoryReader) {
    this.blobs = blobs
    this.#parts = parts
    this.#directories = directories
    this.root = directoryOf('' as ByteString, parts[0]?.trees ?? new Uint8Array(0))
  }

  async lookup(path: ByteString): Promise<TreeEntry | undefined> {
    let entry: TreeEntry | undefined = this.root
    for (const name of path.split('/')) {
      if (name === '') continue
      if (entry?.kind !== 'dir') return undefined
      entry = findEntry(await this.entries(entry), name as ByteString)
    }
    return entry
  }

  async entries(directory: TreeEntry): Promise<readonly TreeEntry[]> {
    return (await this.listing(directory)).entries
  }

  async listing(directory: TreeEntry): Promise<DirectoryListing> {
    if (directory.kind !== 'dir') return { entries: [], users: new Map(), groups: new Map() }
    // No entry but the root is without a name.
    if (directory.name !== '') return this.#directories.read(directory.trees)
    this.#rootListing ??= this.#readRoot()
    try {
      return await this.#rootListing
    } catch (error) {
      this.#rootListing = undefined
      throw error
    }
  }

  async prepare(directories: readonly TreeEntry[]): Promise<void> {
    await this.#directories.prepare(directories.flatMap((each) => (each.kind === 'dir' ? [each.trees] : [])))
  }

  async layout(file: FileEntry): Promise<FileLayout> {
    const known = this.#layouts.get(file)
    if (known !== undefined) {
      this.#layouts.delete(file)
      this.#layouts.set(file, known)
      return known
    }
    const layout = await layoutOf(this.blobs, file)
    this.#layouts.set(file, layout)
    let blobCount = 0
    for (const each of this.#layouts.values()) blobCount += each.starts.length
    for (const [key, each] of this.#layouts) {
      if (this.#layouts.size === 1 || (this.#layouts.size <= LAYOUTS_MAX && blobCount <= LAYOUT_BLOBS_MAX)) break
      this.#layouts.delete(key)
      blobCount -= each.starts.length
    }
    return layout
  }

  async *content(
    file: TreeEntry,
    range: { readonly offset: number; readonly length: number } = { offset: 0, length: Infinity },
  ): AsyncGenerator<Uint8Array> {
    if (file.kind !== 'file') return
    const end = Math.min(file.size, range.offset + range.length)
    if (range.offset < end) yield* readContent(this.blobs, await this.layout(file), { offset: range.offset, end })
  }

  async *walk(
    path: ByteString,
    entry: TreeEntry,
  ): AsyncGenerator<{ readonly path: ByteString; readonly entry: TreeEntry }> {
    const stack = [{ path, ...(await this.#cursor(path, entry)) }]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.entries[top.next]
      if (child === undefined) {
        stack.pop()
        continue
      }
      const childPath = joinPath(top.path, child.name)
      const index = top.next++
      yield { path: childPath, entry: child }
      if (child.kind !== 'dir') continue
      if (index >= top.prepared) top.prepared = await this.#prepareFrom(top.entries, index)
      stack.push({ path: childPath, ...(await this.#cursor(childPath, child)) })
    }
  }

  async #cursor(
    path: ByteString,
    entry: TreeEntry,
  ): Promise<{ entries: readonly TreeEntry[]; next: number; prepared: number }> {
    // Whoever wrote the trees may have made them as deep as they liked.
    if (path.length > DEEP_PATH_BYTES_MAX) {
      throw new IntegrityError('MALFORMED', `a directory of the point has a path of ${path.length} bytes`)
    }
    return { entries: await this.entries(entry), next: 0, prepared: 0 }
  }

  async #prepareFrom(entries: readonly TreeEntry[], from: number): Promise<number> {
    const directories: TreeEntry[] = []
    let index = from
    for (; index < entries.length && directories.length < DIRECTORIES_AT_ONCE; index++) {
      const entry = present(entries[index], 'an entry of the directory')
      if (entry.kind === 'dir') directories.push(entry)
    }
    await this.prepare(directories)
    return index
  }

  async #readRoot(): Promise<DirectoryListing> {
    const [first, ...others] = this.#parts
    if (first === undefined) return { entries: [], users: new Map(), groups: new Map() }
    const listing = await this.#directories.read(first.trees)
    if (others.length === 0) return listing
    const entries = new Map(listing.entries.map((entry) => [entry.name, entry]))
    for (const part of others) {
      // Parts are called by whoever wrote the point: not all that they can be called is a file name.
      const name = freeName(fileNameOf(part.name, 'part'), entries)
      entries.set(name, directoryOf(name, part.trees))
    }
    return { ...listing, entries: [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) }
  }
}

/** A directory that no disk ever held. */
function directoryOf(name: ByteString, trees: Uint8Array): DirEntry {
  const never = { seconds: 0, nanoseconds: 0 }
  return {
    kind: 'dir',
    name,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: never,
    ctime: never,
    birth: undefined,
    xattrs: [],
    flags: 0,
    link: undefined,
    trees,
  }
}
