import { expect, test } from 'vitest'

import type { PlanForm, PlanMeaning } from '../../src/service/application/shown.ts'
import type { PlanEditing } from '../../tui/screens/plans/plan-pages.ts'
import { DEPOT } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'

const WELL: PlanMeaning = { mistakes: {}, remarks: {}, trigger: 'every day', nextMs: [], forgotten: [] }

/** A dashboard in the form of a new plan. */
function newPlan(host?: 'this-process'): DashboardState {
  const dashboard = new DashboardState().start(host).answer('repositories', [DEPOT, { ...DEPOT, name: 'attic' }])
  return dashboard.press('5').answer('plans', []).press('n')
}

function editing({ state }: DashboardState): PlanEditing {
  return state.screens.plans.editing!
}

function explained(dashboard: DashboardState): PlanForm {
  return dashboard.lastCall('explainPlan').args[0]
}

test('steps are added, changed, ordered and removed, and what they mean is asked each time', () => {
  const dashboard = newPlan().press('ctrl+t', 'n', 'down', 'down', 'enter')
  expect(editing(dashboard).at).toMatchObject({ page: 'step', at: 1 })
  dashboard.type('away').press('tab', 'tab', 'tab').type('full')
  expect(explained(dashboard).steps[1]).toEqual({ kind: 'copy', settings: { value: ['away'], after: ['full'] } })
  dashboard.press('esc', 'J')
  expect(explained(dashboard).steps.map(({ kind }) => kind)).toEqual(['incremental', 'forget', 'copy', 'prune'])
  dashboard.press('K', 'K', 'K')
  expect(explained(dashboard).steps.map(({ kind }) => kind)).toEqual(['copy', 'incremental', 'forget', 'prune'])
  dashboard.press('end', 'x')
  expect(explained(dashboard).steps.map(({ kind }) => kind)).toEqual(['copy', 'incremental', 'forget'])
  // What the first page shows of the steps is as they are now.
  dashboard.press('esc')
  expect(editing(dashboard).editor.form.fields.find(({ name }) => name === 'copyTo')?.field).toMatchObject({
    options: ['nowhere', 'depot', 'attic', 'away'],
    chosen: 3,
  })
})

test('what is typed on the first page is in the steps, and a step goes with the last that is said of it', () => {
  const dashboard = newPlan().press('tab', 'tab', 'tab', 'tab', 'tab').type('1 month')
  expect(explained(dashboard).steps[0]).toEqual({ kind: 'full', settings: { value: ['1 month'] } })
  dashboard.press('ctrl+u', 'tab', 'tab')
  expect(explained(dashboard).steps[0]?.kind).toBe('incremental')
  for (let rule = 0; rule < 3; rule++) dashboard.press('ctrl+u', 'tab')
  expect(explained(dashboard).steps.map(({ kind }) => kind)).toEqual(['incremental', 'prune'])
})

test('every other option is on a page of its own, and leaving that loses nothing', () => {
  const dashboard = newPlan().press('ctrl+p').type('web, db').press('esc')
  expect(explained(dashboard).options.tags).toEqual(['web', 'db'])
  expect(dashboard.state.overlay).toBeUndefined()
  dashboard.press('ctrl+p', 'up', 'up')
  dashboard.send({ kind: 'paste', text: '2 hours' })
  expect(explained(dashboard).options['promise.recovery']).toEqual(['2 hours'])
  dashboard.press('ctrl+s')
  expect(editing(dashboard).at.page).toBe('plan')
  dashboard.press('esc')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'question', question: { name: 'leave-form' } })
})

