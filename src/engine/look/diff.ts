import { type ByteString, joinPath } from '../../base/byte-string.ts'
import type { FileEntry, TreeEntry } from '../../format/tree.ts'
import type { PointView } from '../point-view-types.ts'
import { contentState } from '../point-view-state.ts'
import { metadataChanges, type MetadataField } from './metadata-changes.ts'

/** One difference between two trees; paths are those of the second, and of the first for what was removed. */
export type Difference =
  | { readonly kind: 'added'; readonly path: ByteString; readonly after: TreeEntry }
  | { readonly kind: 'removed'; readonly path: ByteString; readonly before: TreeEntry }
  /** A file that is the only one removed, and the only one added, with its content. */
  | {
      readonly kind: 'renamed'
      readonly path: ByteString
      readonly from: ByteString
      readonly before: TreeEntry
      readonly after: TreeEntry
    }
  /** `type`: it was of another kind. `content`: perhaps its metadata, too. */
  | {
      readonly kind: 'type' | 'content' | 'metadata'
      readonly path: ByteString
      readonly before: TreeEntry
      readonly after: TreeEntry
      readonly metadata: readonly MetadataField[]
    }

/** One side of a comparison: a place of a point. */
export interface DiffSide {
  readonly view: PointView
  readonly entry: TreeEntry
  readonly path: ByteString
}

/**
 * Returns all differences between two trees of one realm, sorted by path.
 *
 * Directories with equal tree ids are equal below and not opened. A directory that is on one side only is followed by
 * all that it holds. Memory: what differs.
 * @throws {IntegrityError} a directory cannot be read. @throws the signal's reason.
 */
export async function diff(before: DiffSide, after: DiffSide, signal: AbortSignal): Promise<Difference[]> {
  const differences: Difference[] = []
  await new Comparison(before.view, after.view, { differences, signal }).compare(before, after)
  return withRenames(differences).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

interface Place {
  readonly entry: TreeEntry
  readonly path: ByteString
}

class Comparison {
  readonly #before: PointView
  readonly #after: PointView
  readonly #differences: Difference[]
  readonly #signal: AbortSignal

  constructor(before: PointView, after: PointView, to: { differences: Difference[]; signal: AbortSignal }) {
    this.#before = before
    this.#after = after
    this.#differences = to.differences
    this.#signal = to.signal
  }

  async compare(before: Place, after: Place): Promise<void> {
    this.#signal.throwIfAborted()
    const pair = { path: after.path, before: before.entry, after: after.entry }
    if (before.entry.kind !== after.entry.kind) {
      this.#differences.push({ kind: 'type', ...pair, metadata: [] })
      await this.#oneSide('removed', before)
      await this.#oneSide('added', after)
      return
    }
    const metadata = metadataChanges(before.entry, after.entry)
    if (before.entry.kind === 'dir') {
      if (metadata.length > 0) this.#differences.push({ kind: 'metadata', ...pair, metadata })
      if (contentState(before.entry) !== contentState(after.entry)) await this.#directories(before, after)
    } else if (contentState(before.entry) !== contentState(after.entry)) {
      this.#differences.push({ kind: 'content', ...pair, metadata })
    } else if (metadata.length > 0) {
      this.#differences.push({ kind: 'metadata', ...pair, metadata })
    }
  }

  /** Merges two sorted listings. */
  async #directories(before: Place, after: Place): Promise<void> {
    const [olds, news] = await Promise.all([this.#before.entries(before.entry), this.#after.entries(after.entry)])
    for (let i = 0, j = 0; i < olds.length || j < news.length;) {
      const [old, fresh] = [olds[i], news[j]]
      if (old !== undefined && (fresh === undefined || old.name < fresh.name)) {
        await this.#whole('removed', { entry: old, path: joinPath(before.path, old.name) })
        i++
      } else if (fresh !== undefined && (old === undefined || fresh.name < old.name)) {
        await this.#whole('added', { entry: fresh, path: joinPath(after.path, fresh.name) })
        j++
      } else if (old !== undefined && fresh !== undefined) {
        const path = joinPath(after.path, fresh.name)
        await this.compare({ entry: old, path: joinPath(before.path, old.name) }, { entry: fresh, path })
        i++
        j++
      }
    }
  }

  async #whole(kind: 'added' | 'removed', place: Place): Promise<void> {
    const { entry, path } = place
    this.#differences.push(kind === 'added' ? { kind, path, after: entry } : { kind, path, before: entry })
    await this.#oneSide(kind, place)
  }

  /** Everything below a directory that is on one side only. */
  async #oneSide(kind: 'added' | 'removed', { entry, path }: Place): Promise<void> {
    if (entry.kind !== 'dir') return
    const view = kind === 'added' ? this.#after : this.#before
    for await (const each of view.walk(path, entry)) {
      this.#signal.throwIfAborted()
      const at = { path: each.path }
      this.#differences.push(
        kind === 'added' ? { kind, ...at, after: each.entry } : { kind, ...at, before: each.entry },
      )
    }
  }
}

/** Files that went from one path to another, recognised by their content where that is there once on each side. */
function withRenames(differences: readonly Difference[]): Difference[] {
  const removed = bySoleContent(differences, (each) => (each.kind === 'removed' ? each.before : undefined))
  const added = bySoleContent(differences, (each) => (each.kind === 'added' ? each.after : undefined))
  const gone = new Set<Difference>()
  const renames: Difference[] = []
  for (const [state, to] of added) {
    const from = removed.get(state)
    if (from === undefined || to.entry === undefined || from.entry === undefined) continue
    gone.add(from.difference).add(to.difference)
    const paths = { path: to.difference.path, from: from.difference.path }
    renames.push({ kind: 'renamed', ...paths, before: from.entry, after: to.entry })
  }
  return [...differences.filter((each) => !gone.has(each)), ...renames]
}

interface Sole {
  readonly difference: Difference
  /** `undefined`: several have this content. */
  readonly entry: FileEntry | undefined
}

function bySoleContent(
  differences: readonly Difference[],
  entryOf: (difference: Difference) => TreeEntry | undefined,
): Map<string, Sole> {
  const found = new Map<string, Sole>()
  for (const difference of differences) {
    const entry = entryOf(difference)
    // Empty files are all alike.
    if (entry?.kind !== 'file' || entry.size === 0) continue
    const state = contentState(entry)
    found.set(state, { difference, entry: found.has(state) ? undefined : entry })
  }
  return found
}
