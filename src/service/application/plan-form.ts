import { isDeepStrictEqual } from 'node:util'

import type { Mistake } from '../located-yaml.ts'
import type { WrittenPlan } from '../plans/edit-plans.ts'
import type { PlanForm, PlanOption, Shown, StepForm, StepKind, StepSetting } from './shown.ts'
import { shownText } from './shown-text.ts'

/** What parts several triggers in one line. */
const BETWEEN_TRIGGERS = '; '

/** How the configuration writes a setting. */
type Writing = 'text' | 'list' | 'flag' | 'number' | 'commands'
type WrittenStep = Readonly<Record<string, unknown>>

/** Settings of a plan beside those that a form shows first; a dot leads into a map. */
const OPTIONS: Readonly<Record<PlanOption, Writing>> = {
  'from-command': 'list',
  file: 'text',
  'exclude-file': 'list',
  'exclude-if-present': 'list',
  'exclude-caches': 'flag',
  'cross-filesystems': 'flag',
  strict: 'flag',
  tags: 'list',
  description: 'text',
  'time-zone': 'text',
  'hooks.before': 'commands',
  'hooks.after': 'commands',
  'hooks.on-failure': 'commands',
  'notify.on': 'list',
  'notify.to': 'list',
  'promise.recovery': 'text',
  'promise.no-success-since': 'text',
}
const PLAN_OPTIONS = Object.keys(OPTIONS) as PlanOption[]

/** Settings of a step beside the value of its kind. */
const SETTINGS: Readonly<Record<Exclude<StepSetting, 'value'>, Writing>> = {
  name: 'text',
  every: 'text',
  between: 'text',
  after: 'text',
  limit: 'text',
  repository: 'text',
  files: 'number',
  'keep-last': 'number',
  'keep-hourly': 'number',
  'keep-daily': 'number',
  'keep-weekly': 'number',
  'keep-monthly': 'number',
  'keep-yearly': 'number',
  'keep-within': 'text',
  'keep-tag': 'list',
  'all-instances': 'flag',
}
const STEP_SETTINGS = Object.keys(SETTINGS) as Exclude<StepSetting, 'value'>[]
const STEP_KINDS: readonly StepKind[] = ['full', 'incremental', 'copy', 'verify', 'forget', 'prune', 'prove']

/** Returns a plan as the configuration has it, as a form holds it. */
export function formOf(name: string, written: WrittenPlan): PlanForm {
  return {
    name,
    sources: said(written['sources'], 'list'),
    excludes: said(written['exclude'], 'list'),
    repository: textOf(written['repository']),
    trigger: said(written['trigger'], 'list').join(BETWEEN_TRIGGERS),
    options: Object.fromEntries(
      PLAN_OPTIONS.map((option) => [option, said(valueAt(written, option), OPTIONS[option])]),
    ) as Record<PlanOption, readonly string[]>,
    steps: stepsOf(written).map(stepForm),
  }
}

/** Returns the plan that a form says. What it says as it was said before stays as it was written, with all that no form shows. */
export function writtenOf(form: PlanForm, before: WrittenPlan): WrittenPlan {
  const was = formOf(form.name, before)
  const triggers = form.trigger.trim() === '' ? [] : form.trigger.split(';').map((each) => each.trim())
  const [only = triggers] = triggers
  let written: WrittenPlan = before
  const put = (key: string, isSame: boolean, value: unknown): void => {
    if (!isSame) written = withValue(written, key, value)
  }
  put('sources', isDeepStrictEqual(form.sources, was.sources), writtenAs(form.sources, 'list'))
  put('exclude', isDeepStrictEqual(form.excludes, was.excludes), writtenAs(form.excludes, 'list'))
  put('repository', form.repository.trim() === was.repository, form.repository.trim() || undefined)
  // A plan without a trigger says so: it runs by hand.
  put('trigger', 'trigger' in before && form.trigger === was.trigger, triggers.length > 1 ? triggers : only)
  for (const option of PLAN_OPTIONS) {
    put(
      option,
      isDeepStrictEqual(form.options[option], was.options[option]),
      writtenAs(form.options[option], OPTIONS[option]),
    )
  }
  put('steps', isDeepStrictEqual(form.steps, was.steps), writtenSteps(form.steps, before))
  return written
}

/**
 * Returns mistakes in a plan by the field of the form that they are in: a field of its own, an option, or `steps.2.between`
 * for a setting of the third step.
 */
export function mistakesByField(mistakes: readonly Mistake[], written: WrittenPlan): Record<string, Shown> {
  const fields: Record<string, Shown> = {}
  for (const { path, what } of mistakes) {
    // What is wrong with the plan as a whole begins with the setting that it is about.
    const [, ...within] = path.length > 1 ? path : [...path, what.split(' ')[0] ?? '']
    fields[fieldOf(within, written)] ??= shownText(what)
  }
  return fields
}