test.each([
  ['steps.0.between', { page: 'step', at: 0 }],
  ['steps.1.keep-within', { page: 'step', at: 1 }],
  ['hooks.before', { page: 'options' }],
  ['trigger', { page: 'plan' }],
  ['steps.1.keep-daily', { page: 'plan' }],
])('a mistake in %s is shown on the page where it is mended', (field, page) => {
  const dashboard = newPlan().press('ctrl+s')
  dashboard.answer('explainPlan', { ...WELL, mistakes: { [field]: 'is wrong' } })
  const { at, editor } = editing(dashboard)
  expect(at).toMatchObject(page)
  const { fields, focus } = at.page === 'options' || at.page === 'step' ? at.editor.form : editor.form
  expect(fields[focus]?.mistake).toBe('is wrong')
  expect(dashboard.calls('savePlan')).toBe(0)
})

test('what is wrong with a field is said at it once it was left, and no longer when it was mended', () => {
  const dashboard = newPlan().press('ctrl+t', 'n', 'down', 'down', 'enter').type('atic')
  const mistakeAt = (name: string): string | undefined => {
    const { at } = editing(dashboard)
    return at.page === 'step' ? at.editor.form.fields.find((field) => field.name === name)?.mistake : undefined
  }
  const mistakes = { name: 'no name', 'steps.1.value': 'no repository is called "atic"' }
  dashboard.answer('explainPlan', { ...WELL, mistakes })
  expect(mistakeAt('value')).toBeUndefined()
  dashboard.press('tab').answer('explainPlan', { ...WELL, mistakes })
  expect(mistakeAt('value')).toBe('no repository is called "atic"')
  // What says nothing yet is not told that it says nothing.
  dashboard.press('esc', 'esc', 'tab').answer('explainPlan', { ...WELL, mistakes })
  expect(editing(dashboard).editor.form.fields.find(({ name }) => name === 'name')?.mistake).toBeUndefined()
  dashboard.press('ctrl+t', 'down', 'enter', 'ctrl+u').type('attic').press('tab').answer('explainPlan', WELL)
  expect(mistakeAt('value')).toBeUndefined()
})

test('a tag that nothing has is remarked where it stands, once it was left, and the plan is saved all the same', () => {
  const dashboard = newPlan()
    .press('n', 'ctrl+t', 'down', 'enter')
    .press(...Array.from({ length: 7 }, () => 'tab'))
  dashboard.type('wekly')
  const remarkAt = (name: string): string | undefined => {
    const { at } = editing(dashboard)
    return at.page === 'step' ? at.editor.form.fields.find((field) => field.name === name)?.remark : undefined
  }
  const remarks = { 'steps.1.keep-tag': 'no point has the tag "wekly"' }
  dashboard.answer('explainPlan', { ...WELL, remarks })
  expect(remarkAt('keep-tag')).toBeUndefined()
  dashboard.press('tab').answer('explainPlan', { ...WELL, remarks })
  expect(remarkAt('keep-tag')).toBe('no point has the tag "wekly"')
  dashboard.press('shift+tab', 'backspace')
  expect(remarkAt('keep-tag')).toBeUndefined()
  dashboard.press('esc', 'esc', 'ctrl+s').answer('explainPlan', { ...WELL, remarks })
  expect(dashboard.calls('savePlan')).toBe(1)
})

test('whoever saves a plan while no daemon runs is told that it will not begin by itself', () => {
  const said = (host?: 'this-process'): string | undefined => {
    const dashboard = newPlan(host).press('n', 'ctrl+s').answer('explainPlan', WELL)
    return dashboard.answer('savePlan', undefined).state.message?.text
  }
  expect(said()).toBe('The plan n is saved.')
  expect(said('this-process')).toBe('The plan n is saved. It begins once a daemon runs: see above.')
})

test('a plan is saved with its options and steps', () => {
  const dashboard = newPlan().press('n', 'ctrl+p').type('web').press('esc', 'ctrl+t', 'x', 'esc', 'ctrl+s')
  dashboard.answer('explainPlan', WELL)
  const [{ name, options, steps }, replaces] = dashboard.lastCall('savePlan').args
  expect([name, options.tags, steps.map(({ kind }) => kind), replaces]).toEqual([
    ...['n', ['web'], ['forget', 'prune'], undefined],
  ])
})
