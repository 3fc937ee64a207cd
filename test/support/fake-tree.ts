import type { EntryData, EntryKind, Handle } from '../../src/service/application/shown.ts'

/** A file, folder or link of a tree that a fake application shows. */
export interface FakeEntry {
  readonly kind: EntryKind
  readonly content: Uint8Array
  readonly modifiedMs: number
  readonly target: string | undefined
}

/** The entries of a point by their paths; the root is `/`, folders come into being with what is in them. */
export class FakeTree {
  readonly #folders = new Map<Handle, Map<string, FakeEntry>>([['/', new Map()]])
  /** Listings, which are large: made once. */
  readonly #listed = new Map<Handle, readonly EntryData[]>()

  file(path: string, content: string | Uint8Array, modifiedMs = 1_000_000_000_000): this {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    return this.#put(path, { kind: 'file', content: bytes, modifiedMs, target: undefined })
  }

  link(path: string, target: string): this {
    return this.#put(path, { kind: 'symlink', content: new Uint8Array(0), modifiedMs: 1_000_000_000_000, target })
  }

  folder(path: string): this {
    if (path === '/' || this.#folders.has(path)) return this
    this.#put(path, { kind: 'dir', content: new Uint8Array(0), modifiedMs: 1_000_000_000_000, target: undefined })
    this.#folders.set(path, new Map())
    return this
  }

  at(path: Handle): EntryData | undefined {
    if (path === '/') return shownEntry('/', '/', EMPTY_FOLDER)
    const { parent, name } = split(path)
    const entry = this.#folders.get(parent)?.get(name)
    return entry === undefined ? undefined : shownEntry(name, path, entry)
  }

  contentAt(path: Handle): Uint8Array | undefined {
    const { parent, name } = split(path)
    return this.#folders.get(parent)?.get(name)?.content
  }

  /** In the order of their names; `undefined` when there is no such folder. */
  list(path: Handle): readonly EntryData[] | undefined {
    const listed = this.#listed.get(path)
    if (listed !== undefined) return listed
    const folder = this.#folders.get(path)
    if (folder === undefined) return undefined
    const below = path === '/' ? '/' : `${path}/`
    const entries = [...folder]
      .map(([name, entry]) => shownEntry(name, below + name, entry))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    this.#listed.set(path, entries)
    return entries
  }

  /** Everything below a path and the path itself, parents first. */
  *walk(path: Handle): Generator<EntryData> {
    const entry = this.at(path)
    if (entry === undefined) return
    yield entry
    if (entry.kind === 'dir') for (const child of this.list(path) ?? []) yield* this.walk(child.path)
  }

  #put(path: string, entry: FakeEntry): this {
    const { parent, name } = split(path)
    this.folder(parent)
    this.#folders.get(parent)?.set(name, entry)
    this.#listed.delete(parent)
    return this
  }
}

const EMPTY_FOLDER: FakeEntry = { kind: 'dir', content: new Uint8Array(0), modifiedMs: 0, target: undefined }

function split(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf('/')
  return { parent: at <= 0 ? '/' : path.slice(0, at), name: path.slice(at + 1) }
}

function shownEntry(name: string, path: string, { kind, content, modifiedMs, target }: FakeEntry): EntryData {
  return {
    name,
    path,
    shownPath: path,
    kind,
    bytes: content.length,
    modifiedMs,
    mode: kind === 'dir' ? 0o755 : 0o644,
    owner: 'arthur',
    group: 'users',
    target,
  }
}