/** `path` begins at the plan. */
function fieldOf([key = '', second = '', third, fourth]: readonly string[], written: WrittenPlan): string {
  if (key === 'steps') return `steps.${second}.${settingOf(stepsOf(written)[Number(second)], third, fourth)}`
  if (key === 'exclude') return 'excludes'
  if (['sources', 'repository', 'trigger'].includes(key)) return key
  return PLAN_OPTIONS.find((option) => option === key || option === `${key}.${second}`) ?? 'name'
}

function settingOf(step: WrittenStep | undefined, key: string | undefined, rule: string | undefined): StepSetting {
  const kind = step && kindOf(step)
  const word = key === kind ? rule : key
  return STEP_SETTINGS.find((each) => each === word) ?? (kind === 'forget' ? 'keep-last' : 'value')
}

function stepForm(step: WrittenStep): StepForm {
  const kind = kindOf(step) ?? 'incremental'
  const own = step[kind]
  const all = kind === 'forget' ? { ...step, ...recordOf(own) } : step
  const settings: Partial<Record<StepSetting, readonly string[]>> = {}
  const value = kind === 'forget' ? [] : said(own, 'text')
  if (value.length > 0) settings.value = value
  for (const setting of STEP_SETTINGS) {
    const items = said(all[setting], SETTINGS[setting])
    if (items.length > 0) settings[setting] = items
  }
  return { kind, settings }
}

/** A step that says what one said before is written as that was. */
function writtenSteps(steps: readonly StepForm[], before: WrittenPlan): readonly unknown[] {
  const { steps: raw } = before
  const old = stepsOf(before).map((step, at) => ({ form: stepForm(step), raw: (raw as readonly unknown[])[at] }))
  return steps.map((step) => {
    return old.find(({ form }) => isDeepStrictEqual(form, step))?.raw ?? writtenStep(step)
  })
}

function writtenStep({ kind, settings }: StepForm): unknown {
  const entries = STEP_SETTINGS.flatMap((setting): [string, unknown][] => {
    const value = writtenAs(settings[setting] ?? [], SETTINGS[setting])
    return value === undefined ? [] : [[setting, value]]
  })
  const isRule = ([setting]: [string, unknown]): boolean => /^keep-|^all-instances$/.test(setting)
  const own =
    kind === 'forget' ? Object.fromEntries(entries.filter(isRule)) : (writtenAs(settings.value ?? [], 'text') ?? null)
  const others = entries.filter((entry) => kind !== 'forget' || !isRule(entry))
  // A step of which nothing is said is the word of its kind alone.
  return own === null && others.length === 0 ? kind : { [kind]: own, ...Object.fromEntries(others) }
}

/** Returns what a written value says, one text for each item. */
function said(value: unknown, how: Writing): readonly string[] {
  if (value === undefined || value === null) return []
  switch (how) {
    case 'flag':
      return value === true ? ['true'] : []
    case 'text':
    case 'number':
      return [textOf(value)]
    case 'list':
      return (Array.isArray(value) ? value : [value]).map(textOf)
    case 'commands':
      return (Array.isArray(value) ? value : [value]).map(commandText)
  }
}

/** Returns what is written for what is said; `undefined`: nothing. */
function writtenAs(items: readonly string[], how: Writing): unknown {
  const [first] = items
  if (first === undefined || (items.length === 1 && first.trim() === '')) return undefined
  switch (how) {
    case 'flag':
      return true
    case 'text':
      return first.trim()
    case 'number':
      return /^\d{1,9}$/.test(first.trim()) ? Number(first) : first.trim()
    case 'list':
      return [...items]
    case 'commands':
      return items.map(writtenCommand)
  }
}

/** A command of which more is said than a line for the shell is JSON. */
function commandText(command: unknown): string {
  return typeof command === 'string' ? command : JSON.stringify(command)
}

function writtenCommand(text: string): unknown {
  if (!/^\s*\{/.test(text)) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A line for the shell may begin like that.
    return text
  }
}

function valueAt(written: WrittenPlan, option: string): unknown {
  const [key = '', inner] = option.split('.')
  return inner === undefined ? written[key] : recordOf(written[key])[inner]
}

function withValue(written: WrittenPlan, option: string, value: unknown): WrittenPlan {
  const [key = '', inner] = option.split('.')
  if (inner !== undefined) {
    const map = withValue(recordOf(written[key]), inner, value)
    return withValue(written, key, Object.keys(map).length === 0 ? undefined : map)
  }
  if (value !== undefined) return { ...written, [key]: value }
  return Object.fromEntries(Object.entries(written).filter(([each]) => each !== key))
}

function stepsOf(written: WrittenPlan): readonly WrittenStep[] {
  const { steps } = written
  if (!Array.isArray(steps)) return []
  return steps.map((step: unknown) => (typeof step === 'string' ? { [step]: null } : recordOf(step)))
}

function kindOf(step: WrittenStep): StepKind | undefined {
  return STEP_KINDS.find((kind) => kind in step)
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
