import type { ByteString } from '../../src/base/byte-string.ts'
import { findEntry } from '../../src/engine/point-view-directory.ts'
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

/** Directories that are read at once. */
const DIRECTORIES_AT_ONCE = 16

/** Returns the history of each name that `directories`, states of one path with the oldest first, hold. */
export async function historiesIn(directories: readonly Held[]): Promise<Map<ByteString, PathHistory>> {
  const histories = new Map<ByteString, HistoryBuilder>()
  for await (const { point, entries } of listingsOf(directories)) {
    for (const entry of entries) {
      let history = histories.get(entry.name)
      if (history === undefined) histories.set(entry.name, (history = new HistoryBuilder()))
      history.add({ point, entry })
    }
  }
  return histories
}

/** Returns the history of `name` in `directories`, states of one path with the oldest first. */
export async function historyOf(name: ByteString, directories: readonly Held[]): Promise<PathHistory> {
  const history = new HistoryBuilder()
  for await (const { point, entries } of listingsOf(directories)) {
    const entry = findEntry(entries, name)
    if (entry !== undefined) history.add({ point, entry })
  }
  return history
}

async function* listingsOf(
  directories: readonly Held[],
): AsyncGenerator<{ readonly point: MountedPoint; readonly entries: readonly Entry[] }> {
  for (let i = 0; i < directories.length; i += DIRECTORIES_AT_ONCE) {
    yield* await Promise.all(
      directories.slice(i, i + DIRECTORIES_AT_ONCE).map(async ({ point, entry }) => {
        return { point, entries: await point.view.entries(entry) }
      }),
    )
  }
}

class HistoryBuilder implements PathHistory {
  readonly #directories = new Map<string, Held>()
  readonly #files = new Map<string, Held>()

  get directories(): readonly Held[] {
    return [...this.#directories.values()]
  }

  get files(): readonly Held[] {
    return [...this.#files.values()]
  }

  add(held: Held): void {
    const { entry } = held
    const states = entry.kind === 'dir' ? this.#directories : this.#files
    const state = contentState(entry)
    if (!states.has(state)) states.set(state, held)
  }
}
