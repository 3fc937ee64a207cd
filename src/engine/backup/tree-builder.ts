import { present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { IntegrityError, KeyError, StorageError } from '../../base/errors.ts'
import { equalBytes } from '../../base/bytes.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { CborWriter } from '../../format/cbor-writer.ts'
import { decodeTreeEntryAt, scanTree } from '../../format/tree-codec.ts'
import { encodeTreeEntry } from '../../format/tree-entry-codec.ts'
import type { Content, ExtendedAttribute, Hole, TreeEntry } from '../../format/tree.ts'
import { splitIds } from '../point-view-layout.ts'
import type { RunStore } from '../run/run-store.ts'
import { type EntryTable, ROW_COUNT, ROW_FIRST, ROW_GID, ROW_UID } from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'
import { DirectoryEncoder, machineOwners } from '../trees/directory-encoder.ts'
import { entryOfRow, type EntryDetails, isWholeInRow } from './row-entry.ts'

/** Directories whose old trees are read at once. */
const BATCH_DIRECTORIES = 128

export interface ReadFile {
  readonly content: Content
  readonly xattrs: readonly ExtendedAttribute[]
  readonly holes: readonly Hole[]
}

/** Trees of the last point are damaged: what they hold must not be taken over without a look at all of them. */
export class DamagedBase extends Error {}

export interface TreeBuilderOptions {
  /** Whether every tree that is relied on was looked at before, so that a damaged one only means to read again. */
  readonly toleratesDamage: boolean
  readonly scanner: Scanner
  readonly base: EntryTable | undefined
  readonly store: () => Promise<RunStore>
  /** Files that were read in this pass and are more than one blob, or have more than bytes. */
  readonly files: Map<number, ReadFile>
  /** Called when a directory has its tree ids. */
  readonly done: (directory: number) => void
  /** Called with entries that were to be taken over but are nowhere to be found: they must be read. */
  readonly unread: (directory: number, rows: readonly number[]) => void
}

/** The old entries of a directory, by name, as they are encoded. */
type OldEntries = ReadonlyMap<ByteString, Uint8Array>

/**
 * Makes the tree blobs of directories whose entries are all known, children before parents.
 *
 * A directory without any change keeps its ids without being encoded. In one that has changes, entries without are
 * copied as they were encoded before.
 */
export class TreeBuilder {
  readonly #options: TreeBuilderOptions
  readonly #queue: number[] = []
  readonly #owners = machineOwners()
  readonly #scratch = new CborWriter()
  /** Directories that must be encoded though nothing in them changed: their old trees are not to be relied on. */
  readonly forced = new Set<number>()
  /** Directories whose tree ids are not those of the base. */
  readonly #changed = new Set<number>()
  #running: Promise<void> | undefined
  #encoder: DirectoryEncoder | undefined
  #blobs: Uint8Array[] = []

  constructor(options: TreeBuilderOptions) {
    this.#options = options
  }

  /** Takes a directory whose entries are all known. */
  add(directory: number): void {
    if (this.#keepsTrees(directory)) {
      const { scanner, base, done } = this.#options
      const baseRow = scanner.states.base(directory)
      scanner.table.takeIds(directory, present(base, 'a base'), baseRow)
      done(directory)
      return
    }
    this.#changed.add(directory)
    this.#queue.push(directory)
  }

  /** Encodes what waits, and what comes to wait meanwhile. */
  async drain(): Promise<void> {
    this.#running ??= this.#drain().finally(() => (this.#running = undefined))
    await this.#running
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#running === undefined
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_DIRECTORIES)
      const store = await this.#options.store()
      const old = await this.#oldEntries(store, batch)
      for (const directory of batch) await this.#encode(store, directory, old.get(directory))
    }
  }

  #keepsTrees(directory: number): boolean {
    const { scanner, base } = this.#options
    const { table, states } = scanner
    const baseRow = states.base(directory)
    if (base === undefined || baseRow < 0 || this.forced.has(directory)) return false
    const count = table.word(directory, ROW_COUNT)
    if (base.idsOf(baseRow).byteLength === 0 || base.word(baseRow, ROW_COUNT) !== count) return false
    const first = table.word(directory, ROW_FIRST)
    for (let row = first; row < first + count; row++) {
      if (!states.isSame(row) || states.isGone(row) || this.#changed.has(row)) return false
    }
    return true
  }

  /** Reads the old trees of directories of whose entries the base does not say all. */
  async #oldEntries(store: RunStore, directories: readonly number[]): Promise<Map<number, OldEntries>> {
    const old = new Map<number, OldEntries>()
    const wanted = directories.filter((directory) => this.#needsOldTrees(directory))
    if (wanted.length === 0) return old
    const blobs = await store.blobs()
    const read = async (directory: number): Promise<void> => {
      const trees = await blobs.readAll(splitIds(this.#baseIds(directory)), 'tree')
      old.set(directory, entriesOf(trees))
    }
    try {
      // All at once, so that each frame is fetched once; when one fails, the others are read one by one.
      const trees = await blobs.readAll(
        wanted.flatMap((directory) => splitIds(this.#baseIds(directory))),
        'tree',
      )
      let at = 0
      for (const directory of wanted) {
        const count = this.#baseIds(directory).byteLength / BLOB_ID_BYTES
        old.set(directory, entriesOf(trees.slice(at, (at += count))))
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      for (const directory of wanted) {
        await read(directory).catch(async (problem: unknown) => {
          // Entries that nobody can take over are read again, and their trees stored anew.
          if (!isUnreadable(problem)) throw problem
          // Sound, for all that a backup-only key can tell: made by another machine, or kept here no more.
          if (problem instanceof KeyError) return
          if (!this.#options.toleratesDamage) throw new DamagedBase()
          const index = await store.index()
          for (const id of splitIds(this.#baseIds(directory))) index.doubt(id)
        })
      }
    }
    return old
  }

  #needsOldTrees(directory: number): boolean {
    const { scanner, base } = this.#options
    if (base === undefined || this.#baseIds(directory).byteLength === 0) return false
    return this.#rowsOf(directory).some((row) => {
      const baseRow = scanner.states.base(row)
      return baseRow >= 0 && !base.isWhole(baseRow)
    })
  }

  /** Rows of the entries that a directory has. */
  #rowsOf(directory: number): number[] {
    const { table, states } = this.#options.scanner
    const first = table.word(directory, ROW_FIRST)
    const rows: number[] = []
    for (let row = first; row < first + table.word(directory, ROW_COUNT); row++) if (!states.isGone(row)) rows.push(row)
    return rows
  }

  #baseIds(directory: number): Uint8Array {
    const { scanner, base } = this.#options
    const baseRow = scanner.states.base(directory)
    return base === undefined || baseRow < 0 ? new Uint8Array(0) : base.idsOf(baseRow)
  }

  async #encode(store: RunStore, directory: number, old: OldEntries | undefined): Promise<void> {
    const { table, states } = this.#options.scanner
    const rows = this.#rowsOf(directory)
    const unread = rows.filter((row) => states.isSame(row) && !table.isWhole(row) && old?.has(table.name(row)) !== true)
    if (unread.length > 0) {
      this.#options.unread(directory, unread)
      return
    }
    this.#encoder ??= new DirectoryEncoder(store.chunkerSeed, this.#owners, (blob) => this.#blobs.push(blob))
    for (const row of rows) this.#addEntry(this.#encoder, row, old)
    this.#encoder.end()
    const ids: Uint8Array[] = []
    for (const blob of this.#blobs) ids.push(await store.putBlob('tree', blob))
    this.#blobs = []
    table.setIds(directory, new Uint8Array(Buffer.concat(ids)))
    if (
      table.idsOf(directory).byteLength > 0 &&
      Buffer.compare(table.idsOf(directory), this.#baseIds(directory)) === 0
    ) {
      this.#changed.delete(directory)
    }
    this.#options.done(directory)
  }

  #addEntry(encoder: DirectoryEncoder, row: number, old: OldEntries | undefined): void {
    const { table, states } = this.#options.scanner
    if (states.isSame(row) && table.isWhole(row)) {
      encoder.add(entryOfRow(table, row))
      return
    }
    const name = table.name(row)
    const before = old?.get(name)
    if (states.isSame(row) && before !== undefined) {
      if (!this.#changed.has(row)) {
        encoder.addEncoded(name, before, { uid: table.word(row, ROW_UID) >>> 0, gid: table.word(row, ROW_GID) >>> 0 })
        return
      }
      const entry = decodeTreeEntryAt(before, 0)
      if (entry.kind === 'dir') {
        encoder.add({ ...entry, trees: table.idsOf(row) })
        return
      }
    }
    const details = this.#details(row)
    const entry = entryOfRow(table, row, details)
    table.setWhole(row, isWholeInRow(entry, details))
    // Read again for good measure, and found as it was.
    if (this.#isAsBefore(row, entry, before)) states.setSame(row, states.base(row))
    encoder.add(entry)
  }

  /** Whether an entry is encoded as the last point has it: `before`, or by what the base says. */
  #isAsBefore(row: number, entry: TreeEntry, before: Uint8Array | undefined): boolean {
    const { scanner, base } = this.#options
    const baseRow = scanner.states.base(row)
    if (before !== undefined) return equalBytes(before, this.#encoded(entry))
    if (base === undefined || baseRow < 0 || !base.isWhole(baseRow)) return false
    // `slice` of a Buffer would be the view itself.
    const inBase = Uint8Array.from(this.#encoded(entryOfRow(base, baseRow)))
    return equalBytes(inBase, this.#encoded(entry))
  }

  /** Valid until the next call. */
  #encoded(entry: TreeEntry): Uint8Array {
    this.#scratch.reset()
    encodeTreeEntry(this.#scratch, entry)
    return this.#scratch.view()
  }

  #details(row: number): EntryDetails {
    const { files, scanner } = this.#options
    const { target, xattrs } = scanner.extras.get(row) ?? { target: undefined, xattrs: [] }
    return { xattrs, holes: [], content: undefined, ...files.get(row), target }
  }
}

function entriesOf(trees: readonly Uint8Array[]): OldEntries {
  const entries = new Map<ByteString, Uint8Array>()
  for (const tree of trees) {
    const { names, offsets } = scanTree(tree)
    names.forEach((name, i) => entries.set(name, tree.subarray(offsets[i], offsets[i + 1])))
  }
  return entries
}

/**
 * Whether stored bytes are damaged or gone, or not for who holds a backup-only key: no reason to end a backup, which
 * can store them again.
 */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof KeyError) return error.code === 'KEY_NOT_FULL'
  return error instanceof IntegrityError || (error instanceof StorageError && error.code === 'NOT_FOUND')
}
