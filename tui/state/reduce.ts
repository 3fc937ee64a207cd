import type { HostData, JobData } from '../../src/service/application/shown.ts'
import { isHostUnwell, shownHost } from '../text/host.ts'
import type { Key } from '../keymap/key.ts'
import { commandOf } from '../keymap/keymap.ts'
import { HELP_WHILE_TYPING, REPAINT, SHARED_KEYS, type SharedCommand } from '../keymap/shared-keys.ts'
import { type Answer, call, type Failure, type Slot } from './call.ts'
import { withoutEndedMessage } from './ended-message.ts'
import type { Event } from './event.ts'
import { goBack, openScreen, tellScreen } from './navigate.ts'
import { andThen, outcome, type Outcome, withMessage } from './outcome.ts'
import { doOnScreen, type PaletteEntry } from './palette.ts'
import { EMPTY_PALETTE, pasteInOverlay, reduceOverlay } from './reduce-overlay.ts'
import { callsFor, callsForAll, lookAt, nextRepository, takeSharedAnswer, takeSharedFailure } from './reduce-shared.ts'
import { SCREEN_NAMES, type ScreenName } from './screen-name.ts'
import { isTyping, keysOfScreen, unsavedWork } from './screen-step.ts'
import { isLargeEnough, runningJobs } from './shared.ts'
import type { State } from './state.ts'
import { askToUnlock, locked, refused, repositoryToUnlock, unlocked } from './unlock.ts'

/** Returns what an event makes of the dashboard. Pure: what is to be done is returned, not done. */
export function reduce(state: State, event: Event): Outcome {
  return withoutEndedMessage(state, event, takeEvent(state, event))
}

function takeEvent(state: State, event: Event): Outcome {
  switch (event.kind) {
    case 'started':
      return askAnew({
        ...state,
        shared: { ...state.shared, host: event.application.host, root: event.application.root },
      })
    case 'host':
      return outcome(withHost(state, event.host))
    case 'key':
      return takeKey(state, event.key)
    case 'paste':
      return takePaste(state, event.text)
    case 'resize':
      return outcome({ ...state, shared: { ...state.shared, size: event.size } })
    case 'tick':
      return takeTick(state, event.nowMs)
    case 'changed':
      return andThen(outcome(state, callsFor(event.topic, state.shared)), (next) =>
        tellScreen(next, next.screen, event),
      )
    case 'answer':
      return takeAnswer(state, event)
    case 'failure':
      return takeFailure(state, event)
  }
}

function takeKey(state: State, key: Key): Outcome {
  if (key === REPAINT.keys[0]) return takeSharedCommand(state, REPAINT.command)
  if (!isLargeEnough(state.shared.size)) {
    return key === 'q' || key === 'ctrl+c' ? outcome(state, [{ kind: 'quit' }]) : outcome(state)
  }
  if (state.overlay !== undefined) return reduceOverlay(state, state.overlay, key, choosePaletteEntry)
  if (isTyping(state) && key === HELP_WHILE_TYPING) return takeSharedCommand(state, 'help')
  if (isTyping(state) && key !== 'ctrl+c') return tellScreen(state, state.screen, { kind: 'typed', key })
  const own = commandOf(keysOfScreen(state), key)
  if (own !== undefined) return tellScreen(state, state.screen, { kind: 'command', command: own })
  const screen = SCREEN_NAMES[Number(key) - 1]
  if (screen !== undefined) return openScreen(state, { screen })
  const shared = commandOf(SHARED_KEYS, key)
  return shared === undefined ? outcome(state) : takeSharedCommand(state, shared)
}

function choosePaletteEntry(state: State, { action }: PaletteEntry): Outcome {
  switch (action.kind) {
    case 'go':
      return openScreen(state, { screen: action.screen })
    case 'screen':
      return doOnScreen(state, action.screen, action.binding)
    case 'shared':
      return takeSharedCommand(state, action.command)
  }
}

function takeSharedCommand(state: State, command: SharedCommand): Outcome {
  switch (command) {
    case 'help':
      return outcome({ ...state, overlay: { kind: 'help', top: 0 } })
    case 'palette':
      return outcome({ ...state, overlay: EMPTY_PALETTE })
    case 'back':
      return goBack(state)
    case 'unlock':
      return unlockMeant(state)
    case 'lock':
      return outcome(state, [call('shared:lock', 'lock')])
    case 'next-repository':
      return takeNextRepository(state)
    case 'refresh':
      return askAnew(state)
    case 'repaint':
      return outcome(state, [{ kind: 'repaint' }])
    case 'quit':
      return takeQuit(state)
  }
}

function unlockMeant(state: State): Outcome {
  const repository = repositoryToUnlock(state)
  return outcome(repository === undefined ? state : askToUnlock(state, repository))
}

/** Asks for everything that is shown. */
function askAnew(state: State): Outcome {
  return andThen(outcome(state, callsForAll(state.shared)), (next) =>
    tellScreen(next, next.screen, { kind: 'opened', destination: { screen: next.screen } }),
  )
}

