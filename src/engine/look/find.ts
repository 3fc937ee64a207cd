import { type ByteString, byteString, joinPath } from '../../base/byte-string.ts'
import type { EntryKind, TreeEntry } from '../../format/tree.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { OpenPointView } from '../point-view.ts'
import type { DirectoryListing } from '../point-view-directory.ts'
import { pathText } from '../scan/path-text.ts'
import { contentState } from '../point-view-state.ts'
import { metadataChanges } from './metadata-changes.ts'
import { compileGlob } from './glob.ts'
import type { PointViews } from './point-views.ts'

export interface FindQuery {
  /** As `compileGlob` takes it: compared with names, or, where it has a `/`, with absolute paths. */
  readonly pattern: string
  readonly ignoreCase: boolean
  readonly kinds: ReadonlySet<EntryKind> | undefined
  /** Bounds on the time of modification, in seconds since 1970. */
  readonly newerThan: number | undefined
  readonly olderThan: number | undefined
  /** Bounds on the size of files, in bytes. */
  readonly bytesMin: number | undefined
  readonly bytesMax: number | undefined
}

/** An entry that was found, as it was in one or more points. */
export interface Found {
  readonly path: ByteString
  readonly entry: TreeEntry
  /** Names of those whom the entry names by number, as the first point has them. */
  readonly owners: Owners
  /** In the order in which they were given. */
  readonly points: readonly PointInfo[]
}

type Owners = Pick<DirectoryListing, 'users' | 'groups'>

/** Matches below a directory, relative to nothing: with their whole paths. */
type Matches = readonly Omit<Found, 'points'>[]

const NO_MATCHES: Matches = []

/**
 * Finds entries in points. A state of an entry that several points have is found once.
 *
 * A directory that several points have at the same path is searched once. Memory: what is found, and 100 bytes for each
 * state of a directory.
 * @throws {UsageError} BAD_PATTERN @throws {IntegrityError} a directory cannot be read.
 */
export async function find(
  views: Pick<PointViews, 'open'>,
  query: FindQuery,
  {
    points,
    signal,
    progress,
  }: {
    readonly points: readonly PointInfo[]
    readonly signal: AbortSignal
    readonly progress?: (done: number) => void
  },
): Promise<Found[]> {
  const search = new Search(query, signal)
  const found = new Map<string, (Omit<Found, 'points'> & { points: PointInfo[] })[]>()
  for (const [done, point] of points.entries()) {
    const view = await views.open(point)
    for (const { path, entry, owners } of await search.below(view, {
      path: '/' as ByteString,
      entry: view.root,
      realm: point.realm,
    })) {
      const states = found.get(path) ?? []
      if (states.length === 0) found.set(path, states)
      const known = states.find((state) => isSame(state.entry, entry))
      if (known === undefined) states.push({ path, entry, owners, points: [point] })
      else known.points.push(point)
    }
    progress?.(done + 1)
  }
  return [...found.values()].flat().sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

function isSame(a: TreeEntry, b: TreeEntry): boolean {
  if (a.kind !== b.kind || metadataChanges(a, b).length > 0) return false
  // What lies in a directory is not what it is.
  return a.kind === 'dir' || contentState(a) === contentState(b)
}

class Search {
  readonly #query: FindQuery
  readonly #signal: AbortSignal
  readonly #matchesText: (text: string) => boolean
  readonly #ofPaths: boolean
  readonly #known = new Map<string, Matches>()

  constructor(query: FindQuery, signal: AbortSignal) {
    this.#query = query
    this.#signal = signal
    const { pattern } = query
    this.#ofPaths = pattern.includes('/')
    // Below any folder, unless it says from the root on.
    const anchored = this.#ofPaths && !pattern.startsWith('/') ? `/**/${pattern}` : pattern
    this.#matchesText = compileGlob(anchored, query)
  }

  async below(
    view: OpenPointView,
    at: { readonly path: ByteString; readonly entry: TreeEntry; readonly realm: string },
  ): Promise<Matches> {
    this.#signal.throwIfAborted()
    const { path, entry, realm } = at
    if (entry.kind !== 'dir') return NO_MATCHES
    // The root of a point of several parts has trees of its own in each.
    const key = path === '/' ? undefined : `${realm}${path}\0${byteString(entry.trees)}`
    const known = key === undefined ? undefined : this.#known.get(key)
    if (known !== undefined) return known
    const matches: Omit<Found, 'points'>[] = []
    const { entries, users, groups } = await view.listing(entry)
    const owners = { users, groups }
    await view.prepare(entries.filter(({ kind }) => kind === 'dir').slice(0, 256))
    for (const child of entries) {
      const childPath = joinPath(path, child.name)
      if (this.#matches(childPath, child)) matches.push({ path: childPath, entry: child, owners })
      if (child.kind === 'dir') matches.push(...(await this.below(view, { path: childPath, entry: child, realm })))
    }
    const result = matches.length === 0 ? NO_MATCHES : matches
    if (key !== undefined) this.#known.set(key, result)
    return result
  }

  #matches(path: ByteString, entry: TreeEntry): boolean {
    const { kinds, newerThan, olderThan, bytesMin, bytesMax } = this.#query
    if (kinds !== undefined && !kinds.has(entry.kind)) return false
    if (newerThan !== undefined && entry.mtime.seconds < newerThan) return false
    if (olderThan !== undefined && entry.mtime.seconds > olderThan) return false
    if (bytesMin !== undefined && !(entry.kind === 'file' && entry.size >= bytesMin)) return false
    if (bytesMax !== undefined && !(entry.kind === 'file' && entry.size <= bytesMax)) return false
    return this.#matchesText(pathText(this.#ofPaths ? path : entry.name))
  }
}
