import { formatBytes } from '../../../src/base/format.ts'
import { numberOf } from '../../../src/base/number-of.ts'
import type { PreviewItem } from '../../../src/service/application/shown.ts'
import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  type EditorCommand,
  editorKeys,
  editorWithMistakes,
  LEAVE_FORM,
  pasteInEditor,
} from '../../forms/editor.ts'
import { textOf } from '../../forms/form.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Effect, type Failure } from '../../state/call.ts'
import type { Marked } from '../../state/destination.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, moveInList, placeAt } from '../../state/list.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { typeInScreen } from '../screen-editor.ts'
import { restoreRowCount } from './layout.ts'
import { differingPaths, type RestoreRow } from './restore-rows.ts'
import {
  bytesNeeded,
  failingLines,
  hasEnded,
  INITIAL_RESTORE,
  jobOf,
  optionEditor,
  type OptionField,
  OVERWRITE_MODES,
  previewOf,
  previewRequest,
  restoreRequest,
  type RestoreState,
  withOptions,
  withoutItems,
  withRows,
} from './restore-state.ts'
import {
  askToUndo,
  askUndoable,
  LOOK_SLOT,
  lookAtUndo,
  showUndo,
  startUndo,
  UNDO_PREVIEW_KEYS,
  type UndoCommand,
} from './undo.ts'

export type RestoreCommand = Motion | UndoCommand | 'start' | 'leave-out' | 'mode' | 'options' | 'undo'

export const restore: Screen<RestoreState, RestoreCommand> = {
  title: 'Restore',
  initial: INITIAL_RESTORE,
  keys: keysFor,
  isTyping: ({ options }) => options !== undefined,
  unsaved,
  reduce,
}

/** What was said of a restore that nobody began, beside what is marked for it. */
function unsaved({ options, isPrepared }: RestoreState): string | undefined {
  return isPrepared || options?.isTouched === true ? 'A restore is prepared, and not begun.' : undefined
}

const UNDO = {
  command: 'undo',
  keys: ['u'],
  label: 'undo',
  help: 'take back the restore that is shown, or the last one: first what that would do',
} as const
/** In the order of their use: at 80 columns, not all of them stand at the bottom. */
const PREVIEW_KEYS: Keymap<RestoreCommand> = [
  { command: 'start', keys: ['s'], label: 'restore', help: 'restore what is shown, after a question' },
  {
    command: 'options',
    keys: ['t'],
    label: 'target',
    help: 'where to, when to overwrite, and whether to delete what is not in the point',
  },
  {
    command: 'leave-out',
    keys: ['space'],
    label: 'leave out',
    help: 'leave the chosen path out, or take it in again',
    needsLook: true,
  },
  {
    command: 'mode',
    keys: ['o'],
    label: 'overwrite',
    help: 'when the chosen path is overwritten: if changed, never, if newer, always',
    needsLook: true,
  },
  { command: 'changes', keys: ['c'], label: 'changes', help: 'show only what would change, or everything' },
  { command: 'fold', keys: ['enter', 'left', 'right'], help: 'close or open the chosen folder' },
  UNDO,
  ...MOTION_KEYS,
]
const CLOSE = { command: 'close', keys: ['esc', 'enter'], label: 'close', help: 'close the report' } as const

function keysFor(state: RestoreState, shared: Shared): Keymap<RestoreCommand | EditorCommand> {
  if (state.options !== undefined) return editorKeys(state.options)
  if (state.undo !== undefined) return UNDO_PREVIEW_KEYS
  const job = jobOf(state, shared)
  if (state.job !== undefined) return job !== undefined && hasEnded(job) ? [UNDO, CLOSE] : []
  return state.marked === undefined ? [UNDO] : PREVIEW_KEYS
}

