import type { Handle, MountData } from '../../../src/service/application/shown.ts'
import {
  type Editor,
  editorAfterAnswer,
  editorAfterFailure,
  editorKeys,
  editorOf,
  LEAVE_FORM,
  pasteInEditor,
} from '../../forms/editor.ts'
import { choiceField } from '../../forms/form.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, type ListPlace, moveInList, placeAt } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import { bodyRows, type Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { shownTime } from '../../text/when.ts'
import { typeInScreen } from '../screen-editor.ts'
import { MOUNT_PLACE_PATHS, mountPlaceField, mountPlaceIn } from './mount-place.ts'

/** Title and headings. */
const HEAD_ROWS = 2
/** About the chosen mount, below the table. */
export const DETAIL_ROWS = 5
/** Points that may be mounted alone from here; any other is mounted from the screen Points. */
const POINTS_OFFERED = 50
const ALL_POINTS = 'all points'

type MountField = 'what' | 'directory'

/** What its end does to those who read there. */
const END_MEANS: Readonly<Record<MountData['answer'], string>> = {
  alive: 'What reads there now is not interrupted: then it stays mounted.',
  dead: 'Nobody answers what is read there: nothing is lost by it.',
  silent: 'It does not answer: what waits there is told that it cannot be read.',
}

export interface MountsState {
  readonly place: ListPlace
  readonly editor: Editor<MountField> | undefined
  /** What the form offers beside all points: ids, newest first. */
  readonly offered: readonly string[]
  /** The mount that the question before its end is about, wherever the list has gone by then. */
  readonly ending: Handle | undefined
}

export const mounts: Screen<MountsState, string> = {
  title: 'Mounts',
  initial: { place: LIST_START, editor: undefined, offered: [], ending: undefined },
  keys: keysFor,
  isTyping: ({ editor }) => editor !== undefined,
  unsaved: ({ editor }) => (editor?.isTouched === true ? 'The form of a mount is half filled in.' : undefined),
  reduce,
}

export function chosenMount({ place }: MountsState, shared: Shared): MountData | undefined {
  const all = valueOr(shared.mounts, [])
  return all[Math.min(place.selected, all.length - 1)]
}

const MOUNT = { command: 'mount', keys: ['m'], label: 'mount', help: 'mount points of this repository' } as const
const UNMOUNT = { command: 'unmount', keys: ['u'], label: 'unmount', help: 'end the chosen mount' } as const

function keysFor(state: MountsState, shared: Shared): Keymap<string> {
  if (state.editor !== undefined) return editorKeys(state.editor)
  return [MOUNT, ...(chosenMount(state, shared) === undefined ? [] : [UNMOUNT]), ...MOTION_KEYS]
}

function reduce(state: MountsState, event: ScreenEvent, shared: Shared): Step<MountsState> {
  const { editor } = state
  switch (event.kind) {
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      return editor === undefined ? { state } : type(state, editor, { key: event.key, shared })
    case 'paste':
      return { state: editor === undefined ? state : { ...state, editor: pasteInEditor(editor, event.text) } }
    case 'confirmed':
      return takeYes(state, event.question)
    case 'answer':
      return takeAnswer(state, event)
    case 'failure':
      return { state: { ...state, editor: editor && editorAfterFailure(editor, event) } }
    default:
      return { state }
  }
}

function takeCommand(state: MountsState, command: string, shared: Shared): Step<MountsState> {
  if (isMotion(command)) {
    const extent = { count: valueOr(shared.mounts, []).length, height: bodyRows(shared) - HEAD_ROWS - DETAIL_ROWS }
    return {
      state: { ...state, place: moveInList(placeAt(state.place, state.place.selected, extent), command, extent) },
    }
  }
  if (command === 'mount') return startMount(state, shared)
  const mount = chosenMount(state, shared)
  if (mount === undefined) return { state }
  const lines = [mount.directory, '', END_MEANS[mount.answer]]
  return {
    state: { ...state, ending: mount.id },
    ask: { name: 'unmount', title: 'End this mount?', lines, verb: 'end it' },
  }
}

function takeYes(state: MountsState, question: string): Step<MountsState> {
  if (question === LEAVE_FORM.name) return { state: { ...state, editor: undefined } }
  const { ending } = state
  if (question !== 'unmount' || ending === undefined) return { state }
  return { state: { ...state, ending: undefined }, effects: [call('mounts:unmount', 'unmount', ending)] }
}

function startMount(state: MountsState, shared: Shared): Step<MountsState> {
  if (shared.repository === undefined) return { state, say: 'There is no repository to mount.' }
  const points = valueOr(shared.points, [])
    .filter(({ isUndo }) => !isUndo)
    .slice(0, POINTS_OFFERED)
  const options = [ALL_POINTS, ...points.map(({ id, startedMs }) => `${shownTime(startedMs)} ${id.slice(0, 8)}`)]
  const editor = editorOf<MountField>(
    {
      fields: [
        { name: 'what', label: 'Mount', field: choiceField(options), help: '← → choose' },
        mountPlaceField('At', shared.settings.mountFolder),
      ],
      focus: 0,
    },
    MOUNT_PLACE_PATHS,
  )
  return { state: { ...state, editor, offered: points.map(({ id }) => id) } }
}

function type(
  state: MountsState,
  before: Editor<MountField>,
  { key, shared }: { readonly key: Key; readonly shared: Shared },
): Step<MountsState> {
  const hold = (editor: Editor<MountField> | undefined): MountsState => ({ ...state, editor })
  const send = (editor: Editor<MountField>): Step<MountsState> => sendMount(hold(editor), editor, shared)
  return typeInScreen(before, key, { screen: 'mounts', shared, hold, send })
}

function sendMount(state: MountsState, editor: Editor<MountField>, { repository }: Shared): Step<MountsState> {
  const place = mountPlaceIn<MountField>(editor)
  if ('mistaken' in place) return { state: { ...state, editor: place.mistaken } }
  const field = editor.form.fields[0]?.field
  const point = field?.kind === 'choice' ? state.offered[field.chosen - 1] : undefined
  if (repository === undefined) return { state }
  // The form stays until it is mounted: a folder that cannot be used is corrected, not typed again.
  return { state, effects: [call('mounts:mount', 'mount', repository, point, place.directory)] }
}

function takeAnswer(state: MountsState, answer: Answer): Step<MountsState> {
  switch (answer.method) {
    case 'mount':
      return { state: { ...state, editor: undefined }, say: `Mounted at ${answer.args[2]}.` }
    case 'unmount':
      return { state, say: 'The mount has ended.' }
    default:
      return {
        state: state.editor === undefined ? state : { ...state, editor: editorAfterAnswer(state.editor, answer) },
      }
  }
}
