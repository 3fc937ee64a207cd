import type { Handle, PreviewItem, RestoreAction } from '../../../src/service/application/shown.ts'

/** A line of the preview. */
export interface RestoreRow {
  readonly item: PreviewItem
  readonly depth: number
  readonly isClosed: boolean
}

/** What decides which lines there are. */
export interface RowChoices {
  /** Folders whose insides are not shown. */
  readonly closed: ReadonlySet<Handle>
  readonly changesOnly: boolean
}

/**
 * Returns items as a tree, each right below the folder that it lies in, by name; what lies in none of them by its path.
 *
 * They come folder by folder, and what is deleted comes before its folder.
 */
export function inTreeOrder(items: readonly PreviewItem[]): readonly PreviewItem[] {
  const folders = new Set(items.filter(({ kind }) => kind === 'dir').map(({ shownPath }) => shownPath))
  const inside = Map.groupBy(items, ({ shownPath }) => {
    const parent = parentOf(shownPath)
    return folders.has(parent) && parent !== shownPath ? parent : undefined
  })
  const ordered: PreviewItem[] = []
  const left = lastFirst(inside.get(undefined))
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    ordered.push(item)
    if (item.kind !== 'dir') continue
    for (const below of lastFirst(inside.get(item.shownPath))) left.push(below)
    // Two items may be of one path: what is deleted there, and what comes in its place.
    inside.delete(item.shownPath)
  }
  return ordered
}

function lastFirst(siblings: readonly PreviewItem[] = []): PreviewItem[] {
  return siblings.toSorted((a, b) => (a.shownPath < b.shownPath ? -1 : Number(a.shownPath > b.shownPath))).reverse()
}

/** Returns the lines of a preview in tree order. Made once after each change: it may have hundreds of thousands of items. */
export function restoreRows(items: readonly PreviewItem[], { closed, changesOnly }: RowChoices): readonly RestoreRow[] {
  const depths = new Map<string, number>()
  const hidden = new Set<string>()
  const rows: RestoreRow[] = []
  const leading = changesOnly ? foldersOfChanges(items) : undefined
  for (const item of items) {
    const parent = parentOf(item.shownPath)
    const depth = (depths.get(parent) ?? -1) + 1
    if (item.kind === 'dir') depths.set(item.shownPath, depth)
    if (hidden.has(parent)) {
      if (item.kind === 'dir') hidden.add(item.shownPath)
      continue
    }
    const isClosed = closed.has(item.path)
    if (isClosed) hidden.add(item.shownPath)
    if (leading === undefined || matters(item.action) || leading.has(item.shownPath))
      rows.push({ item, depth, isClosed })
  }
  return rows
}

/** Returns the folders that lead to what would change: it is not seen where it lies without them. */
function foldersOfChanges(items: readonly PreviewItem[]): ReadonlySet<string> {
  const folders = new Set<string>()
  for (const { shownPath, action } of items) {
    if (!matters(action)) continue
    for (let at = parentOf(shownPath); !folders.has(at); at = parentOf(at)) folders.add(at)
  }
  return folders
}

/** Tells whether something would come of it: a change, or a failure where one was wanted. */
function matters(action: RestoreAction): boolean {
  return action !== 'unchanged' && action !== 'keep'
}

export interface Total {
  readonly count: number
  readonly bytes: number
}

/** Returns how much of each kind there is to do; what is in `out` counts as left out and nowhere else. */
export function totalsOf(
  items: readonly PreviewItem[],
  out: ReadonlySet<Handle>,
): Readonly<Record<RestoreAction | 'left out', Total>> {
  const nothing = { count: 0, bytes: 0 }
  const totals = {
    create: { ...nothing },
    overwrite: { ...nothing },
    unchanged: { ...nothing },
    delete: { ...nothing },
    keep: { ...nothing },
    fail: { ...nothing },
    'left out': { ...nothing },
  }
  for (const item of items) {
    const total = totals[out.has(item.path) ? 'left out' : item.action]
    total.count++
    total.bytes += item.kind === 'dir' ? 0 : item.bytes
  }
  return totals
}

/**
 * Returns the paths that would now come to something else than was shown: those with another action or of another kind,
 * and those that only one of the two looks found. What is overwritten or deleted either way was agreed to, and a file
 * that is written to all the time would never let a restore begin.
 */
export function differingPaths(
  shown: readonly PreviewItem[],
  now: readonly PreviewItem[],
  out: ReadonlySet<Handle>,
): ReadonlySet<Handle> {
  const differing = new Set<Handle>()
  const addMissing = (items: readonly PreviewItem[], others: readonly PreviewItem[]): void => {
    const paths = new Set(others.map(({ path }) => path))
    // One path may come twice: what is deleted there, and what comes in its place.
    const same = new Set(others.map(outcomeOf))
    for (const item of items) {
      const isSame = same.has(outcomeOf(item)) || (!matters(item.action) && !paths.has(item.path))
      if (!isSame && !out.has(item.path)) differing.add(item.path)
    }
  }
  addMissing(now, shown)
  addMissing(shown, now)
  return differing
}

function outcomeOf({ path, action, kind }: PreviewItem): string {
  return `${action} ${kind} ${path}`
}

/** Returns the paths of items in tree order that do not come back: those that were left out, and all below them. */
export function leftOut(items: readonly PreviewItem[], without: ReadonlySet<Handle>): ReadonlySet<Handle> {
  if (without.size === 0) return without
  const folders = new Set<string>()
  const out = new Set<Handle>()
  for (const { path, shownPath, kind } of items) {
    if (!without.has(path) && !folders.has(parentOf(shownPath))) continue
    out.add(path)
    if (kind === 'dir') folders.add(shownPath)
  }
  return out
}

/** Slashes never stand in names, and what a path is shown as keeps them. */
function parentOf(shownPath: string): string {
  const at = shownPath.lastIndexOf('/')
  return at <= 0 ? '/' : shownPath.slice(0, at)
}