function reduce(state: RestoreState, event: ScreenEvent<RestoreCommand>, shared: Shared): Step<RestoreState> {
  switch (event.kind) {
    case 'opened': {
      const { marked } = event.destination
      return marked === undefined ? { state } : begin(state, marked)
    }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      return state.options === undefined ? { state } : typeOptions(state, state.options, { key: event.key, shared })
    case 'paste':
      if (state.options === undefined) return { state }
      return { state: { ...state, options: pasteInEditor(state.options, event.text) } }
    case 'confirmed':
      return confirmed(state, event.question, shared)
    case 'shared':
      return askForReport(state, shared)
    case 'answer':
      return takeAnswer(state, event, shared)
    case 'failure':
      return { state: takeFailure(state, event) }
    default:
      return { state }
  }
}

function begin(before: RestoreState, marked: Marked): Step<RestoreState> {
  const state = previewOf(before, marked)
  const isLost = before.isPrepared && before.without.size + before.modes.size > state.without.size + state.modes.size
  const say = 'What was left out, or overwritten in a way of its own, was of other marks: look at it again.'
  return { ...askPreview(state), ...(isLost ? { say } : {}) }
}

/** Asks anew what a restore would do; the lines that are known stay until the new ones come. */
function askPreview(state: RestoreState): Step<RestoreState> {
  const { marked, target } = state
  if (marked === undefined) return { state }
  const effects: readonly Effect[] = [
    call('restore:preview', 'preview', previewRequest(state, marked)),
    call('restore:free', 'freeBytes', target === '' ? undefined : target, marked.items[0]?.path),
  ]
  return { state: withoutItems(state), effects }
}

function takeCommand(state: RestoreState, command: RestoreCommand, shared: Shared): Step<RestoreState> {
  const extent = { count: state.rows.length, height: restoreRowCount(shared) }
  if (isMotion(command)) return { state: { ...state, place: moveInList(state.place, command, extent) } }
  switch (command) {
    case 'start':
    case 'undo-start':
      return state.isWhole ? lookAgain(state, shared, { isConfirmed: false }) : { state, say: NOT_WHOLE }
    case 'options':
      return { state: { ...state, look: undefined, options: optionEditor(state) } }
    case 'changes': {
      const next = withRows({ ...state, changesOnly: !state.changesOnly })
      return { state: { ...next, place: LIST_START } }
    }
    case 'undo':
      return askUndoable({ ...state, look: undefined }, shared)
    case 'close':
      return close(state)
    default: {
      const row = state.rows[placeAt(state.place, state.place.selected, extent).selected]
      return row === undefined ? { state } : withRow(state, command, row)
    }
  }
}

/** Goes back to the report from the preview of an undo, otherwise to what is marked. */
function close(state: RestoreState): Step<RestoreState> {
  if (state.undo !== undefined && state.job !== undefined) {
    return { state: { ...state, undo: undefined }, effects: [{ kind: 'drop', slot: 'restore:preview' }] }
  }
  const next: RestoreState = { ...state, undo: undefined, job: undefined }
  return state.marked === undefined ? { state: next } : askPreview(next)
}

function withRow(
  state: RestoreState,
  command: 'leave-out' | 'mode' | 'fold',
  { item: { path, kind } }: RestoreRow,
): Step<RestoreState> {
  switch (command) {
    case 'leave-out':
      return { state: withRows({ ...state, without: toggled(state.without, path), look: undefined, isPrepared: true }) }
    case 'fold':
      return { state: kind === 'dir' ? withRows({ ...state, closed: toggled(state.closed, path) }) : state }
    case 'mode': {
      const mode = state.modes.get(path) ?? state.overwrite
      const next = OVERWRITE_MODES[(OVERWRITE_MODES.indexOf(mode) + 1) % OVERWRITE_MODES.length] ?? mode
      return askPreview({ ...state, modes: new Map(state.modes).set(path, next), isPrepared: true })
    }
  }
}

function toggled<T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> {
  const next = new Set(set)
  if (!next.delete(value)) next.add(value)
  return next
}

/** Nothing is begun before all is known: a confirmation is about what was seen. */
const NOT_WHOLE = 'The preview is not whole yet.'
/** A question that was answered this long after the target was looked at is no longer about what is there. */
const LOOK_MS_MAX = 60_000

