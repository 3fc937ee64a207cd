import type { EntryData, Handle } from '../../../src/service/application/shown.ts'
import { numberOf } from '../../../src/base/number-of.ts'
import { call, type Effect } from '../../state/call.ts'
import { placeAt } from '../../state/list.ts'
import { LOADING, ready } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { type BrowseState, chosenEntry, INITIAL_BROWSE, treeHeight } from './browse-state.ts'
import { PREVIEW_BYTES_MAX } from './preview.ts'
import { treeRows } from './tree.ts'

/** Begins with the root of a point; `names` lead to the path that shall be chosen. */
export function enterPoint(
  state: BrowseState,
  point: string,
  shared: Shared,
  names: readonly string[] = [],
): Step<BrowseState> {
  const { repository, root } = shared
  if (repository === undefined) return { state }
  const folders = new Map([[root, LOADING]])
  const kept = keptFor(state, point)
  const { marked } = kept
  const entered: BrowseState = {
    ...INITIAL_BROWSE,
    ...kept,
    repository,
    point,
    folders,
    rows: treeRows(root, folders, INITIAL_BROWSE.open),
    goal: { folder: root, shownFolder: '', names },
  }
  return {
    state: entered,
    effects: [call(`browse:folder:${root}`, 'entries', repository, point, root)],
    ...(marked !== state.marked && marked.size + state.marked.size > 0 ? { say: saidOfMarks(state, marked.size) } : {}),
  }
}

/** Shows no point, as where those of another repository are not known yet. */
export function leavePoint(state: BrowseState): BrowseState {
  return { ...INITIAL_BROWSE, ...keptFor(state, undefined) }
}

type Kept = Pick<BrowseState, 'marked' | 'markedElsewhere' | 'handedOver' | 'prompts'>

/** Returns what stays in another point, or none. Marks are of one point: in another one the same path may be something else. */
function keptFor({ point: before, marked, markedElsewhere, handedOver, prompts }: BrowseState, point?: string): Kept {
  if (before === point) return { marked, markedElsewhere, handedOver, prompts }
  const elsewhere = new Map(markedElsewhere)
  if (before !== undefined && marked.size > 0) elsewhere.set(before, marked)
  const here = (point === undefined ? undefined : elsewhere.get(point)) ?? INITIAL_BROWSE.marked
  if (point !== undefined) elsewhere.delete(point)
  return { marked: here, markedElsewhere: elsewhere, handedOver, prompts }
}

function saidOfMarks({ marked }: BrowseState, here: number): string {
  const there = marked.size === 0 ? '' : 'What is marked in the other point stays marked there.'
  return here === 0 ? there : `${numberOf(here, 'entry is', 'entries are')} marked here from before. ${there}`.trimEnd()
}

/** Opens a folder, whose entries are asked for the first time. */
export function openFolder(state: BrowseState, path: Handle, shared: Shared): Step<BrowseState> {
  const { repository, point } = state
  if (repository === undefined || point === undefined) return { state }
  const open = new Set(state.open).add(path)
  const known = state.folders.get(path)
  if (known?.kind === 'ready') return { state: withTree({ ...state, open }, shared) }
  const folders = new Map(state.folders).set(path, LOADING)
  return {
    state: withTree({ ...state, open, folders }, shared),
    effects: [call(`browse:folder:${path}`, 'entries', repository, point, path)],
  }
}

export function closeFolder(state: BrowseState, path: Handle, shared: Shared): BrowseState {
  const open = new Set(state.open)
  open.delete(path)
  return withTree({ ...state, open }, shared)
}

/** Takes a folder's entries, and walks on towards where one wants to be. */
export function takeListing(
  state: BrowseState,
  folder: Handle,
  entries: readonly EntryData[],
  shared: Shared,
): Step<BrowseState> {
  const folders = new Map(state.folders).set(folder, ready(entries))
  return walkOn(withTree({ ...state, folders }, shared), shared)
}

