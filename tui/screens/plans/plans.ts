import type { PlanData, PlanForm } from '../../../src/service/application/shown.ts'
import {
  editorAfterAnswer,
  editorAfterFailure,
  editorCalls,
  LEAVE_FORM,
  pasteInEditor,
  typeInEditor,
} from '../../forms/editor.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, type Call, call, type Failure } from '../../state/call.ts'
import type { ScreenEvent } from '../../state/event.ts'
import { LIST_START, type ListPlace, moveInList, placeAt } from '../../state/list.ts'
import { afterFailure, type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import type { Screen } from '../../state/screen.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { editorSurroundings } from '../screen-editor.ts'
import { planTableRows } from './layout.ts'
import { newPlan, planEditor } from './plan-fields.ts'
import {
  openPage,
  pageKeys,
  pasteInPage,
  type PlanEditing,
  planOf,
  typeInPage,
  withKnownNotes,
  withPlanMistakes,
} from './plan-pages.ts'

export interface PlansState {
  readonly plans: Loaded<readonly PlanData[]>
  readonly place: ListPlace
  readonly editing: PlanEditing | undefined
  /** The plan that the question before removing is about. */
  readonly removing: string | undefined
}

export const plans: Screen<PlansState, string> = {
  title: 'Plans',
  initial: { plans: LOADING, place: LIST_START, editing: undefined, removing: undefined },
  keys: keysFor,
  // Plans are read when the screen is opened.
  commands: () => [...OF_A_PLAN, NEW],
  isTyping: ({ editing }) => editing !== undefined,
  unsaved: ({ editing }) => (editing?.editor.isTouched === true ? 'A plan is half filled in.' : undefined),
  reduce,
}

export function chosenPlan({ plans: loaded, place }: PlansState): PlanData | undefined {
  const all = valueOr(loaded, [])
  return all[Math.min(place.selected, all.length - 1)]
}

const NEW = { command: 'new', keys: ['n'], label: 'new', help: 'make a plan' } as const
const OF_A_PLAN: Keymap<string> = [
  { command: 'edit', keys: ['enter', 'e'], label: 'edit', help: 'change the chosen plan' },
  { command: 'run', keys: ['r'], label: 'run now', help: 'run all steps of the chosen plan now', needsLook: true },
  { command: 'pause', keys: ['p'], label: 'pause', help: 'pause the chosen plan, or let it go on', needsLook: true },
  { command: 'remove', keys: ['x'], label: 'remove', help: 'remove the chosen plan, after a question' },
]

function keysFor(state: PlansState): Keymap<string> {
  if (state.editing !== undefined) return pageKeys(state.editing)
  const plan = chosenPlan(state)
  const ofPlan = OF_A_PLAN.map((key) => (key.command === 'pause' && plan?.isPaused ? { ...key, label: 'resume' } : key))
  return [...(plan === undefined ? [] : ofPlan), NEW, ...MOTION_KEYS]
}

function reduce(state: PlansState, event: ScreenEvent, shared: Shared): Step<PlansState> {
  const { editing } = state
  switch (event.kind) {
    case 'opened':
      return { state, effects: [ASK] }
    case 'changed':
      return { state, effects: event.topic === 'plans' || event.topic === 'daemon' ? [ASK] : [] }
    case 'command':
      return takeCommand(state, event.command, shared)
    case 'typed':
      return editing === undefined ? { state } : type(state, editing, { key: event.key, shared })
    case 'paste':
      return editing === undefined ? { state } : paste(state, editing, event.text)
    case 'confirmed':
      return takeYes(state, event.question)
    case 'answer':
      return takeAnswer(state, event, shared)
    case 'failure':
      return { state: takeFailure(state, event) }
    default:
      return { state }
  }
}

const ASK = call('plans:plans', 'plans')

function takeCommand(state: PlansState, command: string, shared: Shared): Step<PlansState> {
  if (isMotion(command)) {
    const extent = { count: valueOr(state.plans, []).length, height: planTableRows(shared) }
    return {
      state: { ...state, place: moveInList(placeAt(state.place, state.place.selected, extent), command, extent) },
    }
  }
  if (command === 'new') return startNew(state, shared)
  const plan = chosenPlan(state)
  if (plan === undefined) return { state }
  const { name, isPaused } = plan
  switch (command) {
    case 'edit':
      return { state, effects: [call('plans:form', 'planForm', name)] }
    case 'run':
      return { state, effects: [call('plans:run', 'runPlan', name)] }
    case 'pause':
      return { state, effects: [call('plans:pause', 'pausePlan', name, !isPaused)] }
    case 'remove':
      return {
        state: { ...state, removing: name },
        ask: {
          name: 'remove',
          title: `Remove the plan ${name}?`,
          lines: ['The points that it has made stay.'],
          verb: 'remove it',
        },
      }
    default:
      return { state }
  }
}

function startNew(state: PlansState, shared: Shared): Step<PlansState> {
  const { repository } = shared
  if (repository === undefined) return { state, say: 'A plan needs a repository: add one on the screen Drivers first.' }
  return startEditing(state, newPlan(repository), { replaces: undefined, shared })
}

function startEditing(
  state: PlansState,
  plan: PlanForm,
  { replaces, shared }: { readonly replaces: string | undefined; readonly shared: Shared },
): Step<PlansState> {
  const names = valueOr(shared.repositories, []).map(({ name }) => name)
  const { options, steps } = plan
  const at = { page: 'plan' } as const
  const editing = { editor: planEditor(plan, names), options, steps, at, replaces, meaning: undefined }
  return { state: { ...state, editing }, effects: [explain(editing)] }
}

function explain(editing: PlanEditing): Call {
  return call('plans:explain', 'explainPlan', planOf(editing))
}

/** What a form means is asked anew whenever it has changed. */
function changed(state: PlansState, before: PlanEditing, editing: PlanEditing): Step<PlansState> {
  const hasChanged =
    editing.editor.form.fields !== before.editor.form.fields ||
    editing.options !== before.options ||
    editing.steps !== before.steps
  if (hasChanged) return { state: { ...state, editing }, effects: [explain(editing)] }
  return { state: { ...state, editing: withKnownNotes(editing) } }
}

function paste(state: PlansState, editing: PlanEditing, text: string): Step<PlansState> {
  if (editing.at.page !== 'plan') return changed(state, editing, pasteInPage(editing, text))
  return changed(state, editing, { ...editing, editor: pasteInEditor(editing.editor, text) })
}

function type(
  state: PlansState,
  editing: PlanEditing,
  { key, shared }: { readonly key: Key; readonly shared: Shared },
): Step<PlansState> {
  const surroundings = editorSurroundings(shared)
  if (editing.at.page !== 'plan') return changed(state, editing, typeInPage(editing, key, surroundings.height))
  const opened = openPage(editing, key)
  if (opened !== undefined) return { state: { ...state, editing: opened } }
  const typed = typeInEditor(editing.editor, key, surroundings)
  const { editor, outcome } = typed
  const next = { ...editing, editor }
  const step = changed(state, editing, next)
  switch (outcome) {
    case 'editing':
      return { ...step, effects: [...(step.effects ?? []), ...editorCalls(typed, 'plans')] }
    case 'left':
      return { state: { ...state, editing: undefined } }
    case 'asked':
      return { ...step, ask: LEAVE_FORM }
    case 'sent':
      // Saved once it has been found to be a plan.
      return { state: step.state, effects: [call('plans:judge', 'explainPlan', planOf(next))] }
  }
}

function takeYes(state: PlansState, question: string): Step<PlansState> {
  if (question === LEAVE_FORM.name) return { state: { ...state, editing: undefined } }
  const { removing } = state
  if (question !== 'remove' || removing === undefined) return { state }
  return { state: { ...state, removing: undefined }, effects: [call('plans:remove', 'removePlan', removing)] }
}

function takeAnswer(state: PlansState, answer: Answer, shared: Shared): Step<PlansState> {
  const { editing } = state
  switch (answer.method) {
    case 'plans':
      return { state: { ...state, plans: ready(answer.value) } }
    case 'planForm': {
      const [replaces] = answer.args
      return startEditing(state, answer.value, { replaces, shared })
    }
    case 'explainPlan':
      return editing === undefined ? { state } : takeMeaning(state, editing, answer)
    case 'folders': {
      if (editing === undefined) return { state }
      const editor = editorAfterAnswer(editing.editor, answer)
      return { state: { ...state, editing: { ...editing, editor } } }
    }
    case 'savePlan':
      return {
        state: { ...state, editing: undefined },
        effects: [ASK],
        say:
          shared.host.kind === 'daemon'
            ? `The plan ${answer.args[0].name} is saved.`
            : `The plan ${answer.args[0].name} is saved. It begins once a daemon runs: see above.`,
      }
    case 'removePlan':
      return { state, effects: [ASK], say: `The plan ${answer.args[0]} is removed.` }
    case 'runPlan':
      return { state, say: `${answer.args[0]} runs: the screen Jobs shows how far it is.` }
    case 'pausePlan':
      return {
        state,
        effects: [ASK],
        say: answer.args[1] ? `${answer.args[0]} is paused.` : `${answer.args[0]} goes on.`,
      }
    default:
      return { state }
  }
}

function takeMeaning(
  state: PlansState,
  editing: PlanEditing,
  { value, slot, args }: Extract<Answer, { method: 'explainPlan' }>,
): Step<PlansState> {
  const explained: PlansState = { ...state, editing: withKnownNotes({ ...editing, meaning: value }) }
  if (slot !== 'plans:judge') return { state: explained }
  if (Object.keys(value.mistakes).length === 0) {
    return { state: explained, effects: [call('plans:save', 'savePlan', args[0], editing.replaces)] }
  }
  return { state: { ...state, editing: withPlanMistakes({ ...editing, meaning: value }, value.mistakes) } }
}

/** A form stays as it is, whatever could not be done with it. */
function takeFailure(state: PlansState, failure: Failure): PlansState {
  const { editing, plans: before } = state
  if (failure.method === 'plans') return { ...state, plans: afterFailure(before, failure.problem) }
  return editing === undefined
    ? state
    : { ...state, editing: { ...editing, editor: editorAfterFailure(editing.editor, failure) } }
}