/** Looks at the target once more before something is done to it: files come and go while a preview is read. */
function lookAgain(
  state: RestoreState,
  shared: Shared,
  { isConfirmed }: { readonly isConfirmed: boolean },
): Step<RestoreState> {
  const effect = lookCall(state, shared)
  if (effect === undefined) return { state }
  return { state: { ...state, look: { items: [], isConfirmed } }, effects: [effect] }
}

function lookCall(state: RestoreState, shared: Shared): Effect | undefined {
  const { marked, undo } = state
  if (undo !== undefined) return lookAtUndo(state, undo, shared)
  return marked && call(LOOK_SLOT, 'preview', previewRequest(state, marked))
}

/** A part of a preview that is answered. */
interface Part {
  readonly more: readonly PreviewItem[]
  readonly isLast: boolean
  readonly shared: Shared
}

/** Takes a part of what another look found; at its end goes on, unless something differs from what was shown. */
function takeLook(
  state: RestoreState,
  look: NonNullable<RestoreState['look']>,
  { more, isLast, shared }: Part,
): Step<RestoreState> {
  const items = [...look.items, ...more]
  if (!isLast) return { state: { ...state, look: { ...look, items } } }
  const fresh = withRows({ ...state, items, look: undefined, seenMs: shared.nowMs })
  const differing = differingPaths(state.items, items, fresh.out)
  if (differing.size > 0) return showDiffering({ ...fresh, differing })
  const next: RestoreState = { ...fresh, differing }
  if (look.isConfirmed) return begun(next, shared)
  return next.undo === undefined ? askToStart(next) : askToUndo(next, next.undo)
}

/** Shows what is not as it was: no folder hides it, and the first of it is chosen. */
function showDiffering(state: RestoreState): Step<RestoreState> {
  const opened = withRows({ ...state, closed: new Set() })
  const first = opened.rows.findIndex(({ item }) => opened.differing.has(item.path))
  return {
    state: first < 0 ? opened : { ...opened, place: { ...opened.place, selected: first } },
    say: `Nothing is begun: ${numberOf(state.differing.size, 'path')} changed since the preview. Look, then press s again.`,
  }
}

/** Asks with the figures of the last look. */
function askToStart(state: RestoreState): Step<RestoreState> {
  const { create, overwrite, delete: deleted, fail } = state.totals
  if (create.count + overwrite.count + deleted.count === 0) {
    if (fail.count > 0) return { state, say: `Nothing can be restored: ${numberOf(fail.count, 'path')} would fail.` }
    return { state, say: 'There is nothing to restore: all is as it was.' }
  }
  const needed = bytesNeeded(state)
  const isTight = state.freeBytes !== undefined && needed > state.freeBytes
  return {
    state,
    ask: {
      name: 'restore',
      title: state.target === '' ? 'Restore in place?' : `Restore to ${state.target}?`,
      lines: [
        `${numberOf(create.count, 'path')} created, ${formatBytes(create.bytes)}`,
        `${numberOf(overwrite.count, 'path')} overwritten, ${formatBytes(overwrite.bytes)}`,
        `${numberOf(deleted.count, 'path')} deleted`,
        ...failingLines(state),
        ...(isTight ? [`▲ ${formatBytes(needed)} are needed, ${formatBytes(state.freeBytes ?? 0)} are free`] : []),
        'What is overwritten or deleted becomes a point first: undo brings it back.',
      ],
      verb: 'restore',
    },
  }
}

function confirmed(state: RestoreState, question: string, shared: Shared): Step<RestoreState> {
  if (question === LEAVE_FORM.name) return { state: { ...state, options: undefined } }
  if (question !== 'restore' && question !== 'undo') return { state }
  const isOld = shared.nowMs - (state.seenMs ?? -Infinity) > LOOK_MS_MAX
  return isOld ? lookAgain(state, shared, { isConfirmed: true }) : begun(state, shared)
}

function begun(state: RestoreState, shared: Shared): Step<RestoreState> {
  const { marked, undo } = state
  if (undo !== undefined) return startUndo(state, shared)
  if (marked === undefined) return { state }
  return { state, effects: [call('restore:start', 'restore', restoreRequest(state, marked))] }
}

