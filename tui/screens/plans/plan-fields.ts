import type { PlanForm } from '../../../src/service/application/shown.ts'
import { type Editor, editorOf } from '../../forms/editor.ts'
import { choiceField, type Form, type LabelledField, textField, textOf } from '../../forms/form.ts'
import { listOf, listText } from '../../forms/typed-list.ts'

/** What a new plan says until somebody says otherwise. */
export const NEW_PLAN: PlanForm = {
  name: '',
  sources: [],
  excludes: [],
  repository: '',
  trigger: '@daily',
  fullEvery: '',
  keep: { last: '', daily: '7', weekly: '4', monthly: '12', yearly: '' },
  copyTo: '',
  verifyPercent: '',
}

/** Triggers as they are typed, most wanted first. */
export const TRIGGER_EXAMPLES = ['@at 2:30', '@every 4 hours', '@volume escapepod'] as const

const NOWHERE = 'nowhere'
const KEEPS = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const

export type PlanField =
  Exclude<keyof PlanForm, 'keep'> | 'keepLast' | 'keepDaily' | 'keepWeekly' | 'keepMonthly' | 'keepYearly'

const KEEP_FIELDS: Readonly<Record<(typeof KEEPS)[number], PlanField>> = {
  last: 'keepLast',
  daily: 'keepDaily',
  weekly: 'keepWeekly',
  monthly: 'keepMonthly',
  yearly: 'keepYearly',
}

/** Returns a plan as a form; repositories are chosen among `repositories`, names of the configuration. */
export function planEditor(plan: PlanForm, repositories: readonly string[]): Editor<PlanField> {
  const targets = withFirst(plan.repository, repositories)
  const copies = [NOWHERE, ...(plan.copyTo === '' ? repositories : withFirst(plan.copyTo, repositories))]
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
    text('trigger', 'When', plan.trigger, `such as ${TRIGGER_EXAMPLES.join(', ')}; several with ; between`),
    text('fullEvery', 'Full point every', plan.fullEvery, 'such as 1 month; empty: only the first one is full'),
    ...KEEPS.map((rule) => {
      return text(
        KEEP_FIELDS[rule],
        `Keep ${rule}`,
        plan.keep[rule],
        'how many; all of them empty: nothing is forgotten',
      )
    }),
    {
      name: 'copyTo',
      label: 'Copy to',
      field: choiceField(copies, Math.max(0, copies.indexOf(plan.copyTo))),
      help: '← → choose another repository that gets the points as well',
    },
    text('verifyPercent', 'Verify percent', plan.verifyPercent, 'of the data, read again after each run; empty: none'),
  ]
  return editorOf({ fields, focus: 0 }, { sources: 'many' })
}

/** Returns what a form says, as typed. */
export function planIn(form: Form<PlanField>): PlanForm {
  const copyTo = textOf(form, 'copyTo')
  return {
    name: textOf(form, 'name').trim(),
    sources: listOf(textOf(form, 'sources')),
    excludes: listOf(textOf(form, 'excludes')),
    repository: textOf(form, 'repository'),
    trigger: textOf(form, 'trigger'),
    fullEvery: textOf(form, 'fullEvery'),
    keep: {
      last: textOf(form, 'keepLast'),
      daily: textOf(form, 'keepDaily'),
      weekly: textOf(form, 'keepWeekly'),
      monthly: textOf(form, 'keepMonthly'),
      yearly: textOf(form, 'keepYearly'),
    },
    copyTo: copyTo === NOWHERE ? '' : copyTo,
    verifyPercent: textOf(form, 'verifyPercent'),
  }
}

/**
 * Returns mistakes by the fields of this form: of one rule, `keep.daily`, at that rule; of retention as a whole, `keep`, at
 * the first one.
 */
export function fieldMistakes(mistakes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { keep, ...others } = mistakes
  const fields: Record<string, string> = keep === undefined ? {} : { keepLast: keep }
  for (const [name, what] of Object.entries(others)) {
    const rule = KEEPS.find((each) => name === `keep.${each}`)
    fields[rule === undefined ? name : KEEP_FIELDS[rule]] = what
  }
  return fields
}

function withFirst(name: string, names: readonly string[]): readonly string[] {
  return names.includes(name) ? names : [name, ...names]
}