/** Goes to a path as it is shown, from the root of the point. */
export function goToPath(state: BrowseState, shownPath: string, shared: Shared): Step<BrowseState> {
  const names = shownPath.split('/').filter((name) => name !== '')
  return walkOn(
    { ...state, found: undefined, history: undefined, goal: { folder: shared.root, shownFolder: '', names } },
    shared,
  )
}

function walkOn(state: BrowseState, shared: Shared): Step<BrowseState> {
  const { goal } = state
  if (goal === undefined) return withPreview(state)
  const listing = state.folders.get(goal.folder)
  if (listing?.kind !== 'ready') return openFolder(state, goal.folder, shared)
  const [name, ...names] = goal.names
  // A folder with nothing but a folder in it, as at the top of most points, is passed through.
  const only = listing.value.length === 1 ? listing.value[0] : undefined
  const next =
    name === undefined ? (only?.kind === 'dir' ? only : undefined) : listing.value.find((e) => e.name === name)
  if (next === undefined) {
    const ended = { ...state, goal: undefined }
    if (name === undefined) return withPreview(chooseFirstOf(ended, goal.folder, shared))
    return { ...withPreview(ended), say: `There is no ${goal.shownFolder}/${name} here.` }
  }
  const chosen = choose({ ...state, goal: undefined }, next.path, shared)
  const isEnd = name !== undefined && names.length === 0
  if (isEnd || next.kind !== 'dir') {
    const ended = withPreview(chosen)
    return isEnd ? ended : { ...ended, say: `${next.name} is no folder.` }
  }
  const shownFolder = `${goal.shownFolder}/${next.name}`
  const opened = openFolder({ ...chosen, goal: { folder: next.path, shownFolder, names } }, next.path, shared)
  if (opened.state.folders.get(next.path)?.kind !== 'ready') return opened
  return walkOn(opened.state, shared)
}

function choose(state: BrowseState, path: Handle, shared: Shared): BrowseState {
  const index = state.rows.findIndex((row) => row.kind === 'entry' && row.entry.path === path)
  return index < 0 ? state : withPlace(state, index, shared)
}

/** Chooses the first line below a folder that was walked into, unless something is chosen in it already. */
function chooseFirstOf(state: BrowseState, folder: Handle, shared: Shared): BrowseState {
  const index = state.rows.findIndex((row) => row.kind === 'entry' && row.entry.path === folder)
  return withPlace(state, index + 1, shared)
}

export function withPlace(state: BrowseState, selected: number, shared: Shared): BrowseState {
  const extent = { count: state.rows.length, height: treeHeight(shared) }
  return { ...state, place: placeAt(state.place, selected, extent) }
}

/** Returns the state with the lines of the tree made anew; the chosen entry stays chosen. */
function withTree(state: BrowseState, shared: Shared): BrowseState {
  const before = chosenEntry({ ...state, found: undefined })
  const rows = treeRows(shared.root, state.folders, state.open)
  const next = { ...state, rows }
  const { selected } = state.place
  const row = rows[selected]
  if (before === undefined || (row?.kind === 'entry' && row.entry.path === before.path)) {
    return withPlace(next, selected, shared)
  }
  return choose(next, before.path, shared)
}

/** Returns the state with the chosen file's beginning on its way; what was asked for another file is no longer wanted. */
export function withPreview(state: BrowseState): Step<BrowseState> {
  const entry = chosenEntry(state)
  const { repository, point, preview } = state
  if (entry?.path === preview?.path) return { state }
  const drop: Effect = { kind: 'drop', slot: 'browse:preview' }
  if (entry?.kind !== 'file' || repository === undefined || point === undefined) {
    return { state: { ...state, preview: undefined }, effects: [drop] }
  }
  const range = { offset: 0, length: PREVIEW_BYTES_MAX }
  return {
    state: { ...state, preview: { path: entry.path, lines: LOADING, top: 0 } },
    effects: [call('browse:preview', 'content', repository, point, entry.path, range)],
  }
}
