import { setImmediate } from 'node:timers/promises'

import { type ByteString, joinPath } from '../../base/byte-string.ts'
import type { PointId, RealmId } from '../../base/ids.ts'
import { type DirectoryListing, DirectoryReader, findEntry, readInParts } from '../../engine/point-view-directory.ts'
import type { PointFrames } from '../../engine/point-view-frames.ts'
import { openPointFrames } from '../../engine/point-view-repository.ts'
import type { PointBlobs } from '../../engine/point-view-layout.ts'
import { type OpenPointView, openPointView } from '../../engine/point-view.ts'
import type { TreeEntry } from '../../format/tree.ts'
import { readsNothing } from '../../repository/key-ring.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { type EntryOwners, UNKNOWN_OWNERS } from './show-entry.ts'

/** Views that are kept open, and entries that are remembered by path in each: whoever looks, looks at the same again. */
const VIEWS_MAX = 16
const ENTRIES_MAX = 64

/** An entry of a point with the names of its owners. */
export interface FoundEntry {
  readonly path: ByteString
  readonly entry: TreeEntry
  readonly owners: EntryOwners
}

/**
 * The trees of all points of an open repository, as somebody looks into them for hours: points that others make meanwhile
 * are found, and what is pruned and written anew where it lies now. Nothing else may load the repository's index: only who
 * loads it knows how old it is. Disposing of it gives memory back.
 */
export class PointTrees implements Disposable {
  readonly #repository: Repository
  readonly #realms = new Map<RealmId, Promise<{ frames: PointFrames; directories: DirectoryReader }>>()
  /** The one used last at the end. */
  readonly #views = new Map<PointId, PointTree>()

  constructor(repository: Repository) {
    this.#repository = repository
  }

  /** Returns a view, for `find` and `history`. @throws {KeyError} KEY_NOT_FULL */
  async open(point: PointInfo): Promise<OpenPointView> {
    return (await this.tree(point)).view
  }

  /** @throws {KeyError} KEY_NOT_FULL */
  async tree(point: PointInfo): Promise<PointTree> {
    const { realm, record } = point
    const known = this.#views.get(record.point)
    if (known !== undefined) {
      this.#views.delete(record.point)
      this.#views.set(record.point, known)
      return known
    }
    const { frames, directories } = await this.#realm(realm)
    const tree = new PointTree(openPointView(frames.blobs, record.parts, directories))
    this.#views.set(record.point, tree)
    const [oldest] = this.#views.keys()
    if (this.#views.size > VIEWS_MAX && oldest !== undefined) this.#views.delete(oldest)
    return tree
  }

  /** Returns the blobs of a realm; what its index lacks is looked for in the index as the store has it now. @throws {KeyError} KEY_NOT_FULL */
  async blobs(realm: RealmId): Promise<PointBlobs> {
    return (await this.#realm(realm)).frames.blobs
  }

  #realm(realm: RealmId): Promise<{ frames: PointFrames; directories: DirectoryReader }> {
    const known = this.#realms.get(realm)
    if (known !== undefined) return known
    const opening = this.#openRealm(realm)
    this.#realms.set(realm, opening)
    opening.catch(() => this.#realms.delete(realm))
    return opening
  }

  async #openRealm(realm: RealmId): Promise<{ frames: PointFrames; directories: DirectoryReader }> {
    if (!this.#repository.keyRing.full) throw readsNothing()
    const frames = await openPointFrames(this.#repository.inRealm(realm))
    return { frames, directories: new DirectoryReader(frames.blobs) }
  }

  [Symbol.dispose](): void {
    for (const opening of this.#realms.values()) {
      opening.then(
        ({ frames }) => frames[Symbol.dispose](),
        () => undefined,
      )
    }
    this.#realms.clear()
    this.#views.clear()
  }
}

/** The tree of one point. */
export class PointTree {
  readonly view: OpenPointView
  readonly #found = new Map<ByteString, FoundEntry>()

  constructor(view: OpenPointView) {
    this.view = view
  }

  /** Yields a directory part by part; whatever else this process has to do comes in between. */
  async *parts(directory: TreeEntry): AsyncGenerator<DirectoryListing> {
    if (directory.kind !== 'dir') return
    if (directory.name === '') {
      yield await this.view.listing(directory)
      return
    }
    for await (const part of readInParts(this.view.blobs, directory.trees)) {
      yield part
      await setImmediate()
    }
  }

  /** Returns what lies at an absolute path, or `undefined`; remembers what was found last. */
  async find(path: ByteString): Promise<FoundEntry | undefined> {
    const known = this.#found.get(path)
    if (known !== undefined) return known
    const found = await this.#walkTo(path)
    if (found === undefined) return undefined
    this.#found.set(path, found)
    const [oldest] = this.#found.keys()
    if (this.#found.size > ENTRIES_MAX && oldest !== undefined) this.#found.delete(oldest)
    return found
  }

  async #walkTo(path: ByteString): Promise<FoundEntry | undefined> {
    let at: FoundEntry = { path: '/' as ByteString, entry: this.view.root, owners: UNKNOWN_OWNERS }
    for (const name of path.split('/')) {
      if (name === '') continue
      const next = await this.#child(at, name as ByteString)
      if (next === undefined) return undefined
      at = next
    }
    return at
  }

  async #child(folder: FoundEntry, name: ByteString): Promise<FoundEntry | undefined> {
    for await (const part of this.parts(folder.entry)) {
      const last = part.entries.at(-1)
      if (last === undefined || last.name < name) continue
      const entry = findEntry(part.entries, name)
      const owners = { users: part.users, groups: part.groups }
      return entry && { path: joinPath(folder.path, name), entry, owners }
    }
    return undefined
  }
}
