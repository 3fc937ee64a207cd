import type { EntryData, Handle } from '../../../src/service/application/shown.ts'
import { EMPTY_PROMPT, type Prompt } from '../../forms/prompt.ts'
import type { MarkedItem } from '../../state/destination.ts'
import { LIST_START, type ListPlace } from '../../state/list.ts'
import type { Loaded } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import type { History } from './history.ts'
import type { Folders, TreeRow } from './tree.ts'

/** The beginning of the chosen file. */
export interface Preview {
  readonly path: Handle
  readonly lines: Loaded<readonly string[]>
  readonly top: number
}

/** What was found by name. */
export interface Found {
  readonly pattern: string
  readonly entries: Loaded<readonly EntryData[]>
  readonly place: ListPlace
}

type Marks = ReadonlyMap<Handle, MarkedItem>

export interface BrowseState {
  readonly repository: string | undefined
  readonly point: string | undefined
  readonly folders: Folders
  readonly open: ReadonlySet<Handle>
  /** The lines of the tree, made from the two above. */
  readonly rows: readonly TreeRow[]
  readonly place: ListPlace
  readonly marked: Marks
  /** What is marked in other points, by their ids: it is marked again when somebody comes back there. */
  readonly markedElsewhere: ReadonlyMap<string, Marks>
  /** What was marked when a preview of it was asked for last: it is not lost when Browse is. */
  readonly handedOver: Marks | undefined
  /** Where the keys go: to the tree, or to what stands beside it. */
  readonly focus: 'tree' | 'pane'
  readonly preview: Preview | undefined
  readonly history: History | undefined
  readonly found: Found | undefined
  /** Which of the prompts is open. */
  readonly input: 'path' | 'search' | undefined
  readonly prompts: { readonly path: Prompt; readonly search: Prompt }
  /** Names that are still to be walked, from the folder on, towards a path that was asked for. */
  readonly goal:
    { readonly folder: Handle; readonly shownFolder: string; readonly names: readonly string[] } | undefined
}

export const INITIAL_BROWSE: BrowseState = {
  repository: undefined,
  point: undefined,
  folders: new Map(),
  open: new Set(),
  rows: [],
  place: LIST_START,
  marked: new Map(),
  markedElsewhere: new Map(),
  handedOver: undefined,
  focus: 'tree',
  preview: undefined,
  history: undefined,
  found: undefined,
  input: undefined,
  prompts: { path: EMPTY_PROMPT, search: EMPTY_PROMPT },
  goal: undefined,
}

/** Returns how many entries are marked, in whichever points, that no preview was asked for of. */
export function marksToLose({ marked, markedElsewhere, handedOver }: BrowseState): number {
  const all = [marked, ...markedElsewhere.values()].filter((marks) => marks !== handedOver)
  return all.reduce((sum, { size }) => sum + size, 0)
}

/** Returns the entry that the keys are about: in the tree, or among what was found. */
export function chosenEntry(state: BrowseState): EntryData | undefined {
  if (state.found !== undefined) {
    const { entries, place } = state.found
    return entries.kind === 'ready' ? entries.value[place.selected] : undefined
  }
  const row = state.rows[state.place.selected]
  return row?.kind === 'entry' ? row.entry : undefined
}

/** Of the whole width: at 80 columns, the history of a file fits what is left with its headings. */
const TREE_PART = 0.52

/** Columns of what stands beside the tree. */
export function paneColumns(columns: number): number {
  return columns - Math.floor(columns * TREE_PART) - 1
}

/** Rows above a preview: what is known of the file, and the line below that. */
export const FACT_ROWS = 4

/** Rows that the tree has: all but the title and the line for what is typed. */
export function treeHeight(shared: Shared): number {
  return Math.max(1, shared.size.rows - 6)
}
