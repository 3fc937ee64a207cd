import { numberOf } from '../../../src/base/number-of.ts'
import type { EntryData } from '../../../src/service/application/shown.ts'
import {
  leavePrompt,
  pasteInPrompt,
  type Prompt,
  RECALL,
  type RecallCommand,
  typeInPrompt,
} from '../../forms/prompt.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import type { Destination } from '../../state/destination.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, moveInList } from '../../state/list.ts'
import { LOADING, ready, valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import { scrollFolded } from '../../text/fold.ts'
import type { Step } from '../../state/step.ts'
import {
  answerInComparison,
  endComparison,
  failureInComparison,
  moveInComparison,
  startComparison,
} from '../comparison/comparison.ts'
import {
  type BrowseState,
  chosenEntry,
  FACT_ROWS,
  INITIAL_BROWSE,
  marksToLose,
  paneColumns,
  treeHeight,
} from './browse-state.ts'
import { chosenVersion, comparedFiles, historyOf, withMark, withVersions } from './history.ts'
import { previewLines } from './preview.ts'
import { parentRow } from './tree.ts'
import {
  closeFolder,
  enterPoint,
  goToPath,
  leavePoint,
  openFolder,
  takeListing,
  withPlace,
  withPreview,
} from './walk.ts'

export type BrowseCommand =
  | Motion
  | 'in'
  | 'out'
  | 'mark'
  | 'unmark'
  | 'restore'
  | 'history'
  | 'compare'
  | 'pane'
  | 'path'
  | 'search'
  | 'older'
  | 'newer'
  | 'close'

export const browse: Screen<BrowseState, BrowseCommand> = {
  title: 'Browse',
  initial: INITIAL_BROWSE,
  keys: keysFor,
  isTyping: ({ input }) => input !== undefined,
  unsaved: (state) => {
    const count = marksToLose(state)
    return count === 0 ? undefined : `${numberOf(count, 'entry', 'entries')} in Browse would no longer be marked.`
  },
  reduce,
}

const TREE_KEYS: Keymap<BrowseCommand> = [
  { command: 'in', keys: ['right', 'enter', 'l'], label: 'open', help: 'open the folder, or go to what was found' },
  { command: 'out', keys: ['left', 'backspace'], help: 'close the folder, or go to the one around it' },
  {
    command: 'mark',
    keys: ['space'],
    label: 'mark',
    help: 'mark for the restore, in any number of folders',
    needsLook: true,
  },
  { command: 'unmark', keys: ['U'], help: 'take away all marks of this point' },
  {
    command: 'restore',
    keys: ['r'],
    label: 'restore',
    help: 'preview a restore of what is marked, or of what is chosen',
  },
  {
    command: 'search',
    keys: ['/'],
    label: 'search',
    help: 'search the point for a name, a part of one, or a pattern with * and ?',
  },
  {
    command: 'history',
    keys: ['h'],
    label: 'history',
    help: 'show the versions of the chosen file in all points of its machine',
  },
  { command: 'path', keys: ['p'], label: 'path', help: 'go to a path' },
  { command: 'older', keys: ['['], label: 'older', help: 'the same place in the point before' },
  { command: 'newer', keys: [']'], help: 'the same place in the next point' },
  { command: 'pane', keys: ['tab'], help: 'scroll the preview instead of the tree' },
  ...MOTION_KEYS,
]
const HISTORY_KEYS: Keymap<BrowseCommand> = [
  {
    command: 'compare',
    keys: ['d'],
    label: 'diff',
    help: 'compare the chosen version with the marked one, or with the one before it',
  },
  { command: 'mark', keys: ['space'], label: 'mark', help: 'mark a version, to compare another one with it' },
  { command: 'in', keys: ['enter'], label: 'go to it', help: 'browse the first point that holds the chosen version' },
  { command: 'close', keys: ['esc', 'h'], label: 'close', help: 'close the history' },
  ...MOTION_KEYS,
]
const PANE_KEYS: Keymap<BrowseCommand> = [
  { command: 'close', keys: ['esc', 'left', 'backspace', 'tab'], label: 'to the tree', help: 'go back to the tree' },
  ...MOTION_KEYS,
]
const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'close what is open here' } as const

