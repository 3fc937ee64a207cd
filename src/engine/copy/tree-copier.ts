import type { ByteString } from '../../base/byte-string.ts'
import type { Content, DirEntry, FileEntry, TreeEntry } from '../../format/tree.ts'
import { findEntry } from '../point-view-directory.ts'
import type { OpenPointView } from '../point-view.ts'
import type { RunStore } from '../run/run-store.ts'
import { DirectoryEncoder } from '../trees/directory-encoder.ts'
import type { ContentCopier, KnownContent } from './content-copier.ts'
import type { CopiedBefore, Twin } from './copied-before.ts'
import type { Stopping } from './stopping.ts'

/** Directories below one that are copied at once. */
const DIRECTORIES_AT_ONCE = 4
const NOTHING = { olds: [], copies: [] }

interface Subdirectory {
  readonly entry: DirEntry
  readonly twin: Twin | undefined
}

/** Makes the trees of a point anew under another repository's keys; what the copied parent has is taken over. */
export class TreeCopier {
  readonly #view: OpenPointView
  readonly #store: RunStore
  readonly #contents: ContentCopier
  readonly #before: CopiedBefore | undefined
  readonly #stopping: Stopping

  constructor(
    view: OpenPointView,
    store: RunStore,
    options: {
      readonly contents: ContentCopier
      readonly before: CopiedBefore | undefined
      readonly stopping: Stopping
    },
  ) {
    this.#view = view
    this.#store = store
    this.#contents = options.contents
    this.#before = options.before
    this.#stopping = options.stopping
  }

  /**
   * Returns the trees of a directory in the other repository.
   *
   * @param twin the same directory in the point that was copied before.
   * @throws {IntegrityError} some of it cannot be read; nothing of it is under way any more.
   */
  async directory(directory: DirEntry, twin: Twin | undefined): Promise<Uint8Array> {
    this.#stopping.signal.throwIfAborted()
    const kept = twin === undefined ? undefined : this.#before?.treesOf(directory, twin)
    if (kept !== undefined) return kept
    const [{ entries, users, groups }, { olds, copies }] = await Promise.all([
      this.#view.listing(directory),
      this.#before === undefined || twin === undefined ? NOTHING : this.#before.entriesOf(twin),
    ])
    const copied = new Map<ByteString, TreeEntry>()
    const files: FileEntry[] = []
    const directories: Subdirectory[] = []
    for (const entry of entries) {
      const [original, copy] = [findEntry(olds, entry.name), findEntry(copies, entry.name)]
      if (entry.kind === 'dir') {
        const isTwin = original?.kind === 'dir' && copy?.kind === 'dir'
        directories.push({ entry, twin: isTwin ? { original, copy } : undefined })
      } else if (entry.kind === 'file') {
        const content = await this.#before?.contentOf(entry, { original, copy })
        if (content === undefined) files.push(entry)
        else copied.set(entry.name, { ...entry, content })
      } else copied.set(entry.name, entry)
    }
    const known = (file: FileEntry): Content | undefined => this.#before?.knownOf(findEntry(copies, file.name))
    await this.#stopping.all([this.#copyFiles(files, { copied, known }), this.#copyDirectories(directories, copied)])
    return this.#encode(entries, copied, { users, groups })
  }

  async #copyFiles(
    files: readonly FileEntry[],
    { copied, known }: { copied: Map<ByteString, TreeEntry>; known: KnownContent },
  ): Promise<void> {
    for (const [i, content] of (await this.#contents.copy(files, known)).entries()) {
      const file = files[i]
      if (file !== undefined) copied.set(file.name, { ...file, content })
    }
  }

  async #copyDirectories(directories: readonly Subdirectory[], copied: Map<ByteString, TreeEntry>): Promise<void> {
    for (let i = 0; i < directories.length; i += DIRECTORIES_AT_ONCE) {
      const batch = directories.slice(i, i + DIRECTORIES_AT_ONCE)
      const trees = await this.#stopping.all(batch.map(async (each) => this.directory(each.entry, each.twin)))
      for (const [j, { entry }] of batch.entries()) copied.set(entry.name, { ...entry, trees: trees[j] ?? entry.trees })
    }
  }

  async #encode(
    order: readonly TreeEntry[],
    copied: ReadonlyMap<ByteString, TreeEntry>,
    names: { readonly users: ReadonlyMap<number, string>; readonly groups: ReadonlyMap<number, string> },
  ): Promise<Uint8Array> {
    const blobs: Uint8Array[] = []
    const owners = {
      userName: (uid: number) => names.users.get(uid),
      groupName: (gid: number) => names.groups.get(gid),
    }
    const encoder = new DirectoryEncoder(this.#store.chunkerSeed, owners, (blob) => blobs.push(blob))
    for (const { name } of order) {
      const entry = copied.get(name)
      if (entry !== undefined) encoder.add(entry)
    }
    encoder.end()
    const ids: Uint8Array[] = []
    for (const blob of blobs) ids.push(await this.#store.putBlob('tree', blob))
    return new Uint8Array(Buffer.concat(ids))
  }
}
