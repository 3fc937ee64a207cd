import type { ProbeData, RepositoryData } from '../../../src/service/application/shown.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, type ListPlace, moveInList, placeAt } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Problem } from '../../state/problem.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import {
  type Adding,
  addingKeys,
  type AddingStep,
  answerInAdding,
  failureInAdding,
  isAddingUnsaved,
  pasteInAdding,
  startAdding,
  typeInAdding,
  yesInAdding,
} from '../adding/adding.ts'
import { answerRows, repositoryRows, slotRows } from './layout.ts'
import {
  answerInSlots,
  commandInSlots,
  failureInSlots,
  pasteInSlots,
  type ShownSlots,
  showSlots,
  slotsKeys,
  type SlotsStep,
  typeInSlots,
  unsavedSlots,
  yesInSlots,
} from './slots.ts'

/** A test of a store, as far as it is. */
export interface StoreTest {
  readonly kind: 'test'
  readonly repository: string
  readonly startedMs: number
  readonly answers: readonly ProbeData[]
  readonly end: 'running' | 'done' | Problem
  readonly place: ListPlace
}

export interface DriversState {
  readonly place: ListPlace
  readonly detail: StoreTest | ShownSlots | undefined
  readonly adding: Adding | undefined
  /** The repository that the question before removing is about. */
  readonly removing: string | undefined
}

export const drivers: Screen<DriversState, string> = {
  title: 'Drivers',
  initial: { place: LIST_START, detail: undefined, adding: undefined, removing: undefined },
  keys: keysFor,
  isTyping: ({ adding, detail }) => adding !== undefined || (detail?.kind === 'slots' && detail.at.page !== 'list'),
  unsaved: ({ adding, detail }) =>
    (adding && isAddingUnsaved(adding)) ?? (detail?.kind === 'slots' ? unsavedSlots(detail) : undefined),
  reduce,
}

const SCREEN = 'drivers'
const ADD: Keymap<string> = [
  { command: 'new', keys: ['n'], label: 'new', help: 'make a new repository' },
  { command: 'connect', keys: ['a'], label: 'add', help: 'add a repository that is there already' },
]
const OF_A_REPOSITORY: Keymap<string> = [
  {
    command: 'slots',
    keys: ['s'],
    label: 'keys',
    help: 'show what opens the chosen repository: passwords, key files, recovery codes',
  },
  { command: 'test', keys: ['t'], label: 'test', help: 'test the store of the chosen repository' },
  { command: 'remove', keys: ['x'], label: 'remove', help: 'take the chosen repository out of the configuration' },
]
const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'back to the repositories' } as const

function keysFor(state: DriversState, shared: Shared): Keymap<string> {
  if (state.adding !== undefined) return addingKeys(state.adding)
  if (state.detail?.kind === 'slots') return slotsKeys(state.detail)
  if (state.detail !== undefined) return [CLOSE, ...MOTION_KEYS]
  return [...(chosenRepository(state, shared) === undefined ? [] : OF_A_REPOSITORY), ...ADD, ...MOTION_KEYS]
}

export function chosenRepository({ place }: DriversState, shared: Shared): RepositoryData | undefined {
  const all = valueOr(shared.repositories, [])
  return all[Math.min(place.selected, all.length - 1)]
}

function reduce(state: DriversState, event: ScreenEvent, shared: Shared): Step<DriversState> {
  const { adding, detail } = state
  const context = { screen: SCREEN, shared } as const
  switch (event.kind) {
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      if (adding !== undefined) return afterAdding(state, typeInAdding(adding, event.key, context))
      return detail?.kind === 'slots' ? afterSlots(state, typeInSlots(detail, event.key)) : { state }
    case 'paste':
      if (adding !== undefined) return { state: { ...state, adding: pasteInAdding(adding, event.text) } }
      return { state: detail?.kind === 'slots' ? { ...state, detail: pasteInSlots(detail, event.text) } : state }
    case 'confirmed':
      return takeYes(state, event.question, shared)
    case 'answer': {
      if (adding === undefined || event.method === 'testDriver') return takeAnswer(state, event, shared)
      return afterAdding(state, answerInAdding(adding, event, context))
    }
    case 'failure':
      return takeFailure(state, event)
    default:
      return { state }
  }
}

