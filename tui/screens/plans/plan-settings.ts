import type { PlanOption, StepForm, StepKind, StepSetting } from '../../../src/service/application/shown.ts'
import { type Editor, editorOf } from '../../forms/editor.ts'
import { checkboxField, type Form, isChecked, type LabelledField, textField, textOf } from '../../forms/form.ts'
import { listOf, listText } from '../../forms/typed-list.ts'

/** How one setting is asked for. */
interface Asked {
  readonly label: string
  readonly help: string
  readonly as: 'text' | 'list' | 'flag'
}

const COMMANDS = 'lines for the shell, with commas between; {"command": "…", "limit": "5 minutes"} bounds one'
const ON_OR_OFF = 'Space: on or off'

/** Every option of a plan that its first form does not show. */
const OPTIONS: Readonly<Record<PlanOption, Asked>> = {
  tags: { label: 'Tags', help: 'of its points, with commas between', as: 'list' },
  description: { label: 'Description', help: 'of its points', as: 'text' },
  'time-zone': { label: 'Time zone', help: "such as Europe/Berlin; empty: this machine's", as: 'text' },
  'exclude-file': { label: 'Pattern files', help: 'absolute, files of patterns that are left out', as: 'list' },
  'exclude-if-present': { label: 'Leave out with', help: 'names of files whose folders are left out', as: 'list' },
  'exclude-caches': { label: 'Leave out caches', help: ON_OR_OFF, as: 'flag' },
  'cross-filesystems': {
    label: 'Other file systems',
    help: `${ON_OR_OFF}; off: what is mounted below is left out`,
    as: 'flag',
  },
  strict: { label: 'Strict', help: `${ON_OR_OFF}; on: a file that changes while it is read fails`, as: 'flag' },
  'from-command': {
    label: 'From command',
    help: 'in place of folders: program and arguments, with commas between',
    as: 'list',
  },
  file: { label: 'As file', help: 'the name that the output of that command is stored as', as: 'text' },
  'hooks.before': { label: 'Run before', help: COMMANDS, as: 'list' },
  'hooks.after': { label: 'Run after', help: `always; ${COMMANDS}`, as: 'list' },
  'hooks.on-failure': { label: 'Run on failure', help: COMMANDS, as: 'list' },
  'notify.on': {
    label: 'Tell of',
    help: 'success, failure, recovery, no-success, store-full, tripwire, coverage, promise; empty: all but success',
    as: 'list',
  },
  'notify.to': { label: 'Tell through', help: 'names of channels, with commas between; empty: all', as: 'list' },
  'promise.recovery': { label: 'Promise restore in', help: 'such as 2 hours; a step `prove` measures it', as: 'text' },
  'promise.no-success-since': { label: 'Promise a point in', help: 'such as 2 days: no point is older', as: 'text' },
}

const VALUES: Readonly<Record<Exclude<StepKind, 'forget'>, Asked>> = {
  full: { label: 'Every', help: 'such as 1 month; empty: each time the plan starts', as: 'text' },
  incremental: { label: 'Every', help: 'such as 1 day; empty: each time the plan starts', as: 'text' },
  copy: { label: 'To', help: 'a repository: its name, a path or a URL', as: 'text' },
  verify: { label: 'Percent', help: 'of the data that is read again', as: 'text' },
  prune: { label: 'Every', help: 'such as 1 week; empty: each time the plan starts', as: 'text' },
  prove: { label: 'Every', help: 'such as 1 month; empty: each time the plan starts', as: 'text' },
}

const HOW_MANY = 'how many; empty: no such rule'
const SETTINGS: Readonly<Record<Exclude<StepSetting, 'value'>, Asked>> = {
  'keep-last': { label: 'Keep last', help: HOW_MANY, as: 'text' },
  'keep-hourly': { label: 'Keep hourly', help: HOW_MANY, as: 'text' },
  'keep-daily': { label: 'Keep daily', help: HOW_MANY, as: 'text' },
  'keep-weekly': { label: 'Keep weekly', help: HOW_MANY, as: 'text' },
  'keep-monthly': { label: 'Keep monthly', help: HOW_MANY, as: 'text' },
  'keep-yearly': { label: 'Keep yearly', help: HOW_MANY, as: 'text' },
  'keep-within': { label: 'Keep within', help: 'such as 30d; empty: no such rule', as: 'text' },
  'keep-tag': { label: 'Keep tagged', help: 'tags of points that stay, with commas between', as: 'list' },
  'all-instances': { label: 'All machines', help: `${ON_OR_OFF}; off: points of this machine alone`, as: 'flag' },
  every: { label: 'Every', help: 'such as 1 week; empty: each time the plan starts', as: 'text' },
  files: { label: 'Files', help: 'how many are restored, beside one whole folder; empty: 20', as: 'text' },
  repository: { label: 'Of repository', help: "a name, a path or a URL; empty: the plan's", as: 'text' },
  between: { label: 'Between', help: 'such as 1am and 5am; empty: at any time', as: 'text' },
  after: {
    label: 'After step',
    help: 'such as incremental, or incremental + 2 hours; empty: when it is due',
    as: 'text',
  },
  limit: { label: 'May take', help: 'such as 6 hours; empty: as long as it takes', as: 'text' },
  name: { label: 'Called', help: 'where two steps are of one kind; empty: as its kind', as: 'text' },
}

