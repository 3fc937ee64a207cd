import type { JobData } from '../../../src/service/application/shown.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, type Call, call } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { type HeldPlace, LIST_START, moveAndHold, placeNow } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import { bodyRows, type Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { addLines, emptyLog, type JobLog, logRows, moveInLog } from './job-log.ts'

/** Title and headings. */
const HEAD_ROWS = 2

export interface JobsState extends HeldPlace {
  /** The log that is read. */
  readonly log: JobLog | undefined
  /** The job that the question before cancelling is about, whichever is chosen by then. */
  readonly cancelling: string | undefined
  /** Jobs that were told to end from here, and may take a while to. */
  readonly stopping: readonly string[]
}

export type JobsCommand = Motion | 'log' | 'cancel' | 'retry' | 'follow' | 'close'

export const jobs: Screen<JobsState, JobsCommand> = {
  title: 'Jobs',
  initial: { place: LIST_START, chosen: undefined, log: undefined, cancelling: undefined, stopping: [] },
  keys: keysFor,
  isTyping: () => false,
  reduce,
}

/** Returns what runs and waits, then the past, the newest first. */
export function shownJobs(shared: Shared): readonly JobData[] {
  const rank = ({ state }: JobData): number => (state === 'running' ? 0 : state === 'queued' ? 1 : 2)
  return valueOr(shared.jobs, []).toSorted((a, b) => rank(a) - rank(b) || b.queuedMs - a.queuedMs)
}

export function chosenJob(state: JobsState, shared: Shared): JobData | undefined {
  const shown = shownJobs(shared)
  return shown[placeNow(state, shown).selected]
}

export function isActive({ state }: JobData): boolean {
  return state === 'running' || state === 'queued'
}

const LOG = { command: 'log', keys: ['enter', 'l'], label: 'log', help: 'read the log of the chosen job' } as const
const CANCEL = {
  command: 'cancel',
  keys: ['c'],
  label: 'cancel',
  help: 'end the chosen job, after a question',
} as const
const RETRY = {
  command: 'retry',
  keys: ['r'],
  label: 'retry',
  help: 'run the chosen job again',
  needsLook: true,
} as const
/** Of one that waits to be tried again. */
const NOW = { ...RETRY, label: 'try now', help: 'try the chosen job again now' } as const
const FOLLOW = { command: 'follow', keys: ['f'], label: 'follow', help: 'stay at the end of the log, or not' } as const
const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'close the log' } as const

function keysFor(state: JobsState, shared: Shared): Keymap<JobsCommand> {
  const job = chosenJob(state, shared)
  const acts = job === undefined ? [] : actsOn(job)
  if (state.log !== undefined) return [...(state.log.isWhole ? [] : [FOLLOW]), ...acts, CLOSE, ...MOTION_KEYS]
  return [...(job === undefined ? [] : [LOG]), ...acts, ...MOTION_KEYS]
}

function actsOn(job: JobData): Keymap<JobsCommand> {
  if (isActive(job)) return job.wait?.for === 'time' ? [CANCEL, NOW] : [CANCEL]
  return job.state === 'done' ? [] : [RETRY]
}

function reduce(state: JobsState, event: ScreenEvent<JobsCommand>, shared: Shared): Step<JobsState> {
  switch (event.kind) {
    case 'opened':
      return { state: openedAt(state, event.destination.job) }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'confirmed':
      return event.question === 'cancel' ? cancel(state) : { state }
    case 'tick':
    case 'shared':
      return readOn(state, shared)
    case 'answer':
      return takeAnswer(state, event, shared)
    case 'failure':
      return { state: takeFailure(state, event.method) }
    default:
      return { state }
  }
}

/** It is chosen as soon as it is in the list, however many are; the log of another one is closed. */
function openedAt(state: JobsState, job: string | undefined): JobsState {
  return job === undefined ? state : { ...state, chosen: job, log: undefined }
}

function takeFailure(state: JobsState, method: Call['method']): JobsState {
  if (method === 'cancelJob') return { ...state, stopping: [] }
  return method === 'jobLog' && state.log ? { ...state, log: { ...state.log, isAsked: false } } : state
}

function takeCommand(state: JobsState, command: JobsCommand, shared: Shared): Step<JobsState> {
  if (isMotion(command)) return { state: move(state, command, shared) }
  if (command === 'close') return { state: { ...state, log: undefined } }
  if (command === 'follow') {
    const { log } = state
    if (log === undefined) return { state }
    const isFollowing = !log.isFollowing
    const say = isFollowing ? 'The log is followed: its end stays in sight.' : 'The log is not followed any more.'
    return { state: { ...state, log: { ...log, isFollowing } }, say }
  }
  const job = chosenJob(state, shared)
  if (job === undefined) return { state }
  switch (command) {
    case 'log':
      return readOn({ ...state, chosen: job.id, log: emptyLog(job.id) }, shared)
    case 'retry':
      return {
        state: { ...state, stopping: state.stopping.filter((id) => id !== job.id) },
        effects: [call('jobs:retry', 'retryJob', job.id)],
      }
    case 'cancel': {
      const lines = [
        `${job.kind} ${job.repository}`,
        '',
        'What it has stored so far stays and is not stored again the next time.',
        ...(job.plan === undefined
          ? []
          : [`What the plan ${job.plan} was to do after it is left out until its next time.`]),
      ]
      const ask = { name: 'cancel', title: 'Cancel this job?', lines, verb: 'cancel it' }
      return { state: { ...state, cancelling: job.id }, ask }
    }
  }
}

function move(state: JobsState, motion: Motion, shared: Shared): JobsState {
  const { log } = state
  if (log !== undefined) return { ...state, log: moveInLog(log, motion, logRows(shared)) }
  return { ...state, ...moveAndHold(state, motion, shownJobs(shared), bodyRows(shared) - HEAD_ROWS) }
}

function cancel(state: JobsState): Step<JobsState> {
  const { cancelling } = state
  if (cancelling === undefined) return { state }
  return {
    state: { ...state, cancelling: undefined, stopping: [...state.stopping, cancelling] },
    effects: [call('jobs:cancel', 'cancelJob', cancelling)],
  }
}

/** Asks for the lines that came since, as long as some may come. */
function readOn(state: JobsState, shared: Shared): Step<JobsState> {
  const { log } = state
  if (log === undefined || log.isAsked || log.isWhole) return { state }
  const asked: JobsState = { ...state, log: { ...log, isAsked: true, isLastAsk: !mayGrow(log, shared) } }
  return { state: asked, effects: [call('jobs:log', 'jobLog', log.job, log.readTo)] }
}

function mayGrow({ job }: JobLog, shared: Shared): boolean {
  const found = valueOr(shared.jobs, []).find(({ id }) => id === job)
  return found !== undefined && isActive(found)
}

function takeAnswer(state: JobsState, answer: Answer, shared: Shared): Step<JobsState> {
  switch (answer.method) {
    case 'jobLog': {
      const { log } = state
      const [job, from] = answer.args
      if (log === undefined || job !== log.job || from !== log.readTo) return { state }
      const read = { ...state, log: addLines(log, answer.value, logRows(shared)) }
      return answer.value.isEnd ? { state: read } : readOn(read, shared)
    }
    case 'cancelJob':
      return { state, say: 'The job is being cancelled.' }
    case 'retryJob':
      // What it says when it runs again comes after what it said before.
      return {
        state: state.log === undefined ? state : { ...state, log: { ...state.log, isWhole: false } },
        say: 'The job is queued again.',
      }
    default:
      return { state }
  }
}