const INPUT_KEYS: Keymap<BrowseCommand> = [
  { command: 'in', keys: ['enter'], label: 'go', help: 'look for what was typed' },
  { command: 'close', keys: ['esc'], label: 'leave it', help: 'go back to the tree' },
]

function keysFor(state: BrowseState): Keymap<BrowseCommand | RecallCommand> {
  if (state.input !== undefined) return state.prompts[state.input].last === '' ? INPUT_KEYS : [...INPUT_KEYS, RECALL]
  if (state.history !== undefined) return HISTORY_KEYS
  if (state.focus === 'pane') return PANE_KEYS
  return state.found !== undefined ? [CLOSE, ...TREE_KEYS] : TREE_KEYS
}

function reduce(state: BrowseState, event: ScreenEvent<BrowseCommand>, shared: Shared): Step<BrowseState> {
  switch (event.kind) {
    case 'opened':
      return opened(state, event.destination, shared)
    case 'shared':
      return state.point === undefined ? opened(state, { screen: 'browse' }, shared) : { state }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      return typeInput(state, event.key, shared)
    case 'paste':
      return { state: paste(state, event.text) }
    case 'answer':
      return takeAnswer(state, event, shared)
    case 'failure':
      return { state: takeFailure(state, event) }
    default:
      return { state }
  }
}

/** Shows the point that was asked for, otherwise what was shown before, otherwise the newest backup. */
function opened(state: BrowseState, { point }: Destination, shared: Shared): Step<BrowseState> {
  const isOther = state.repository !== shared.repository
  const newest = valueOr(shared.points, []).find(({ isUndo }) => !isUndo)
  const wanted = point ?? (isOther ? undefined : state.point) ?? newest?.id
  if (wanted === undefined) return { state: isOther ? leavePoint(state) : state }
  return wanted === state.point && !isOther && isRead(state, shared) ? { state } : enterPoint(state, wanted, shared)
}

/** Tells whether the root is there or on its way: after a failure it is asked for again. */
function isRead(state: BrowseState, { root }: Shared): boolean {
  return state.folders.get(root)?.kind === 'ready'
}

function takeCommand(state: BrowseState, command: BrowseCommand, shared: Shared): Step<BrowseState> {
  if (isMotion(command)) return move(state, command, shared)
  switch (command) {
    case 'in':
      return goIn(state, shared)
    case 'out':
      return goOut(state, shared)
    case 'mark':
      return mark(state, shared)
    case 'unmark':
      return { state: { ...state, marked: new Map() } }
    case 'restore':
      return toRestore(state)
    case 'history':
      return askHistory(state)
    case 'compare':
      return compare(state)
    case 'pane':
      return { state: { ...state, focus: 'pane' } }
    case 'path':
      return { state: { ...state, input: 'path' } }
    case 'search':
      return { state: { ...state, input: 'search' } }
    case 'older':
      return otherPoint(state, 1, shared)
    case 'newer':
      return otherPoint(state, -1, shared)
    case 'close':
      return close(state)
  }
}

function move(state: BrowseState, motion: Motion, shared: Shared): Step<BrowseState> {
  const height = treeHeight(shared)
  const { history, found, preview } = state
  if (history?.comparison !== undefined) {
    const room = { columns: paneColumns(shared.size.columns), height }
    const comparison = moveInComparison(history.comparison, motion, room)
    return { state: { ...state, history: { ...history, comparison } } }
  }
  if (history !== undefined) {
    const extent = { count: valueOr(history.versions, []).length, height }
    return { state: { ...state, history: { ...history, place: moveInList(history.place, motion, extent) } } }
  }
  if (state.focus === 'pane' && preview !== undefined) {
    const room = { columns: paneColumns(shared.size.columns), height: height - FACT_ROWS }
    const top = scrollFolded(valueOr(preview.lines, []), preview.top, motion, room)
    return { state: { ...state, preview: { ...preview, top } } }
  }
  if (found !== undefined) {
    const extent = { count: valueOr(found.entries, []).length, height }
    return withPreview({ ...state, found: { ...found, place: moveInList(found.place, motion, extent) } })
  }
  return withPreview({ ...state, place: moveInList(state.place, motion, { count: state.rows.length, height }) })
}