const TIMING = ['between', 'after', 'limit', 'name'] as const
const RULES = [
  ...['keep-last', 'keep-hourly', 'keep-daily', 'keep-weekly', 'keep-monthly', 'keep-yearly', 'keep-within'],
  ...['keep-tag', 'all-instances'],
] as readonly StepSetting[]

/** The settings of each kind of step, as they are asked for. */
export const STEP_SETTINGS: Readonly<Record<StepKind, readonly StepSetting[]>> = {
  full: ['value', ...TIMING],
  incremental: ['value', ...TIMING],
  copy: ['value', 'every', ...TIMING],
  verify: ['value', 'every', 'repository', ...TIMING],
  forget: [...RULES, 'every', 'repository', ...TIMING],
  prune: ['value', 'repository', ...TIMING],
  prove: ['value', 'files', 'repository', ...TIMING],
}

/** What the steps do, in their order. */
export const STEP_WORDS: Readonly<Record<StepKind, string>> = {
  full: 'a point of which every byte is read again',
  incremental: 'a point that takes over what did not change',
  copy: 'copy the points into another repository',
  verify: 'read a part of the data again',
  forget: 'forget points that no rule keeps',
  prune: 'free what no point needs any more',
  prove: 'restore a sample and measure how long all would take',
}
export const STEP_KINDS = Object.keys(STEP_WORDS) as readonly StepKind[]

type Said = Readonly<Partial<Record<string, readonly string[]>>>

export function optionsEditor(options: Readonly<Partial<Record<PlanOption, readonly string[]>>>): Editor<PlanOption> {
  const fields = (Object.keys(OPTIONS) as PlanOption[]).map((name) => fieldFor(name, OPTIONS[name], options))
  return editorOf({ fields, focus: 0 })
}

export function optionsIn(form: Form<PlanOption>): Readonly<Record<PlanOption, readonly string[]>> {
  const entries = form.fields.map(({ name }) => [name, saidIn(form, name, OPTIONS[name])])
  return Object.fromEntries(entries) as Record<PlanOption, readonly string[]>
}

export function stepEditor({ kind, settings }: StepForm): Editor<StepSetting> {
  const fields = STEP_SETTINGS[kind].map((name) => fieldFor(name, askedOf(kind, name), settings))
  return editorOf({ fields, focus: 0 })
}

export function stepIn(kind: StepKind, form: Form<StepSetting>): StepForm {
  const entries = STEP_SETTINGS[kind].map((name) => [name, saidIn(form, name, askedOf(kind, name))] as const)
  return { kind, settings: Object.fromEntries(entries.filter(([, items]) => items.length > 0)) }
}

/** Returns a step in one line, such as `copy attic, after incremental`. */
export function stepText({ kind, settings }: StepForm): string {
  const { value, ...others } = settings
  const words = Object.entries(others).map(([word, items]) =>
    items[0] === 'true' ? word : `${word} ${items.join(' ')}`,
  )
  return [[kind, ...(value ?? [])].join(' '), ...words].join(', ')
}

function askedOf(kind: StepKind, setting: StepSetting): Asked {
  if (setting !== 'value') return SETTINGS[setting]
  // Of forgetting, only the rules are asked.
  return VALUES[kind === 'forget' ? 'prune' : kind]
}

function fieldFor<Name extends string>(name: Name, { label, help, as }: Asked, said: Said): LabelledField<Name> {
  const items = said[name] ?? []
  if (as === 'flag') return { name, label, help, field: checkboxField(items.length > 0) }
  return { name, label, help, field: textField(as === 'list' ? listText(items) : (items[0] ?? '')) }
}

function saidIn<Name extends string>(form: Form<Name>, name: Name, { as }: Asked): readonly string[] {
  if (as === 'flag') return isChecked(form, name) ? ['true'] : []
  const text = textOf(form, name)
  if (as === 'list') return listOf(text)
  return text.trim() === '' ? [] : [text]
}
