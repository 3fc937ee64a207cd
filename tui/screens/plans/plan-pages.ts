import type {
  PlanForm,
  PlanMeaning,
  PlanOption,
  StepForm,
  StepSetting,
} from '../../../src/service/application/shown.ts'
import { type Editor, editorKeys, pasteInEditor, typeInEditor } from '../../forms/editor.ts'
import { textField, withMistakes, withNotesLeft } from '../../forms/form.ts'
import type { Key } from '../../keymap/key.ts'
import { commandOf, type Keymap } from '../../keymap/keymap.ts'
import { isMotion, MOTION_KEYS } from '../../keymap/motion.ts'
import { LIST_START, type ListPlace, moveInList } from '../../state/list.ts'
import { type PlanField, planIn } from './plan-fields.ts'
import { optionsEditor, optionsIn, STEP_KINDS, stepEditor, stepIn } from './plan-settings.ts'
import { QUICK_FIELDS, quickFieldOf, quickOf } from './quick-steps.ts'

/** What of a plan is seen. */
export type PlanPage =
  /** What most plans need. */
  | { readonly page: 'plan' }
  | { readonly page: 'options'; readonly editor: Editor<PlanOption> }
  | { readonly page: 'steps'; readonly place: ListPlace }
  /** Which kind of step is added. */
  | { readonly page: 'kinds'; readonly place: ListPlace; readonly after: number }
  | { readonly page: 'step'; readonly at: number; readonly editor: Editor<StepSetting> }

/** A plan that is being made or changed. */
export interface PlanEditing {
  readonly editor: Editor<PlanField>
  readonly options: PlanForm['options']
  /** All steps, but for what is typed on the first page. */
  readonly steps: readonly StepForm[]
  readonly at: PlanPage
  /** The name of the plan that it was. */
  readonly replaces: string | undefined
  /** What it would mean as it is typed now. */
  readonly meaning: PlanMeaning | undefined
}

/** Returns the plan as it is typed. */
export function planOf({ editor, options, steps, at }: PlanEditing): PlanForm {
  const plan = planIn(editor.form, { options, steps })
  // On the pages of the steps, what the first page shows of them is as it was.
  return at.page === 'plan' || at.page === 'options' ? plan : { ...plan, steps }
}

const OPTIONS_KEY = { command: 'plan-options', keys: ['ctrl+p'], label: 'more', help: 'everything else of the plan' }
const STEPS_KEY = {
  command: 'plan-steps',
  keys: ['ctrl+t'],
  label: 'steps',
  help: 'all steps: make, change and order them',
}

const STEP_LIST: Keymap<string> = [
  { command: 'steps-close', keys: ['esc', 'ctrl+s'], label: 'back', help: 'back to the plan' },
  { command: 'step-edit', keys: ['enter', 'e'], label: 'edit', help: 'change the chosen step' },
  { command: 'step-add', keys: ['n'], label: 'add', help: 'add a step behind the chosen one' },
  { command: 'step-remove', keys: ['x'], label: 'remove', help: 'remove the chosen step' },
  { command: 'step-earlier', keys: ['K', '-'], label: 'earlier', help: 'the chosen step before the one above' },
  { command: 'step-later', keys: ['J', '+'], label: 'later', help: 'the chosen step behind the one below' },
]
const KIND_LIST: Keymap<string> = [
  { command: 'kind-take', keys: ['enter'], label: 'add', help: 'add a step of this kind' },
  { command: 'kind-leave', keys: ['esc'], label: 'back', help: 'add none' },
]

export function pageKeys({ at, editor }: PlanEditing): Keymap<string> {
  switch (at.page) {
    case 'plan': {
      const [send, ...others] = editorKeys<string>(editor)
      return editor.picking === undefined && send !== undefined
        ? [send, STEPS_KEY, OPTIONS_KEY, ...others]
        : editorKeys(editor)
    }
    case 'options':
    case 'step':
      return editorKeys<string>(at.editor)
    case 'steps':
      return [...STEP_LIST, ...MOTION_KEYS]
    case 'kinds':
      return [...KIND_LIST, ...MOTION_KEYS]
  }
}

/** Returns the page that a key of the first one leads to, `undefined` where it leads nowhere. */
export function openPage(editing: PlanEditing, key: Key): PlanEditing | undefined {
  if (editing.editor.picking !== undefined) return undefined
  if (key === 'ctrl+p') return { ...editing, at: { page: 'options', editor: optionsEditor(editing.options) } }
  if (key !== 'ctrl+t') return undefined
  return { ...editing, steps: planOf(editing).steps, at: { page: 'steps', place: LIST_START } }
}