function takeNextRepository(state: State): Outcome {
  const { shared, calls } = lookAt(state.shared, nextRepository(state.shared))
  const next = withMessage({ ...state, shared }, `Looking at ${shared.repository ?? 'no repository'}.`)
  return andThen(outcome(next, calls), (looking) =>
    tellScreen(looking, looking.screen, { kind: 'opened', destination: { screen: looking.screen } }),
  )
}

function withHost(state: State, host: HostData): State {
  const next = { ...state, shared: { ...state.shared, host } }
  return withNews(next, `From now on, jobs are run by ${shownHost(host)}.`, isHostUnwell(host))
}

/** Leaves at once when nothing is lost by it. */
function takeQuit(state: State): Outcome {
  const jobs = runningJobs(state.shared).filter(({ isHere }) => isHere)
  const reasons = [
    ...jobs.map(({ kind }) => `A ${kind} is running in this process and would be interrupted: it can be run again.`),
    ...unsavedWork(state),
  ]
  if (reasons.length === 0) return outcome(state, [{ kind: 'quit' }])
  return outcome({ ...state, overlay: { kind: 'quit', reasons } })
}

function takePaste(state: State, text: string): Outcome {
  if (state.overlay !== undefined) return outcome(pasteInOverlay(state, state.overlay, text))
  if (isTyping(state)) return tellScreen(state, state.screen, { kind: 'paste', text })
  return outcome(withMessage(state, 'Nothing here takes pasted text.'))
}

function takeTick(state: State, nowMs: number): Outcome {
  const next: State = { ...state, shared: { ...state.shared, nowMs } }
  const calls = runningJobs(state.shared).length === 0 ? [] : callsFor('jobs', next.shared)
  return andThen(outcome(next, calls), (ticked) => tellScreen(ticked, ticked.screen, { kind: 'tick', nowMs }))
}

function takeAnswer(state: State, answer: Answer): Outcome {
  const owner = ownerOf(answer.slot)
  if (owner !== 'shared') return tellScreen(state, owner, answer)
  if (answer.method === 'unlock') return unlockedEverywhere(state, answer)
  if (answer.method === 'lock') return locked(state)
  if (isFirstStart(state, answer))
    return andThen(takeShared(state, answer), (next) => openScreen(next, { screen: 'start' }))
  return takeShared(state, answer)
}

/** Nothing is configured, which was not known before: whoever sees the overview of nothing is shown two ways to begin. */
function isFirstStart({ screen, shared }: State, answer: Answer): boolean {
  const isNone = answer.method === 'repositories' && answer.value.length === 0
  return isNone && shared.repositories.kind === 'loading' && screen === 'overview'
}

function takeShared(state: State, answer: Answer): Outcome {
  const told = answer.method === 'jobs' ? tellEnded(state, answer.value) : state
  const { shared, calls } = takeSharedAnswer(state.shared, answer)
  return andThen(outcome({ ...told, shared }, calls), (next) => tellScreen(next, next.screen, { kind: 'shared' }))
}

function unlockedEverywhere(state: State, answer: Extract<Answer, { method: 'unlock' }>): Outcome {
  return andThen(unlocked(state, answer), (next) =>
    tellScreen(next, next.screen, { kind: 'changed', topic: 'repositories' }),
  )
}

function takeFailure(state: State, failure: Failure): Outcome {
  const { problem } = failure
  if (failure.method === 'unlock') return outcome(refused(state, failure))
  const repository = state.shared.repository
  const isLocked = problem.code === 'WRONG_KEY' && repository !== undefined && !state.leftLocked.has(repository)
  const shown: State = isLocked ? askToUnlock(state, repository) : withProblem(state, failure)
  const owner = ownerOf(failure.slot)
  if (owner !== 'shared') return tellScreen(shown, owner, failure)
  return outcome({ ...shown, shared: takeSharedFailure(shown.shared, failure) })
}

/** Tells how jobs ended that were running when they were last asked for. */
function tellEnded(state: State, jobs: readonly JobData[]): State {
  const running = new Set(runningJobs(state.shared).map(({ id }) => id))
  const ended = jobs.find(({ id, state: now }) => running.has(id) && (now === 'done' || now === 'errored'))
  if (ended === undefined) return state
  const isProblem = ended.state === 'errored' || ended.isPartial
  const outcome = ended.outcome === undefined ? '' : `: ${ended.outcome}`
  const how = ended.state === 'errored' ? 'failed' : ended.isPartial ? 'is done in part' : doneText(state, ended)
  const text = `${ended.kind} ${ended.repository} ${how}${outcome}`
  return withNews(state, text, isProblem)
}

function doneText({ screens }: State, { id }: JobData): string {
  return screens.jobs.stopping.includes(id) ? 'was done before it could stop' : 'is done'
}

/** Tells what nobody asked for just now. */
function withNews(state: State, text: string, isProblem: boolean): State {
  const sinceMs = state.shared.nowMs
  return { ...state, message: { text, hint: undefined, isProblem, sinceMs, isUnasked: true } }
}

function withProblem(state: State, { problem, slot }: Failure): State {
  const { message, hint } = problem
  return { ...state, message: { text: message, hint, isProblem: true, sinceMs: state.shared.nowMs, slot } }
}

function ownerOf(slot: Slot): ScreenName | 'shared' {
  return slot.slice(0, slot.indexOf(':')) as ScreenName | 'shared'
}