function takeCommand(state: DriversState, command: string, shared: Shared): Step<DriversState> {
  const { detail } = state
  if (detail?.kind === 'slots' && command !== 'close') {
    return afterSlots(state, commandInSlots(detail, command, slotRows(shared)))
  }
  if (isMotion(command)) return { state: move(state, command, shared) }
  switch (command) {
    case 'close':
      return { state: { ...state, detail: undefined }, effects: [{ kind: 'drop', slot: `${SCREEN}:test` }] }
    case 'new':
    case 'connect':
      return { state: { ...state, adding: startAdding(command === 'new') } }
  }
  const repository = chosenRepository(state, shared)
  if (repository === undefined) return { state }
  const { name, url } = repository
  switch (command) {
    case 'test':
      return startTest(state, repository, shared)
    case 'slots':
      return afterSlots(state, showSlots(name))
    case 'remove':
      return {
        state: { ...state, removing: name },
        ask: {
          name: 'remove',
          title: `Remove ${name} from the configuration?`,
          lines: [url, '', 'What it stores stays there, and it can be added again.'],
          verb: 'remove it',
        },
      }
    default:
      return { state }
  }
}

function startTest(state: DriversState, { name, url }: RepositoryData, { nowMs }: Shared): Step<DriversState> {
  const begun = { answers: [], end: 'running', place: LIST_START } as const
  const detail: StoreTest = { kind: 'test', repository: name, startedMs: nowMs, ...begun }
  return { state: { ...state, detail }, effects: [call(`${SCREEN}:test`, 'testDriver', url)] }
}

function move(state: DriversState, motion: Motion, shared: Shared): DriversState {
  const { detail } = state
  if (detail?.kind === 'test') {
    const extent = { count: detail.answers.length, height: answerRows(shared) }
    const place = moveInList(detail.place, motion, extent)
    return { ...state, detail: { ...detail, place } }
  }
  const extent = { count: valueOr(shared.repositories, []).length, height: repositoryRows(shared) }
  return { ...state, place: moveInList(placeAt(state.place, state.place.selected, extent), motion, extent) }
}

/** What becomes of the screen when somebody is further on with adding a repository. */
function afterAdding(state: DriversState, { adding, added, effects = [], ask, say }: AddingStep): Step<DriversState> {
  const said = added === undefined ? say : `${added} is added; Ctrl+N looks at it, t tests its store.`
  return {
    state: { ...state, adding },
    effects,
    ...(ask === undefined ? {} : { ask }),
    ...(said === undefined ? {} : { say: said }),
  }
}

function takeYes(state: DriversState, question: string, shared: Shared): Step<DriversState> {
  const { adding, detail, removing } = state
  if (adding !== undefined) return afterAdding(state, yesInAdding(adding, question, { screen: SCREEN, shared }))
  if (detail?.kind === 'slots') return afterSlots(state, yesInSlots(detail, question))
  if (question !== 'remove' || removing === undefined) return { state }
  return { state: { ...state, removing: undefined }, effects: [call(`${SCREEN}:remove`, 'removeRepository', removing)] }
}

/** What becomes of the screen when somebody is further on with what opens a repository. */
function afterSlots(state: DriversState, { shown, ...step }: SlotsStep): Step<DriversState> {
  return { state: { ...state, detail: shown }, ...step }
}

function takeAnswer(state: DriversState, answer: Answer, { nowMs }: Shared): Step<DriversState> {
  const { detail } = state
  if (answer.method === 'testDriver' && detail?.kind === 'test') {
    const end = answer.isLast ? 'done' : 'running'
    return { state: { ...state, detail: { ...detail, answers: [...detail.answers, ...answer.value], end } } }
  }
  return detail?.kind === 'slots' ? afterSlots(state, answerInSlots(detail, answer, nowMs)) : { state }
}

function takeFailure(state: DriversState, failure: Failure): Step<DriversState> {
  const { adding, detail } = state
  const { method, problem } = failure
  if (adding !== undefined) return afterAdding(state, failureInAdding(adding, failure))
  if (method === 'testDriver' && detail?.kind === 'test')
    return { state: { ...state, detail: { ...detail, end: problem } } }
  return { state: detail?.kind === 'slots' ? { ...state, detail: failureInSlots(detail, failure) } : state }
}