/** Returns the plan after a key on another page than the first one; nothing typed is lost by leaving it. */
export function typeInPage(editing: PlanEditing, key: Key, height: number): PlanEditing {
  const { at } = editing
  switch (at.page) {
    case 'plan':
      return editing
    case 'options':
    case 'step': {
      // No field takes a folder, so that nothing is looked for.
      const { editor, outcome } = typeInEditor<string>(at.editor, key, { home: '/', height: 1 })
      const next = taken({ ...editing, at: { ...at, editor } as PlanPage })
      return outcome === 'editing' ? next : closed(next)
    }
    case 'steps':
      return typeInSteps(editing, at, { key, height })
    case 'kinds':
      return typeInKinds(editing, at, { key, height })
  }
}

export function pasteInPage(editing: PlanEditing, text: string): PlanEditing {
  const { at } = editing
  if (at.page !== 'options' && at.page !== 'step') return editing
  return taken({ ...editing, at: { ...at, editor: pasteInEditor<string>(at.editor, text) } as PlanPage })
}

/** What is said of fields, by their names or, in steps, as `steps.2.between`. */
type ByField = Readonly<Record<string, string>>

/** Returns the plan with what is wrong with it, on the page where the first mistake is. */
export function withPlanMistakes(editing: PlanEditing, mistakes: ByField): PlanEditing {
  const { editor, options } = editing
  const { steps } = planOf(editing)
  const { first, others } = sorted({ editor, steps }, mistakes)
  const plain: PlanEditing = { ...editing, steps, editor: { ...editor, form: withMistakes(editor.form, first) } }
  if (Object.keys(first).length > 0) return { ...plain, at: { page: 'plan' } }
  const [wrong] = others
  const step = wrong && steps[wrong.at]
  if (step !== undefined) {
    const own = stepEditor(step)
    const form = withMistakes(own.form, ofStep(mistakes, wrong?.at ?? 0))
    return { ...plain, at: { page: 'step', at: wrong?.at ?? 0, editor: { ...own, form } } }
  }
  const own = optionsEditor(options)
  return { ...plain, at: { page: 'options', editor: { ...own, form: withMistakes(own.form, mistakes) } } }
}

/** Returns the plan with what is known of those fields of the page that were filled in and left. */
export function withKnownNotes(editing: PlanEditing): PlanEditing {
  const { at, editor, meaning } = editing
  const { mistakes, remarks } = meaning ?? { mistakes: {}, remarks: {} }
  switch (at.page) {
    case 'plan': {
      const of = { editor, steps: planOf(editing).steps }
      const notes = { mistakes: sorted(of, mistakes).first, remarks: sorted(of, remarks).first }
      return { ...editing, editor: { ...editor, form: withNotesLeft(editor.form, notes) } }
    }
    case 'options':
    case 'step': {
      const here = (all: ByField): ByField => (at.page === 'step' ? ofStep(all, at.at) : all)
      const form = withNotesLeft<string>(at.editor.form, { mistakes: here(mistakes), remarks: here(remarks) })
      return { ...editing, at: { ...at, editor: { ...at.editor, form } } as PlanPage }
    }
    default:
      return editing
  }
}

interface SortedByField {
  /** By the fields of the first page. */
  readonly first: ByField
  /** In steps, where the first page does not show them. */
  readonly others: readonly { readonly at: number }[]
}

function sorted({ editor, steps }: Pick<PlanEditing, 'editor' | 'steps'>, mistakes: ByField): SortedByField {
  const first: Record<string, string> = {}
  const others: { readonly at: number }[] = []
  for (const [field, what] of Object.entries(mistakes)) {
    const [, number, setting = ''] = /^steps\.(\d+)\.(.+)$/.exec(field) ?? []
    const at = Number(number)
    const shown = number === undefined ? field : quickFieldOf(steps, at, setting)
    if (shown !== undefined && editor.form.fields.some(({ name }) => name === shown)) first[shown] = what
    else if (number !== undefined) others.push({ at })
  }
  return { first, others }
}

/** Returns what is said of a step by its settings. */
function ofStep(notes: ByField, at: number): ByField {
  const prefix = `steps.${at}.`
  const here = Object.entries(notes).filter(([field]) => field.startsWith(prefix))
  return Object.fromEntries(here.map(([field, what]) => [field.slice(prefix.length), what]))
}

