import type { PlanForm } from '../../../src/service/application/shown.ts'
import { type Editor, editorOf } from '../../forms/editor.ts'
import { choiceField, type Form, type LabelledField, textField, textOf } from '../../forms/form.ts'
import { listOf, listText } from '../../forms/typed-list.ts'
import { optionsEditor, optionsIn } from './plan-settings.ts'
import { QUICK_FIELDS, type QuickField, quickOf, withQuick } from './quick-steps.ts'

/** What a new plan says until somebody says otherwise. */
export function newPlan(repository: string): PlanForm {
  return {
    name: '',
    sources: [],
    excludes: [],
    repository,
    trigger: '@daily',
    options: optionsIn(optionsEditor({}).form),
    steps: [
      { kind: 'incremental', settings: {} },
      { kind: 'forget', settings: { 'keep-daily': ['7'], 'keep-weekly': ['4'], 'keep-monthly': ['12'] } },
      // What nothing needs any more takes room until somebody prunes.
      { kind: 'prune', settings: { value: ['1 week'] } },
    ],
  }
}

/** Triggers as they are typed, most wanted first. */
export const TRIGGER_EXAMPLES = ['@at 2:30', '@every 4 hours', '@volume escapepod'] as const

const NOWHERE = 'nowhere'
const KEEPS = [
  ['keepLast', 'Keep last'],
  ['keepDaily', 'Keep daily'],
  ['keepWeekly', 'Keep weekly'],
  ['keepMonthly', 'Keep monthly'],
  ['keepYearly', 'Keep yearly'],
] as const

export type PlanField = Exclude<keyof PlanForm, 'options' | 'steps'> | QuickField

/** Returns a plan as a form; repositories are chosen among `repositories`, names of the configuration. */
export function planEditor(plan: PlanForm, repositories: readonly string[]): Editor<PlanField> {
  const targets = withFirst(plan.repository, repositories)
  const quick = quickOf(plan.steps)
  const copies = [NOWHERE, ...(quick.copyTo === '' ? repositories : withFirst(quick.copyTo, repositories))]
  const text = (name: PlanField, label: string, value: string, help: string): LabelledField<PlanField> => {
    return { name, label, field: textField(value), help }
  }
  const fields: readonly LabelledField<PlanField>[] = [
    text('name', 'Name', plan.name, 'a word'),
    text('sources', 'Folders to keep', listText(plan.sources), 'absolute, with commas between; Ctrl+O chooses'),
    text('excludes', 'Leave out', listText(plan.excludes), 'patterns such as *.tmp, with commas between'),
    {
      name: 'repository',
      label: 'Into repository',
      field: choiceField(targets, Math.max(0, targets.indexOf(plan.repository))),
      help: '← → choose',
    },
    text(
      'trigger',
      'When',
      plan.trigger,
      `such as ${TRIGGER_EXAMPLES.join(', ')}; several with ; between; empty: by hand`,
    ),
    text('fullEvery', 'Full point every', quick.fullEvery, 'such as 1 month; empty: only the first one is full'),
    ...KEEPS.map(([name, label]) =>
      text(name, label, quick[name], 'how many; all of them empty: nothing is forgotten'),
    ),
    {
      name: 'copyTo',
      label: 'Copy to',
      field: choiceField(copies, Math.max(0, copies.indexOf(quick.copyTo))),
      help: '← → choose another repository that gets the points as well',
    },
    text('verifyPercent', 'Verify percent', quick.verifyPercent, 'of the data, read again after each run; empty: none'),
  ]
  return editorOf({ fields, focus: 0 }, { pickable: { sources: 'many' } })
}

/** Returns what a form says, as typed, with the options and steps that it does not show. */
export function planIn(form: Form<PlanField>, { options, steps }: Pick<PlanForm, 'options' | 'steps'>): PlanForm {
  const quick = Object.fromEntries(QUICK_FIELDS.map((field) => [field, textOf(form, field)])) as Record<
    QuickField,
    string
  >
  return {
    name: textOf(form, 'name').trim(),
    sources: listOf(textOf(form, 'sources')),
    excludes: listOf(textOf(form, 'excludes')),
    repository: textOf(form, 'repository'),
    trigger: textOf(form, 'trigger'),
    options,
    steps: withQuick(steps, { ...quick, copyTo: quick.copyTo === NOWHERE ? '' : quick.copyTo }),
  }
}

function withFirst(name: string, names: readonly string[]): readonly string[] {
  return names.includes(name) ? names : [name, ...names]
}
