import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { formOf, mistakesByField, writtenOf } from '../../../src/service/application/plan-form.ts'
import type { PlanForm } from '../../../src/service/application/shown.ts'
import type { WrittenPlan } from '../../../src/service/plans/edit-plans.ts'
import { plansSchema } from '../../../src/service/plans/plan-schema.ts'
import { mistakesOf } from '../../../src/service/plans/schema-parts.ts'
import { newPlan } from '../../../tui/screens/plans/plan-fields.ts'
import { STEP_KINDS, STEP_SETTINGS } from '../../../tui/screens/plans/plan-settings.ts'

const SCHEMA = plansSchema({ home: '/home/ann', defaultRepository: 'home' })
const EXAMPLES = parse(readFileSync(join(import.meta.dirname, '../../../examples/plans.yaml'), 'utf8')) as {
  readonly plans: Readonly<Record<string, WrittenPlan>>
}

/** Says everything that a plan can say, and several steps of a kind. */
const EVERYTHING: WrittenPlan = {
  ...{ sources: ['/srv'], exclude: ['*.tmp'], 'exclude-file': ['/etc/patterns'], 'exclude-if-present': ['.skip'] },
  ...{ 'exclude-caches': true, 'cross-filesystems': true, strict: true, repository: 'home', tags: ['a', 'b'] },
  ...{ description: 'all of it', trigger: ['@daily', '@boot'], 'time-zone': 'Europe/Berlin', paused: true },
  hooks: {
    before: ['sync', { command: ['a', 'b c'], limit: '5 min' }, '{ true; }'],
    after: ['true'],
    'on-failure': ['[ -e /x ] && rm /x'],
  },
  notify: { on: ['failure'], to: ['mail'] },
  promise: { recovery: '2 hours', 'no-success-since': '2 days' },
  steps: [
    { full: '1 month', between: '1am and 5am', limit: '6 hours' },
    { incremental: '1 day', name: 'daily' },
    { copy: 'away', every: '1 week', after: 'daily + 2 hours' },
    { copy: '/mnt/disk', name: 'disk' },
    { verify: '5%', every: '1 week', repository: 'away' },
    {
      forget: {
        ...{ 'keep-last': 1, 'keep-hourly': 2, 'keep-daily': 3, 'keep-weekly': 4, 'keep-monthly': 5 },
        ...{ 'keep-yearly': 'unlimited', 'keep-within': '30d', 'keep-tag': ['gold'], 'all-instances': true },
      },
      every: '1 day',
    },
    { prune: '1 week' },
    { prove: '1 month', files: 7 },
  ],
}
const PLANS = Object.entries({ ...EXAMPLES.plans, everything: EVERYTHING })

function decoded(written: WrittenPlan): unknown {
  return SCHEMA.parse({ plan: written })
}

test.each(PLANS)('the plan %s says the same when it is made anew from its form', (_, written) => {
  const form = formOf('plan', written)
  const anew = writtenOf(form, 'paused' in written ? { paused: written['paused'] } : {})
  expect(decoded(anew)).toEqual(decoded(written))
  expect(formOf('plan', anew)).toEqual(form)
})

test.each(PLANS)('the plan %s stays as it was written when its form is saved as it is', (_, written) => {
  expect(writtenOf(formOf('plan', written), written)).toEqual(written)
})

test('whatever a plan and its steps can say is in the form', () => {
  const known = (written: WrittenPlan): readonly string[] => {
    const result = SCHEMA.safeParse({ plan: written })
    const [mistake] = result.error?.issues.flatMap((issue) => mistakesOf(issue, { plan: written })) ?? []
    return /known are (.*)$/.exec(mistake?.what ?? '')?.[1]?.split(', ') ?? []
  }
  const base = { sources: ['/srv'], trigger: '@daily', steps: ['incremental'] }
  const options = Object.keys(newPlan('home').options)
  const shown = new Set([
    'sources',
    'exclude',
    'repository',
    'trigger',
    'steps',
    ...options.map((name) => name.split('.')[0]),
  ])
  // The list pauses a plan.
  expect(known({ ...base, qqqqqqq: 1 }).filter((word) => !shown.has(word))).toEqual(['paused'])
  for (const map of ['hooks', 'notify', 'promise']) {
    const words = known({ ...base, [map]: { qqqqqqq: 1 } })
    expect(words.length).toBeGreaterThan(0)
    expect(words.filter((word) => !options.includes(`${map}.${word}`))).toEqual([])
  }
  const values = { copy: 'x', verify: '5%', forget: { 'keep-last': 1 } }
  for (const kind of STEP_KINDS) {
    const value = kind in values ? values[kind as keyof typeof values] : null
    const words = known({ ...base, steps: [{ [kind]: value, qqqqqqq: 1 }] })
    expect(words.length).toBeGreaterThan(0)
    const asked: readonly string[] = STEP_SETTINGS[kind]
    expect(words.filter((word) => word !== kind && !asked.includes(word))).toEqual([])
  }
  const rules = known({ ...base, steps: [{ forget: { qqqqqqq: 1 } }] })
  expect(rules.filter((word) => !STEP_SETTINGS.forget.some((each) => each === word))).toEqual([])
  expect(rules.length).toBeGreaterThan(5)
})

test('a new plan is one as soon as it has a name and a folder', () => {
  const form: PlanForm = { ...newPlan('home'), name: 'nightly', sources: ['/home/ann'] }
  const written = writtenOf(form, {})
  expect(written).toEqual({
    ...{ sources: ['/home/ann'], repository: 'home', trigger: '@daily' },
    steps: ['incremental', { forget: { 'keep-daily': 7, 'keep-weekly': 4, 'keep-monthly': 12 } }, { prune: '1 week' }],
  })
  expect(decoded(written)).toBeDefined()
  expect(writtenOf({ ...form, trigger: ' ' }, {})).toMatchObject({ trigger: [] })
})

test('mistakes are at the field that they are about, of an option or of a step', () => {
  const found = (path: readonly string[], what = 'wrong'): readonly string[] => {
    return Object.keys(mistakesByField([{ path: ['plan', ...path], what }], EVERYTHING))
  }
  expect(found(['exclude', '0'])).toEqual(['excludes'])
  expect(found(['hooks', 'before', '0', 'limit'])).toEqual(['hooks.before'])
  expect(found(['promise', 'recovery'])).toEqual(['promise.recovery'])
  expect(found(['time-zone'])).toEqual(['time-zone'])
  expect(found(['steps', '2', 'after'])).toEqual(['steps.2.after'])
  expect(found(['steps', '2', 'copy'])).toEqual(['steps.2.value'])
  expect(found(['steps', '5', 'forget', 'keep-within'])).toEqual(['steps.5.keep-within'])
  expect(found(['steps', '5', 'forget'])).toEqual(['steps.5.keep-last'])
  expect(found([], 'sources is missing: what is backed up')).toEqual(['sources'])
  expect(found([], 'file goes with from-command only')).toEqual(['file'])
})