function goIn(state: BrowseState, shared: Shared): Step<BrowseState> {
  if (state.history !== undefined) return goToVersion(state, shared)
  const entry = chosenEntry(state)
  if (entry === undefined) return { state }
  if (state.found !== undefined) return goToPath(state, entry.shownPath, shared)
  if (entry.kind !== 'dir') return { state: { ...state, focus: 'pane' } }
  if (!state.open.has(entry.path)) return openFolder(state, entry.path, shared)
  return withPreview(withPlace(state, state.place.selected + 1, shared))
}

function goToVersion(state: BrowseState, shared: Shared): Step<BrowseState> {
  const { history } = state
  const point = history === undefined ? undefined : chosenVersion(history)?.points[0]?.id
  if (history === undefined || point === undefined) return { state }
  return enterPoint(state, point, shared, namesOf(history.shownPath))
}

function goOut(state: BrowseState, shared: Shared): Step<BrowseState> {
  const entry = chosenEntry(state)
  if (entry?.kind === 'dir' && state.open.has(entry.path)) return { state: closeFolder(state, entry.path, shared) }
  const parent = parentRow(state.rows, state.place.selected)
  return parent === undefined ? { state } : withPreview(withPlace(state, parent, shared))
}

function mark(state: BrowseState, shared: Shared): Step<BrowseState> {
  if (state.history !== undefined) return { state: { ...state, history: withMark(state.history) } }
  const entry = chosenEntry(state)
  if (entry === undefined) return { state }
  const marked = new Map(state.marked)
  if (!marked.delete(entry.path)) marked.set(entry.path, itemOf(entry))
  return move({ ...state, marked }, 'down', shared)
}

function itemOf({ path, shownPath }: EntryData): { path: string; shownPath: string } {
  return { path, shownPath }
}

function toRestore(state: BrowseState): Step<BrowseState> {
  const { repository, point, marked } = state
  const entry = chosenEntry(state)
  const items = marked.size > 0 ? [...marked.values()] : entry === undefined ? [] : [itemOf(entry)]
  if (repository === undefined || point === undefined || items.length === 0) {
    return { state, say: 'Nothing is chosen to be restored.' }
  }
  return { state: { ...state, handedOver: marked }, go: { screen: 'restore', marked: { repository, point, items } } }
}

function askHistory(state: BrowseState): Step<BrowseState> {
  const entry = chosenEntry(state)
  const { point, repository } = state
  if (entry === undefined || repository === undefined || point === undefined) return { state }
  const history = historyOf(entry.path, entry.shownPath)
  return { state: { ...state, history }, effects: [call('browse:history', 'history', repository, point, entry.path)] }
}

function compare(state: BrowseState): Step<BrowseState> {
  const { history, repository } = state
  if (history === undefined || repository === undefined) return { state }
  const files = comparedFiles(history)
  if (files === undefined) return { state, say: 'There is no older version to compare with.' }
  const { comparison, effects } = startComparison('browse', repository, files)
  return { state: { ...state, history: { ...history, comparison } }, effects }
}

function otherPoint(state: BrowseState, step: 1 | -1, shared: Shared): Step<BrowseState> {
  const points = valueOr(shared.points, []).filter(({ id, isUndo }) => !isUndo || id === state.point)
  const index = points.findIndex(({ id }) => id === state.point)
  const other = index < 0 ? undefined : points[index + step]
  if (other === undefined) return { state, say: step === 1 ? 'This is the oldest point.' : 'This is the newest point.' }
  return enterPoint(state, other.id, shared, namesOf(chosenEntry(state)?.shownPath ?? ''))
}

