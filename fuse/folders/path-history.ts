import { type ByteString, byteString } from '../../src/base/byte-string.ts'
import { splitIds } from '../../src/engine/point-view-layout.ts'
import { contentState } from '../../src/engine/point-view-state.ts'
import type { PointView } from '../../src/engine/point-view-types.ts'
import type { MountedPoint } from './mounted-points.ts'

type Entry = PointView['root']

/** What a path was in a point. */
export interface Held {
  readonly point: MountedPoint
  readonly entry: Entry
}

/** What a path was in all points: each directory and each content once, with the first point that has it. */
export interface PathHistory {
  /** The oldest first. */
  readonly directories: readonly Held[]
  /** Everything that is no directory; the oldest first. */
  readonly files: readonly Held[]
}

/** Parts of directories that are read at once. */
const PARTS_AT_ONCE = 8

/** Returns the history of each name that `directories`, states of one path with the oldest first, hold. */
export async function historiesIn(directories: readonly Held[]): Promise<Map<ByteString, PathHistory>> {
  const histories = new Map<ByteString, HistoryBuilder>()
  const parts = distinctParts(directories)
  for (let i = 0; i < parts.length; i += PARTS_AT_ONCE) {
    for (const { point, entries } of await Promise.all(parts.slice(i, i + PARTS_AT_ONCE).map(listed))) {
      for (const entry of entries) {
        let history = histories.get(entry.name)
        if (history === undefined) histories.set(entry.name, (history = new HistoryBuilder()))
        history.add({ point, entry })
      }
    }
  }
  return new Map(Array.from(histories, ([name, history]) => [name, history.finish()]))
}

/** Returns the parts that directories consist of, each once: what later states have in common with earlier ones is no news. */
function distinctParts(directories: readonly Held[]): Held[] {
  const seen = new Set<ByteString>()
  return directories.flatMap(({ point, entry }) => {
    // The root has several trees' entries, and no name: see openPointView.
    if (entry.kind !== 'dir' || entry.name === '') return [{ point, entry }]
    return splitIds(entry.trees).flatMap((id) => {
      const key = byteString(id)
      if (seen.has(key)) return []
      seen.add(key)
      return [{ point, entry: { ...entry, trees: id } }]
    })
  })
}

async function listed({ point, entry }: Held): Promise<{ point: MountedPoint; entries: readonly Entry[] }> {
  return { point, entries: await point.view.entries(entry) }
}

class HistoryBuilder {
  readonly #states = new Set<string>()
  readonly #directories: Held[] = []
  readonly #files: Held[] = []

  add({ point, entry }: Held): void {
    const isDirectory = entry.kind === 'dir'
    const state = `${isDirectory ? 'dir ' : ''}${contentState(entry)}`
    if (this.#states.has(state)) return
    this.#states.add(state)
    const held = { point, entry: owned(entry) }
    if (isDirectory) this.#directories.push(held)
    else this.#files.push(held)
  }

  finish(): PathHistory {
    return { directories: this.#directories, files: this.#files }
  }
}

/** Returns an entry whose bytes are its own: a view would keep all of the tree that it was decoded from. */
function owned(entry: Entry): Entry {
  const xattrs = entry.xattrs.map(({ name, value }) => ({ name, value: new Uint8Array(value) }))
  if (entry.kind === 'dir') return { ...entry, xattrs, trees: new Uint8Array(entry.trees) }
  if (entry.kind !== 'file') return { ...entry, xattrs }
  return { ...entry, xattrs, content: { ...entry.content, ids: new Uint8Array(entry.content.ids) } }
}
