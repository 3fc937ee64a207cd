import type { PointData } from '../../../src/service/application/shown.ts'
import { type EditorCommand, editorKeys, LEAVE_FORM } from '../../forms/editor.ts'
import {
  EMPTY_PROMPT,
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
import type { ScreenEvent } from '../../state/event.ts'
import { type HeldPlace, LIST_START, moveAndHold, placeNow } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { shownTime } from '../../text/when.ts'
import {
  answerInBackingUp,
  BACK_UP,
  type BackingUp,
  backingUpKeys,
  type BackingUpStep,
  failureInBackingUp,
  pasteInBackingUp,
  startBackingUp,
  typeInBackingUp,
  unsavedBackup,
} from '../backing-up/backing-up.ts'
import { filterPoints } from './filter-points.ts'
import {
  answerInDifference,
  commandInDifference,
  differenceKeys,
  type DifferenceStep,
  failureInDifference,
  type ShownDifference,
  startDifference,
} from './difference.ts'
import { pointRowCount } from './layout.ts'
import {
  answerInMounting,
  failureInMounting,
  type Mounting,
  type MountingStep,
  pasteInMounting,
  startMounting,
  typeInMounting,
} from './mounting.ts'

export interface PointsState extends HeldPlace {
  /** Whose points were chosen and marked. */
  readonly repository: string | undefined
  readonly filter: Prompt
  readonly isFiltering: boolean
  readonly hasDetails: boolean
  /** Ids, in the order in which they were marked. */
  readonly marked: readonly string[]
  /** Ids that the question before forgetting is about: whatever is marked or comes in meanwhile. */
  readonly forgetting: readonly string[]
  readonly difference: ShownDifference | undefined
  readonly mounting: Mounting | undefined
  readonly backingUp: BackingUp | undefined
}

const AT_START = { place: LIST_START, chosen: undefined } as const

export type PointsCommand =
  | Motion
  | 'backup'
  | 'browse'
  | 'filter'
  | 'details'
  | 'mark'
  | 'unmark'
  | 'diff'
  | 'mount'
  | 'unmount'
  | 'forget'
  | 'close'

export const points: Screen<PointsState, PointsCommand> = {
  title: 'Points',
  initial: {
    repository: undefined,
    filter: EMPTY_PROMPT,
    isFiltering: false,
    ...AT_START,
    hasDetails: false,
    marked: [],
    forgetting: [],
    difference: undefined,
    mounting: undefined,
    backingUp: undefined,
  },
  keys: keysFor,
  isTyping: ({ isFiltering, mounting, backingUp }) => isFiltering || mounting !== undefined || backingUp !== undefined,
  unsaved: ({ mounting, backingUp }) =>
    mounting?.editor.isTouched === true ? 'The form of a mount is half filled in.' : unsavedBackup(backingUp),
  reduce,
}

/** Returns the points that are shown: those that the filter lets through. */
export function shownPoints(state: PointsState, shared: Shared): readonly PointData[] {
  return filterPoints(valueOr(shared.points, []), state.filter.line.text)
}

export function chosenPoint(state: PointsState, shared: Shared): PointData | undefined {
  const shown = shownPoints(state, shared)
  return shown[placeNow(state, shown).selected]
}

/** In the order of their use: at 80 columns, not all of them stand at the bottom. */
const KEYS: Keymap<PointsCommand> = [
  { command: 'browse', keys: ['enter'], label: 'open', help: 'walk into the chosen point' },
  { command: 'mount', keys: ['m'], label: 'mount', help: 'mount the chosen point as a folder' },
  {
    command: 'filter',
    keys: ['/'],
    label: 'filter',
    help: 'show only points with these words: tag:… instance:… source:… type:…',
  },
  {
    command: 'mark',
    keys: ['space'],
    label: 'mark',
    help: 'mark the chosen point or take the mark away',
    needsLook: true,
  },
  { command: 'diff', keys: ['d'], label: 'diff', help: 'compare two marked points, or the chosen one with its parent' },
  {
    command: 'forget',
    keys: ['x'],
    label: 'forget',
    help: 'forget the marked points, or the chosen one, after a question',
  },
  { command: 'details', keys: ['i'], label: 'details', help: 'show everything about the chosen point' },
  BACK_UP,
  { command: 'unmark', keys: ['U'], help: 'take away all marks' },
  { command: 'unmount', keys: ['u'], help: 'end the mount of the chosen point', needsLook: true },
  ...MOTION_KEYS,
]
const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'close what is open here' } as const
/** While a filter is typed. */
const FILTER_KEYS: Keymap<PointsCommand> = [
  {
    command: 'filter',
    keys: ['enter', 'down'],
    label: 'to the points',
    help: 'choose among the points that are found',
  },
  { command: 'close', keys: ['esc'], label: 'all points', help: 'show all points again' },
]