/** Takes what is typed on a page into the plan. */
function taken(editing: PlanEditing): PlanEditing {
  const { at, steps } = editing
  if (at.page === 'options') return touched({ ...editing, options: optionsIn(at.editor.form) })
  const step = at.page === 'step' ? steps[at.at] : undefined
  if (at.page !== 'step' || step === undefined) return editing
  return touched({ ...editing, steps: steps.with(at.at, stepIn(step.kind, at.editor.form)) })
}

/** Goes back from a page: from a step to the list of them, from there to the first one, which shows what was changed. */
function closed(editing: PlanEditing): PlanEditing {
  const { at, editor, steps } = editing
  if (at.page === 'step') return { ...editing, at: { page: 'steps', place: { ...LIST_START, selected: at.at } } }
  if (at.page !== 'steps') return { ...editing, at: { page: 'plan' } }
  const quick = quickOf(steps)
  const fields = editor.form.fields.map((each) => {
    const name = QUICK_FIELDS.find((field) => field === each.name)
    if (name === undefined) return each
    if (each.field.kind !== 'choice') return { ...each, field: textField(quick[name]), mistake: undefined }
    const nowhere = each.field.options[0] ?? ''
    const wanted = quick[name] === '' ? nowhere : quick[name]
    const options = each.field.options.includes(wanted) ? each.field.options : [...each.field.options, wanted]
    return { ...each, field: { ...each.field, options, chosen: options.indexOf(wanted) }, mistake: undefined }
  })
  return { ...editing, at: { page: 'plan' }, editor: { ...editor, form: { ...editor.form, fields } } }
}

interface ListKey {
  readonly key: Key
  /** Rows of the list. */
  readonly height: number
}

function typeInSteps(
  editing: PlanEditing,
  at: Extract<PlanPage, { page: 'steps' }>,
  { key, height }: ListKey,
): PlanEditing {
  const { steps } = editing
  const { selected } = at.place
  const command = commandOf([...STEP_LIST, ...MOTION_KEYS], key)
  if (command === undefined) return editing
  if (isMotion(command)) {
    return { ...editing, at: { ...at, place: moveInList(at.place, command, { count: steps.length, height }) } }
  }
  const chosen = steps[selected]
  switch (command) {
    case 'step-edit':
      if (chosen === undefined) return editing
      return { ...editing, at: { page: 'step', at: selected, editor: stepEditor(chosen) } }
    case 'step-add':
      return { ...editing, at: { page: 'kinds', place: LIST_START, after: selected } }
    case 'step-remove': {
      const left = steps.toSpliced(selected, 1)
      const place = { ...at.place, selected: Math.max(0, Math.min(selected, left.length - 1)) }
      return touched({ ...editing, steps: left, at: { ...at, place } })
    }
    case 'step-earlier':
      return moved(editing, selected, selected - 1)
    case 'step-later':
      return moved(editing, selected, selected + 1)
    default:
      return closed(editing)
  }
}

function moved(editing: PlanEditing, from: number, to: number): PlanEditing {
  const { steps } = editing
  const [one, other] = [steps[from], steps[to]]
  if (one === undefined || other === undefined) return editing
  return touched({
    ...editing,
    steps: steps.with(from, other).with(to, one),
    at: { page: 'steps', place: { ...LIST_START, selected: to } },
  })
}

function typeInKinds(
  editing: PlanEditing,
  at: Extract<PlanPage, { page: 'kinds' }>,
  { key, height }: ListKey,
): PlanEditing {
  const command = commandOf([...KIND_LIST, ...MOTION_KEYS], key)
  if (command === undefined) return editing
  if (isMotion(command)) {
    return { ...editing, at: { ...at, place: moveInList(at.place, command, { count: STEP_KINDS.length, height }) } }
  }
  if (command === 'kind-leave')
    return { ...editing, at: { page: 'steps', place: { ...LIST_START, selected: at.after } } }
  const step: StepForm = { kind: STEP_KINDS[at.place.selected] ?? 'incremental', settings: {} }
  const index = Math.min(at.after + 1, editing.steps.length)
  const steps = editing.steps.toSpliced(index, 0, step)
  return touched({ ...editing, steps, at: { page: 'step', at: index, editor: stepEditor(step) } })
}

function touched(editing: PlanEditing): PlanEditing {
  return { ...editing, editor: { ...editing.editor, isTouched: true } }
}