/** Reads what the job said once it has ended. */
function askForReport(state: RestoreState, shared: Shared): Step<RestoreState> {
  const job = jobOf(state, shared)
  if (job === undefined || !hasEnded(job) || state.job?.report !== undefined) return { state }
  return { state, effects: [call('restore:report', 'jobLog', job.id, undefined)] }
}

function typeOptions(
  state: RestoreState,
  before: Editor<OptionField>,
  { key, shared }: { readonly key: Key; readonly shared: Shared },
): Step<RestoreState> {
  const hold = (options: Editor<OptionField> | undefined): RestoreState => ({ ...state, options })
  const send = (editor: Editor<OptionField>): Step<RestoreState> => sendOptions(state, editor)
  return typeInScreen(before, key, { screen: 'restore', shared, hold, send })
}

function sendOptions(state: RestoreState, editor: Editor<OptionField>): Step<RestoreState> {
  const { form } = editor
  const target = textOf(form, 'target').trim()
  if (target === '' || target.startsWith('/')) return askPreview(withOptions(state, form))
  return { state: { ...state, options: editorWithMistakes(editor, { target: 'begins with /' }) } }
}

function takeAnswer(state: RestoreState, answer: Answer, shared: Shared): Step<RestoreState> {
  switch (answer.method) {
    case 'preview':
    case 'previewUndo': {
      const { value: more, isLast, slot } = answer
      if (slot !== LOOK_SLOT) return { state: takeItems(state, { more, isLast, shared }) }
      return state.look === undefined ? { state } : takeLook(state, state.look, { more, isLast, shared })
    }
    case 'undoable':
      return showUndo(state, answer.value, shared)
    case 'freeBytes':
      return { state: { ...state, freeBytes: answer.value } }
    case 'restore':
    case 'undo': {
      const job = { id: answer.value, kind: answer.method, report: undefined }
      const isPrepared = state.isPrepared && answer.method === 'undo'
      return {
        state: { ...state, undo: undefined, look: undefined, isPrepared, job },
        effects: [call('shared:jobs', 'jobs')],
      }
    }
    case 'jobLog': {
      const { job } = state
      const { lines, place, isEnd } = answer.value
      if (job?.id !== answer.args[0]) return { state }
      return {
        state: { ...state, job: { ...job, report: [...(job.report ?? []), ...lines] } },
        effects: isEnd ? [] : [call('restore:report', 'jobLog', job.id, place)],
      }
    }
    default:
      return {
        state: state.options === undefined ? state : { ...state, options: editorAfterAnswer(state.options, answer) },
      }
  }
}

/** Takes a part of the preview. The lines are made anew when the items have doubled, and at the end: not at each part of many. */
function takeItems(state: RestoreState, { more, isLast: isWhole, shared }: Part): RestoreState {
  const items = [...state.items, ...more]
  const next: RestoreState = { ...state, items, isWhole, seenMs: isWhole ? shared.nowMs : undefined }
  return isWhole || items.length >= 2 * state.arranged.length ? withChosen(withRows(next), state, shared) : next
}

/** Returns the state with the row chosen that was before lines came in between; whoever is at the top stays there. */
function withChosen(state: RestoreState, { rows, place }: RestoreState, shared: Shared): RestoreState {
  const chosen = place.selected === 0 ? undefined : rows[place.selected]?.item.path
  const at = chosen === undefined ? -1 : state.rows.findIndex(({ item }) => item.path === chosen)
  const extent = { count: state.rows.length, height: restoreRowCount(shared) }
  return at < 0 ? state : { ...state, place: placeAt(place, at, extent) }
}

function takeFailure(state: RestoreState, failure: Failure): RestoreState {
  const { method, problem, slot } = failure
  if (slot === LOOK_SLOT) return { ...state, look: undefined }
  if (method === 'preview' || method === 'previewUndo') return { ...state, problem }
  // A log that cannot be read leaves the outcome, which says it in one line.
  if (method === 'jobLog' && state.job !== undefined) return { ...state, job: { ...state.job, report: [] } }
  return state.options === undefined ? state : { ...state, options: editorAfterFailure(state.options, failure) }
}
