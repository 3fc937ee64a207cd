import type { WrittenPlan } from '../plans/edit-plans.ts'
import type { Mistake } from '../located-yaml.ts'
import type { StepKind } from '../plans/plan.ts'
import type { PlanForm, Shown } from './shown.ts'
import { shownText } from './shown-text.ts'

const KEEPS = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const
/** What parts several triggers in one line. */
const BETWEEN_TRIGGERS = '; '
/** Steps in the order in which new ones are put. */
const ORDER: readonly StepKind[] = ['full', 'incremental', 'copy', 'verify', 'forget', 'prune', 'prove']

type WrittenStep = Readonly<Record<string, unknown>>

/** Returns a plan as the configuration has it, as a form holds it. */
export function formOf(name: string, written: WrittenPlan): PlanForm {
  const steps = stepsOf(written)
  const valueOf = (kind: StepKind): unknown => steps.find((step) => kind in step)?.[kind]
  const rules = recordOf(valueOf('forget'))
  return {
    name,
    sources: listOf(written['sources']),
    excludes: listOf(written['exclude']),
    repository: textOf(written['repository']),
    trigger: listOf(written['trigger']).join(BETWEEN_TRIGGERS),
    fullEvery: textOf(valueOf('full')),
    keep: {
      last: textOf(rules['keep-last']),
      daily: textOf(rules['keep-daily']),
      weekly: textOf(rules['keep-weekly']),
      monthly: textOf(rules['keep-monthly']),
      yearly: textOf(rules['keep-yearly']),
    },
    copyTo: textOf(valueOf('copy')),
    verifyPercent: textOf(valueOf('verify')),
  }
}

/** Returns the plan that a form says, with all of `before` that the form does not show. */
export function writtenOf(form: PlanForm, before: WrittenPlan): WrittenPlan {
  const triggers = form.trigger.split(';').map((each) => each.trim())
  const [only] = triggers
  const written = {
    ...before,
    sources: form.sources,
    exclude: form.excludes,
    repository: form.repository.trim(),
    trigger: triggers.length === 1 ? only : triggers,
    steps: writtenSteps(form, stepsOf(before)),
  }
  // What is left empty is not said.
  return Object.fromEntries(
    Object.entries(written).filter(([key, value]) => {
      return !(key === 'exclude' && isEmptyList(value)) && !(key === 'repository' && value === '')
    }),
  )
}

/** Returns mistakes in a plan by the field of the form that they are in; a rule of retention is called as `keep.daily`. */
export function mistakesByField(mistakes: readonly Mistake[], written: WrittenPlan): Record<string, Shown> {
  const fields: Record<string, Shown> = {}
  for (const { path, what } of mistakes) {
    const field = fieldOf(path.slice(1), written)
    fields[field] ??= shownText(what)
  }
  return fields
}

/** One rule of retention. */
type KeepField = `keep.${(typeof KEEPS)[number]}`

const FIELDS: ReadonlyMap<string, keyof PlanForm> = new Map([
  ['sources', 'sources'],
  ['exclude', 'excludes'],
  ['repository', 'repository'],
  ['trigger', 'trigger'],
  ['full', 'fullEvery'],
  ['copy', 'copyTo'],
  ['verify', 'verifyPercent'],
  ['forget', 'keep'],
])

/** `path` begins at the plan. */
function fieldOf([key, step, , setting]: readonly string[], written: WrittenPlan): keyof PlanForm | KeepField {
  if (key !== 'steps') return FIELDS.get(key ?? '') ?? 'name'
  const rule = KEEPS.find((each) => setting === `keep-${each}`)
  if (rule !== undefined) return `keep.${rule}`
  const kinds = Object.keys(stepsOf(written)[Number(step)] ?? {})
  return kinds.map((kind) => FIELDS.get(kind)).find((field) => field !== undefined) ?? 'name'
}

function writtenSteps(form: PlanForm, before: readonly WrittenStep[]): unknown[] {
  const keep = Object.fromEntries(
    KEEPS.flatMap((rule) => (form.keep[rule].trim() === '' ? [] : [[`keep-${rule}`, form.keep[rule].trim()]])),
  )
  const others = Object.entries(recordOf(before.find((step) => 'forget' in step)?.['forget'])).filter(([rule]) => {
    return !KEEPS.some((each) => rule === `keep-${each}`)
  })
  const rules = { ...Object.fromEntries(others), ...keep }
  const wanted: readonly (readonly [StepKind, unknown])[] = [
    ['full', orAbsent(form.fullEvery)],
    ['copy', orAbsent(form.copyTo)],
    ['verify', orAbsent(form.verifyPercent)],
    ['forget', Object.keys(rules).length === 0 ? undefined : rules],
  ]
  let steps: readonly WrittenStep[] = before.length > 0 ? before : [{ incremental: null }]
  for (const [kind, value] of wanted) steps = withStep(steps, kind, value)
  const forgets = steps.some((step) => 'forget' in step)
  // What nothing needs any more takes room until somebody prunes.
  if (forgets && before.length === 0) steps = withStep(steps, 'prune', '1 week')
  return steps.map(shortened)
}

/** Returns the steps with the first one of a kind changed, added in its place, or removed. */
function withStep(steps: readonly WrittenStep[], kind: StepKind, value: unknown): readonly WrittenStep[] {
  const at = steps.findIndex((step) => kind in step)
  if (value === undefined) return at < 0 ? steps : steps.toSpliced(at, 1)
  if (at >= 0) return steps.with(at, { ...steps[at], [kind]: value })
  const after = steps.findLastIndex((step) => ORDER.findIndex((each) => each in step) < ORDER.indexOf(kind))
  return steps.toSpliced(after + 1, 0, { [kind]: value })
}

/** A step of which nothing is said is the word of its kind alone. */
function shortened(step: WrittenStep): unknown {
  const [only, ...others] = Object.entries(step)
  return only !== undefined && only[1] === null && others.length === 0 ? only[0] : step
}

function stepsOf(written: WrittenPlan): readonly WrittenStep[] {
  const { steps } = written
  if (!Array.isArray(steps)) return []
  return steps.map((step: unknown) => (typeof step === 'string' ? { [step]: null } : recordOf(step)))
}

function listOf(value: unknown): string[] {
  if (value === undefined || value === null) return []
  return (Array.isArray(value) ? value : [value]).map(textOf)
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function orAbsent(text: string): string | undefined {
  return text.trim() === '' ? undefined : text.trim()
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