function keysFor(state: PointsState): Keymap<PointsCommand | EditorCommand | RecallCommand> {
  if (state.mounting !== undefined) return editorKeys(state.mounting.editor)
  if (state.backingUp !== undefined) return backingUpKeys(state.backingUp)
  if (state.isFiltering) return state.filter.last === '' ? FILTER_KEYS : [...FILTER_KEYS, RECALL]
  if (state.difference !== undefined) return differenceKeys(state.difference)
  const hasOpen = state.hasDetails || state.filter.line.text !== ''
  return hasOpen ? [CLOSE, ...KEYS] : KEYS
}

function reduce(state: PointsState, event: ScreenEvent<PointsCommand>, shared: Shared): Step<PointsState> {
  switch (event.kind) {
    case 'opened': {
      const { repository } = shared
      return { state: repository === state.repository ? state : { ...points.initial, repository } }
    }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      if (state.backingUp !== undefined) return typeBackup(state, state.backingUp, { key: event.key, shared })
      if (state.mounting !== undefined) return withMounting(state, typeInMounting(state.mounting, event.key, shared))
      return state.isFiltering ? typeFilter(state, event.key) : { state }
    case 'paste':
      return { state: paste(state, event.text) }
    case 'confirmed':
      if (event.question === LEAVE_FORM.name) return { state: { ...state, mounting: undefined, backingUp: undefined } }
      return event.question === 'forget' ? forget(state, shared) : { state }
    case 'answer':
      return takeAnswer(state, event)
    case 'failure':
      return { state: takeFailure(state, event) }
    default:
      return { state }
  }
}

function takeCommand(state: PointsState, command: PointsCommand, shared: Shared): Step<PointsState> {
  const { difference } = state
  if (difference !== undefined) return withDifference(state, commandInDifference(difference, command, shared))
  if (isMotion(command)) return { state: move(state, command, shared) }
  const chosen = chosenPoint(state, shared)
  switch (command) {
    case 'filter':
      return { state: { ...state, isFiltering: true } }
    case 'details':
      return { state: { ...state, hasDetails: !state.hasDetails } }
    case 'unmark':
      return { state: { ...state, marked: [] } }
    case 'close':
      return { state: close(state) }
    case 'backup':
      return withBackup(state, startBackingUp(chosen, { screen: 'points', shared }))
    default:
      return chosen === undefined
        ? { state, say: 'There is no point here.' }
        : withPoint(state, command, chosen, shared)
  }
}

function withPoint(
  state: PointsState,
  command: 'browse' | 'mark' | 'diff' | 'mount' | 'unmount' | 'forget',
  chosen: PointData,
  shared: Shared,
): Step<PointsState> {
  switch (command) {
    case 'browse':
      return { state, go: { screen: 'browse', point: chosen.id } }
    case 'mark':
      return { state: move({ ...state, marked: toggled(state.marked, chosen.id) }, 'down', shared) }
    case 'diff':
      return compare(state, chosen, shared)
    case 'mount':
      return { state: { ...state, mounting: startMounting(chosen, shared) } }
    case 'unmount': {
      const mount = valueOr(shared.mounts, []).find(({ point }) => point === chosen.id)
      if (mount === undefined) return { state, say: 'The chosen point is not mounted.' }
      return { state, effects: [call('points:unmount', 'unmount', mount.id)] }
    }
    case 'forget':
      return askToForget(state, chosen, shared)
  }
}

function withBackup(state: PointsState, { state: backingUp, ...step }: BackingUpStep): Step<PointsState> {
  return { ...step, state: { ...state, backingUp } }
}

function typeBackup(
  state: PointsState,
  backingUp: BackingUp,
  { key, shared }: { readonly key: Key; readonly shared: Shared },
): Step<PointsState> {
  return withBackup(state, typeInBackingUp(backingUp, key, { screen: 'points', shared }))
}

function withDifference(state: PointsState, { state: difference, ...step }: DifferenceStep): Step<PointsState> {
  return { ...step, state: { ...state, difference } }
}

function move(state: PointsState, motion: Motion, shared: Shared): PointsState {
  const height = pointRowCount(shared, state.hasDetails)
  return { ...state, ...moveAndHold(state, motion, shownPoints(state, shared), height) }
}

