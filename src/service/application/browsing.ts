import { setImmediate } from 'node:timers/promises'

import type { ByteString } from '../../base/byte-string.ts'
import { concatBytes } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import { typedPath } from '../../base/typed-path.ts'
import { diff, type Difference } from '../../engine/look/diff.ts'
import { find } from '../../engine/look/find.ts'
import { history } from '../../engine/look/history.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import type { PointId } from '../../base/ids.ts'
import type { KnownRepository, OpenedRepository } from './known-repository.ts'
import type { FoundEntry, PointTree } from './point-trees.ts'
import { pathInPoint } from '../restore-selection.ts'
import { entryShower, milliseconds, showEntry } from './show-entry.ts'
import type { DifferenceData, EntryData, Handle, VersionData } from './shown.ts'
import { shownBytes } from './shown-text.ts'

/** So much of a file is shown at once, at most. */
const CONTENT_BYTES_MAX = 16 << 20
/** So many entries are found, at most. */
const FOUND_MAX = 10_000
/** So many differences are made ready to be shown before others have their turn. */
const SLICE = 2000

/** A point of a repository, as a face names it. */
export interface PointName {
  readonly repository: KnownRepository
  readonly point: string
}

/** Returns the path that a handle stands for. @throws {UsageError} BAD_ARGUMENT: it is none of ours. */
export function pathOf(handle: Handle): ByteString {
  return pathInPoint(handle as ByteString)
}

/** Returns a point. One that was made since the points were loaded is found, too. @throws {UsageError} UNKNOWN_POINT */
export async function pointOf({ repository }: OpenedRepository, id: string): Promise<PointInfo> {
  const known = (await repository.chain()).get(id as PointId)
  const point = known ?? (await repository.chain({ reload: true })).get(id as PointId)
  if (point !== undefined) return point
  throw new UsageError('UNKNOWN_POINT', `there is no point ${id.slice(0, 36)} any more`, {
    hint: 'It was forgotten meanwhile: look at the list of points again.',
  })
}

/** Lists a directory; a large one piece by piece, so that all else goes on meanwhile. */
export async function listEntries(
  { repository, point }: PointName,
  directory: Handle,
  signal: AbortSignal,
): Promise<EntryData[]> {
  const path = pathOf(directory)
  return repository.use(async (opened) => listTree(await treeOf(opened, point), path, signal))
}

/** As `listEntries`, of a tree that is open. */
export async function listTree(tree: PointTree, path: ByteString, signal: AbortSignal): Promise<EntryData[]> {
  const { entry } = await existing(tree, path)
  const listed: EntryData[] = []
  for await (const part of tree.parts(entry)) {
    signal.throwIfAborted()
    const show = entryShower(path, part)
    for (const each of part.entries) listed.push(show(each))
  }
  return listed
}

/** Returns the entry at a path as somebody typed it. */
export async function lookUp({ repository, point }: PointName, typed: string): Promise<EntryData | undefined> {
  const path = typedPath(typed)
  return repository.use(async (opened) => {
    const found = await (await treeOf(opened, point)).find(path)
    return found && showEntry(found.path, found.entry, found.owners)
  })
}

/** Returns bytes of a file. */
export async function readRange(
  { repository, point }: PointName,
  file: Handle,
  { range, signal }: { range: { readonly offset: number; readonly length: number }; signal: AbortSignal },
): Promise<Uint8Array> {
  const path = pathOf(file)
  const offset = Math.max(0, Math.floor(range.offset))
  const length = Math.min(Math.max(0, Math.floor(range.length)), CONTENT_BYTES_MAX)
  return repository.use(async (opened) => {
    const tree = await treeOf(opened, point)
    const { entry } = await existing(tree, path)
    const parts: Uint8Array[] = []
    for await (const part of tree.view.content(entry, { offset, length })) {
      signal.throwIfAborted()
      parts.push(part)
    }
    return concatBytes(...parts)
  })
}

/** Returns the versions of a path in all points but those that keep what restores overwrote. */
export async function versionsOf(
  { repository, point }: PointName,
  handle: Handle,
  signal: AbortSignal,
): Promise<VersionData[]> {
  const path = pathOf(handle)
  return repository.use(async (opened) => {
    const { instance } = (await pointOf(opened, point)).record
    const { points } = await opened.repository.chain()
    // Of another machine, the same path is another file.
    const own = points
      .filter(({ record }) => record.instance === instance && record.undo === undefined)
      .toSorted(compareCreated)
    const versions = await history(opened.trees, path, { points: own, signal })
    return versions.map(({ entry, points: having }) => ({
      entry: showEntry(path, entry),
      points: having.map(({ record }) => ({ id: record.point, startedMs: milliseconds(record.started) })),
    }))
  })
}

/** Finds entries of a point by a part of their names, or by a pattern. */
export async function findEntries(
  { repository, point }: PointName,
  pattern: string,
  signal: AbortSignal,
): Promise<EntryData[]> {
  return repository.use(async (opened) => {
    const points = [await pointOf(opened, point)]
    const any = {
      kinds: undefined,
      newerThan: undefined,
      olderThan: undefined,
      bytesMin: undefined,
      bytesMax: undefined,
    }
    const sought = /[*?[/]/.test(pattern) ? pattern : `*${pattern}*`
    const found = await find(opened.trees, { pattern: sought, ignoreCase: true, ...any }, { points, signal })
    return found.slice(0, FOUND_MAX).map(({ path, entry, owners }) => showEntry(path, entry, owners))
  })
}

/** Compares two points. @throws {UsageError} BAD_ARGUMENT: their contents have nothing in common. */
export async function comparePoints(
  repository: KnownRepository,
  [before, after]: readonly [string, string],
  signal: AbortSignal,
): Promise<DifferenceData[]> {
  return repository.use(async (opened) => {
    const [older, newer] = [await pointOf(opened, before), await pointOf(opened, after)]
    if (older.realm !== newer.realm) {
      throw new UsageError(
        'BAD_ARGUMENT',
        'the two points lie in different realms, whose contents cannot be compared',
        {
          hint: 'Restore both and compare the folders.',
        },
      )
    }
    const [olderView, newerView] = [await opened.trees.open(older), await opened.trees.open(newer)]
    const path = '/' as ByteString
    const differences = await diff(
      { view: olderView, entry: olderView.root, path },
      { view: newerView, entry: newerView.root, path },
      signal,
    )
    const shown: DifferenceData[] = []
    for (const [i, each] of differences.entries()) {
      shown.push(showDifference(each))
      if (i % SLICE !== SLICE - 1) continue
      await setImmediate()
      signal.throwIfAborted()
    }
    return shown
  })
}

function showDifference(each: Difference): DifferenceData {
  const { kind, path } = each
  const from = each.kind === 'renamed' ? each.from : undefined
  return {
    kind,
    shownPath: shownBytes(path),
    from: from && shownBytes(from),
    before: 'before' in each ? showEntry(from ?? path, each.before) : undefined,
    after: 'after' in each ? showEntry(path, each.after) : undefined,
  }
}

async function treeOf(opened: OpenedRepository, point: string): Promise<PointTree> {
  return opened.trees.tree(await pointOf(opened, point))
}

async function existing(tree: PointTree, path: ByteString): Promise<FoundEntry> {
  const found = await tree.find(path)
  if (found !== undefined) return found
  throw new UsageError('UNKNOWN_PATH', `the point has no ${shownBytes(path)}`, {
    context: { path: shownBytes(path) },
    hint: 'Look at the folder above it.',
  })
}
