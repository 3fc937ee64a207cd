import type { EntryData, Handle } from '../../../src/service/application/shown.ts'
import type { Loaded } from '../../state/loaded.ts'

export type Folders = ReadonlyMap<Handle, Loaded<readonly EntryData[]>>

/** A line of the tree: an entry, or what there is to say instead of a folder's entries. */
export type TreeRow =
  | { readonly kind: 'entry'; readonly entry: EntryData; readonly depth: number; readonly isOpen: boolean }
  | { readonly kind: 'note'; readonly text: string; readonly depth: number }

/**
 * Returns the lines of a tree of which only the open folders are known, in the order of their listings.
 *
 * Made once after each change, not at each paint: a folder may have hundreds of thousands of entries.
 */
export function treeRows(root: Handle, folders: Folders, open: ReadonlySet<Handle>): readonly TreeRow[] {
  const rows: TreeRow[] = []
  addFolder(rows, root, 0, folders, open)
  return rows
}

function addFolder(rows: TreeRow[], path: Handle, depth: number, folders: Folders, open: ReadonlySet<Handle>): void {
  const listing = folders.get(path)
  if (listing === undefined || listing.kind === 'loading') {
    rows.push({ kind: 'note', text: 'reading …', depth })
    return
  }
  if (listing.kind === 'failed') {
    rows.push({ kind: 'note', text: `✗ ${listing.problem.message}`, depth })
    return
  }
  if (listing.value.length === 0) rows.push({ kind: 'note', text: '(empty)', depth })
  for (const entry of listing.value) {
    const isOpen = entry.kind === 'dir' && open.has(entry.path)
    rows.push({ kind: 'entry', entry, depth, isOpen })
    if (isOpen) addFolder(rows, entry.path, depth + 1, folders, open)
  }
}

/** Returns the line of the folder that holds the line `index`, `undefined` at the top. */
export function parentRow(rows: readonly TreeRow[], index: number): number | undefined {
  const depth = rows[index]?.depth ?? 0
  for (let above = index - 1; above >= 0; above--) if ((rows[above]?.depth ?? 0) < depth) return above
  return undefined
}
