import type { Topic } from '../../../src/service/application/port.ts'
import type { HealthFinding, NotificationData, PlanData, SizePoint } from '../../../src/service/application/shown.ts'
import { LEAVE_FORM } from '../../forms/editor.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Effect } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, type ListPlace, moveInList } from '../../state/list.ts'
import { type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import { bodyRows, runningJobs, type Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
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

/** Samples of a job's speed that are kept: two minutes at one a second. */
const SAMPLES_MAX = 120
/** Notifications that are seen at once. */
export const NOTIFICATION_ROWS = 4
/** Title and headings of the list of what is to be mended. */
export const MENDING_HEAD_ROWS = 2

export interface OverviewState {
  readonly sizes: Loaded<readonly SizePoint[]>
  readonly plans: Loaded<readonly PlanData[]>
  /** The repository whose sizes were asked for. */
  readonly askedFor: string | undefined
  /** Bytes a second of all running jobs together, oldest first, one a tick while there are any. */
  readonly throughput: readonly number[]
  /** Among the notifications. */
  readonly place: ListPlace
  /** Which charts are seen where there is no room for all: the first one of them. */
  readonly firstChart: number
  readonly backingUp: BackingUp | undefined
  /** In the list of all that is to be mended; `undefined`: it is not looked at. */
  readonly mending: ListPlace | undefined
}

export type OverviewCommand = Motion | 'fix' | 'mend' | 'close' | 'backup' | 'check' | 'charts' | 'acknowledge'

export const overview: Screen<OverviewState, OverviewCommand> = {
  title: 'Overview',
  initial: {
    sizes: LOADING,
    plans: LOADING,
    askedFor: undefined,
    throughput: [],
    place: LIST_START,
    firstChart: 0,
    backingUp: undefined,
    mending: undefined,
  },
  keys: ({ backingUp, mending }, shared) => {
    if (backingUp !== undefined) return backingUpKeys(backingUp)
    return mending === undefined ? keysFor(shared) : [MEND, CLOSE, ...MOTION_KEYS]
  },
  isTyping: ({ backingUp }) => backingUp !== undefined,
  unsaved: ({ backingUp }) => unsavedBackup(backingUp),
  reduce,
}

/** Returns what nobody has acknowledged yet, newest first. */
export function openNotifications(shared: Shared): readonly NotificationData[] {
  return valueOr(shared.notifications, [])
    .filter(({ isAcknowledged }) => !isAcknowledged)
    .toSorted((a, b) => b.atMs - a.atMs)
}

/** Returns all that is to be mended, what weighs most first. */
export function findingsOf(shared: Shared): readonly HealthFinding[] {
  const health = valueOr(shared.health, undefined)
  return health === undefined || health.color === 'green' ? [] : [health, ...health.others]
}

function keysFor(shared: Shared): Keymap<OverviewCommand> {
  const health = valueOr(shared.health, undefined)
  return [
    ...(findingsOf(shared).length > 1 || health?.fix !== undefined ? [FIX] : []),
    BACK_UP,
    CHECK,
    ...(openNotifications(shared).length === 0 ? [] : [ACKNOWLEDGE]),
    CHARTS,
    ...MOTION_KEYS,
  ]
}

const FIX = {
  command: 'fix',
  keys: ['f'],
  label: 'mend',
  help: 'do what mends the health line, or go to where it is mended; of several things, list them all',
} as const
const MEND = {
  command: 'mend',
  keys: ['enter', 'f'],
  label: 'mend',
  help: 'do what mends the chosen thing, or go to where it is mended',
} as const
const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'close the list' } as const
const CHECK = { command: 'check', keys: ['c'], label: 'check', help: 'verify the repository now' } as const
const CHARTS = { command: 'charts', keys: ['v'], label: 'charts', help: 'show the other charts' } as const
const ACKNOWLEDGE = {
  command: 'acknowledge',
  keys: ['a'],
  label: 'acknowledge',
  help: 'take note of the chosen notification',
  needsLook: true,
} as const

function reduce(state: OverviewState, event: ScreenEvent<OverviewCommand>, shared: Shared): Step<OverviewState> {
  switch (event.kind) {
    case 'opened':
      return askAll(state, shared)
    case 'shared':
      return state.askedFor === shared.repository ? { state } : askAll(state, shared)
    case 'changed':
      return takeChange(state, event.topic, shared)
    case 'tick':
      return { state: withSample(state, shared) }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'answer':
      return takeAnswer(state, event)
    default:
      return state.backingUp === undefined ? { state } : takeForBackup(state, state.backingUp, { event, shared })
  }
}

/** What concerns the form for a point that is made now. */
function takeForBackup(
  state: OverviewState,
  backingUp: BackingUp,
  { event, shared }: { readonly event: ScreenEvent<OverviewCommand>; readonly shared: Shared },
): Step<OverviewState> {
  switch (event.kind) {
    case 'typed':
      return withBackup(state, typeInBackingUp(backingUp, event.key, { screen: 'overview', shared }))
    case 'paste':
      return withBackup(state, { state: pasteInBackingUp(backingUp, event.text) })
    case 'confirmed':
      return withBackup(state, { state: event.question === LEAVE_FORM.name ? undefined : backingUp })
    case 'failure':
      return withBackup(state, { state: failureInBackingUp(backingUp, event) })
    default:
      return { state }
  }
}

function withBackup(state: OverviewState, { state: backingUp, ...step }: BackingUpStep): Step<OverviewState> {
  return { ...step, state: { ...state, backingUp } }
}

function takeChange(state: OverviewState, topic: Topic, shared: Shared): Step<OverviewState> {
  if (topic === 'plans') return { state, effects: [ASK_PLANS] }
  return topic === 'points' || topic === 'repositories' ? askAll(state, shared) : { state }
}

const ASK_PLANS = call('overview:plans', 'plans')

function askAll(state: OverviewState, { repository }: Shared): Step<OverviewState> {
  // Another repository may never answer: nothing of the one before is taken for it.
  const sizes = state.askedFor === repository ? state.sizes : LOADING
  const ask: Effect =
    repository === undefined ? { kind: 'drop', slot: 'overview:sizes' } : call('overview:sizes', 'sizes', repository)
  return { state: { ...state, sizes, askedFor: repository }, effects: [ASK_PLANS, ask] }
}

function takeAnswer(state: OverviewState, answer: Answer): Step<OverviewState> {
  if (answer.method === 'sizes') return { state: { ...state, sizes: ready(answer.value) } }
  if (answer.method === 'plans') return { state: { ...state, plans: ready(answer.value) } }
  if (answer.method === 'check') return { state, say: 'The check has begun.' }
  return withBackup(state, answerInBackingUp(state.backingUp, answer))
}

/** Keeps a sample of the speed while something runs. */
function withSample(state: OverviewState, shared: Shared): OverviewState {
  // Of one that its daemon left nobody is told how fast it is.
  const running = runningJobs(shared).filter(({ left }) => left === undefined)
  if (running.length === 0) return state.throughput.length === 0 ? state : { ...state, throughput: [] }
  const bytesPerSecond = running.reduce((sum, { progress }) => sum + (progress?.bytesPerSecond ?? 0), 0)
  return { ...state, throughput: [...state.throughput, bytesPerSecond].slice(-SAMPLES_MAX) }
}

function takeCommand(state: OverviewState, command: OverviewCommand, shared: Shared): Step<OverviewState> {
  const open = openNotifications(shared)
  if (isMotion(command)) {
    if (state.mending !== undefined) {
      const extent = { count: findingsOf(shared).length, height: bodyRows(shared) - MENDING_HEAD_ROWS }
      return { state: { ...state, mending: moveInList(state.mending, command, extent) } }
    }
    const extent = { count: open.length, height: NOTIFICATION_ROWS }
    return { state: { ...state, place: moveInList(state.place, command, extent) } }
  }
  switch (command) {
    case 'fix':
      return fix(state, shared)
    case 'mend': {
      const findings = findingsOf(shared)
      const chosen = findings[Math.min(state.mending?.selected ?? 0, findings.length - 1)]
      return mend({ ...state, mending: undefined }, shared, chosen)
    }
    case 'close':
      return { state: { ...state, mending: undefined } }
    case 'charts':
      return { state: { ...state, firstChart: state.firstChart + 1 } }
    case 'acknowledge': {
      const chosen = open[Math.min(state.place.selected, open.length - 1)]
      return { state, effects: chosen === undefined ? [] : [call(`overview:${chosen.id}`, 'acknowledge', chosen.id)] }
    }
    case 'check':
      return checkNow(state, shared.repository)
    case 'backup': {
      // What was put aside before a restore is nobody's backup.
      const last = valueOr(shared.points, []).find(({ isUndo }) => !isUndo)
      return withBackup(state, startBackingUp(last, { screen: 'overview', shared }))
    }
  }
}

/** What `f` does about it, in a few words. */
export const MENDING: Readonly<Record<NonNullable<HealthFinding['fix']>, string>> = {
  points: 'f looks at the points',
  plans: 'f goes to the plans',
  drivers: 'f goes to the repositories',
  jobs: 'f looks at the jobs',
  check: 'f checks it now',
  unlock: 'f opens it',
}

/** How much of the data a check from here reads again, in percent. */
const READ_PERCENT = 10

function checkNow(state: OverviewState, repository: string | undefined): Step<OverviewState> {
  if (repository === undefined) return { state, say: 'There is no repository to check.' }
  return { state, effects: [call('overview:check', 'check', repository, READ_PERCENT)] }
}

/** Mends what the health line says; where there is more, that is listed. */
function fix(state: OverviewState, shared: Shared): Step<OverviewState> {
  const findings = findingsOf(shared)
  return findings.length > 1 ? { state: { ...state, mending: LIST_START } } : mend(state, shared, findings[0])
}

/** Goes to where something is mended, of the repository that it is about, or does it. */
function mend(state: OverviewState, shared: Shared, finding: HealthFinding | undefined): Step<OverviewState> {
  const known = valueOr(shared.repositories, []).some(({ name }) => name === finding?.repository)
  const repository = known ? finding?.repository : shared.repository
  switch (finding?.fix) {
    case undefined:
      return { state }
    case 'unlock':
      return repository === undefined ? { state } : { state, unlock: repository }
    case 'check':
      return checkNow(state, repository)
    case 'points':
      return { state, go: { screen: 'points', ...(repository === undefined ? {} : { repository }) } }
    case 'plans':
    case 'drivers':
    case 'jobs':
      return { state, go: { screen: finding.fix } }
  }
}