function namesOf(shownPath: string): readonly string[] {
  return shownPath.split('/').filter((name) => name !== '')
}

/** Closes what was opened last. */
function close(state: BrowseState): Step<BrowseState> {
  const { history } = state
  if (history?.comparison !== undefined) {
    return { state: { ...state, history: { ...history, comparison: undefined } }, effects: endComparison('browse') }
  }
  if (history !== undefined) return { state: { ...state, history: undefined } }
  if (state.focus === 'pane') return { state: { ...state, focus: 'tree' } }
  return withPreview({ ...state, found: undefined })
}

function typeInput(state: BrowseState, key: Key, shared: Shared): Step<BrowseState> {
  const { input, repository, point } = state
  if (input === undefined) return { state }
  const prompt = state.prompts[input]
  if (key !== 'esc' && key !== 'enter') return { state: withPrompt(state, input, typeInPrompt(prompt, key)) }
  const closed: BrowseState = { ...withPrompt(state, input, leavePrompt(prompt)), input: undefined }
  const { text } = prompt.line
  if (key === 'esc' || text === '' || repository === undefined || point === undefined) return { state: closed }
  if (input === 'path') return goToPath(closed, text, shared)
  const found = { pattern: text, entries: LOADING, place: LIST_START }
  return { state: { ...closed, found }, effects: [call('browse:find', 'find', repository, point, text)] }
}

function paste(state: BrowseState, text: string): BrowseState {
  const { input } = state
  return input === undefined ? state : withPrompt(state, input, pasteInPrompt(state.prompts[input], text))
}

function withPrompt(state: BrowseState, kind: 'path' | 'search', prompt: Prompt): BrowseState {
  return { ...state, prompts: { ...state.prompts, [kind]: prompt } }
}

function takeAnswer(state: BrowseState, answer: Answer, shared: Shared): Step<BrowseState> {
  switch (answer.method) {
    case 'entries': {
      const [, point, folder] = answer.args
      return point === state.point ? takeListing(state, folder, answer.value, shared) : { state }
    }
    case 'content':
      return { state: takeContent(state, answer) }
    case 'history': {
      const { history } = state
      if (history?.path !== answer.args[2]) return { state }
      return { state: { ...state, history: withVersions(history, answer.value) } }
    }
    case 'find':
      if (state.found === undefined) return { state }
      return withPreview({ ...state, found: { ...state.found, entries: ready(answer.value) } })
    default:
      return { state }
  }
}

function takeContent(state: BrowseState, answer: Extract<Answer, { method: 'content' }>): BrowseState {
  const { preview, history } = state
  if (answer.slot === 'browse:preview') {
    if (preview?.path !== answer.args[2]) return state
    return { ...state, preview: { ...preview, lines: ready(previewLines(answer.value)) } }
  }
  if (history?.comparison === undefined) return state
  return { ...state, history: { ...history, comparison: answerInComparison(history.comparison, answer) } }
}

function takeFailure(state: BrowseState, failure: Failure): BrowseState {
  const { slot, problem } = failure
  const failed = { kind: 'failed', problem } as const
  const { preview, history, found } = state
  if (slot === 'browse:preview' && preview !== undefined) return { ...state, preview: { ...preview, lines: failed } }
  if (slot === 'browse:find' && found !== undefined) return { ...state, found: { ...found, entries: failed } }
  if (slot === 'browse:history' && history !== undefined) return { ...state, history: { ...history, versions: failed } }
  if (history?.comparison !== undefined && failure.method === 'content') {
    return { ...state, history: { ...history, comparison: failureInComparison(history.comparison, failure) } }
  }
  if (!slot.startsWith(FOLDER_SLOT)) return state
  const folders = new Map(state.folders).set(slot.slice(FOLDER_SLOT.length), failed)
  return { ...state, folders, goal: undefined }
}

const FOLDER_SLOT = 'browse:folder:'