/** Closes what was opened last. */
function close(state: PointsState): PointsState {
  if (state.hasDetails) return { ...state, hasDetails: false }
  return { ...state, filter: leavePrompt(state.filter), ...AT_START }
}

function toggled(marked: readonly string[], id: string): readonly string[] {
  return marked.includes(id) ? marked.filter((other) => other !== id) : [...marked, id]
}

function compare(state: PointsState, chosen: PointData, { repository, points: loaded }: Shared): Step<PointsState> {
  const [before, after] =
    state.marked.length === 0 ? [chosen.parents[0], chosen.id] : inTime(state.marked, valueOr(loaded, []))
  if (before === undefined || after === undefined || state.marked.length > 2 || repository === undefined) {
    return { state, say: 'Mark two points to compare, or choose one that has a parent.' }
  }
  return withDifference(state, startDifference(repository, before, after))
}

/** Returns ids with the older point first. */
function inTime(ids: readonly string[], all: readonly PointData[]): readonly string[] {
  const startOf = (id: string): number => all.find((point) => point.id === id)?.startedMs ?? 0
  return ids.toSorted((a, b) => startOf(a) - startOf(b))
}

function askToForget(state: PointsState, chosen: PointData, shared: Shared): Step<PointsState> {
  const ids = state.marked.length > 0 ? state.marked : [chosen.id]
  const wanted = valueOr(shared.points, []).filter(({ id }) => ids.includes(id))
  return {
    state: { ...state, forgetting: ids },
    ask: {
      name: 'forget',
      title: wanted.length === 1 ? 'Forget this point?' : `Forget these ${wanted.length} points?`,
      lines: [
        ...wanted
          .slice(0, 8)
          .map(({ id, startedMs, tags }) => `${shownTime(startedMs)}  ${id.slice(0, 8)}  ${tags.join(' ')}`),
        ...(wanted.length > 8 ? [`… and ${wanted.length - 8} more`] : []),
        '',
        wanted.length === 1
          ? 'It can no longer be browsed or restored. Its space is freed by the next prune.'
          : 'They can no longer be browsed or restored. Their space is freed by the next prune.',
      ],
      verb: 'forget',
    },
  }
}

function forget(state: PointsState, { repository }: Shared): Step<PointsState> {
  const { forgetting } = state
  if (repository === undefined || forgetting.length === 0) return { state }
  const effects = [call('points:forget', 'forget', repository, forgetting)]
  return { state: { ...state, marked: [], forgetting: [] }, effects }
}

function typeFilter(state: PointsState, key: Key): Step<PointsState> {
  if (key === 'enter' || key === 'down') return { state: { ...state, isFiltering: false } }
  if (key === 'esc') return { state: { ...state, isFiltering: false, filter: leavePrompt(state.filter), ...AT_START } }
  return { state: { ...state, filter: typeInPrompt(state.filter, key), ...AT_START } }
}

function withMounting(state: PointsState, { state: mounting, ...step }: MountingStep): Step<PointsState> {
  return { ...step, state: { ...state, mounting } }
}

function paste(state: PointsState, text: string): PointsState {
  if (state.isFiltering) return { ...state, filter: pasteInPrompt(state.filter, text), ...AT_START }
  const { backingUp, mounting } = state
  if (backingUp !== undefined) return { ...state, backingUp: pasteInBackingUp(backingUp, text) }
  return mounting === undefined ? state : { ...state, mounting: pasteInMounting(mounting, text) }
}

function takeFailure(state: PointsState, failure: Failure): PointsState {
  const { backingUp, difference, mounting } = state
  if (difference !== undefined) return { ...state, difference: failureInDifference(difference, failure) }
  if (backingUp !== undefined) return { ...state, backingUp: failureInBackingUp(backingUp, failure) }
  return mounting === undefined ? state : { ...state, mounting: failureInMounting(mounting, failure) }
}

function takeAnswer(state: PointsState, answer: Answer): Step<PointsState> {
  const { backingUp, difference, mounting } = state
  switch (answer.method) {
    case 'diff':
    case 'content':
      return { state: { ...state, difference: difference && answerInDifference(difference, answer) } }
    case 'mount':
      return withMounting(state, answerInMounting(mounting, answer))
    case 'backup':
      return withBackup(state, answerInBackingUp(backingUp, answer))
    case 'unmount':
      return { state, say: 'The mount has ended.' }
    case 'forget':
      return { state, say: `Forgetting ${answer.args[1].length} of the points has begun.` }
    default:
      if (backingUp !== undefined) return withBackup(state, answerInBackingUp(backingUp, answer))
      return withMounting(state, answerInMounting(mounting, answer))
  }
}
