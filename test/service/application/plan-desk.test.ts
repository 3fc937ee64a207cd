import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { COMMAND_KIND } from '../../../src/service/jobs/command-message.ts'
import type { PlanForm, StepForm } from '../../../src/service/application/shown.ts'
import { newPlan } from '../../../tui/screens/plans/plan-fields.ts'
import { openTestApplication } from '../../support/application-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const CONFIG = `# mine
repositories:
  home:
    url: /nowhere/repository
plans:
  nightly: # the important one
    sources: [/home/ann]
    trigger: '@daily between 1am and 5am'
    repository: home
    steps:
      - incremental: 1 day
      - copy: home
        after: incremental
`

const FORM: PlanForm = {
  ...{ ...newPlan('home'), name: 'weekly', sources: ['/srv'], excludes: ['*.tmp'], trigger: '@weekly' },
  steps: [
    { kind: 'incremental', settings: {} },
    { kind: 'forget', settings: { 'keep-last': ['3'] } },
  ],
}

async function place(): ReturnType<typeof openTestApplication> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'config.yaml'), CONFIG)
  const opened = await openTestApplication(folder)
  onTestFinished(() => opened.application[Symbol.asyncDispose]())
  return opened
}

test('plans are told in words, with when their steps are next', async () => {
  const { application } = await place()
  const [nightly] = await application.plans()
  expect(nightly).toMatchObject({
    ...{ name: 'nightly', sources: ['/home/ann'], repository: 'home', isPaused: false },
    trigger: 'every day, between 01:00 and 05:00',
  })
  expect(nightly?.steps.map(({ words }) => words)).toEqual(['incremental every day', 'copy to home after incremental'])
  const [first, copy] = nightly?.steps ?? []
  expect(first?.nextMs).toBeGreaterThan(Date.now())
  expect(first?.nextMs).toBeLessThan(Date.now() + 2 * 86_400_000)
  expect([first?.lastMs, copy?.nextMs, nightly?.proven]).toEqual([undefined, undefined, undefined])
  await application.pausePlan('nightly', true)
  expect((await application.plans())[0]).toMatchObject({ isPaused: true, steps: [{ nextMs: undefined }, {}] })
})

test('a step whose next job waits to begin goes on to say how the one before it went', async () => {
  const { application, store, instance } = await place()
  const job = { instance, kind: COMMAND_KIND, message: null, plan: 'nightly', step: 'incremental' }
  const [addedMs, doneMs] = [1_000_000, 2_000_000]
  const { id } = await store.add(job, addedMs)
  await store.claim({ instance, worker: 'w', kinds: [COMMAND_KIND], nowMs: addedMs, leaseMs: 60_000 })
  const result = { exitCode: 0, summary: undefined, error: undefined }
  expect(await store.settle(id, 'w', { outcome: 'done', result, nowMs: doneMs, next: { state: 'done' } })).toBe(true)
  const incremental = async (): Promise<unknown> => (await application.plans())[0]?.steps[0]
  expect(await incremental()).toMatchObject({ lastState: 'done', lastMs: doneMs, isQueued: false })
  await store.add(job, doneMs)
  expect(await incremental()).toMatchObject({ lastState: 'done', lastMs: doneMs, isQueued: true })
})

test('a plan that is saved from its form keeps comments and what the form does not show', async () => {
  const { application, folder, told } = await place()
  const form = await application.planForm('nightly')
  expect(form).toMatchObject({
    trigger: '@daily between 1am and 5am',
    sources: ['/home/ann'],
    steps: [{}, { kind: 'copy', settings: { value: ['home'], after: ['incremental'] } }],
  })
  await application.savePlan({ ...form, name: 'daily', sources: ['/home/ann', '/etc'] }, 'nightly')
  await application.savePlan(FORM, undefined)
  const text = readFileSync(join(folder, 'config.yaml'), 'utf8')
  expect(text).toContain('# mine')
  expect(text).toContain('after: incremental')
  expect((await application.plans()).map(({ name, sources }) => [name, sources])).toEqual([
    ['daily', ['/home/ann', '/etc']],
    ['weekly', ['/srv']],
  ])
  expect(await application.planForm('weekly')).toEqual(FORM)
  expect(told).toContain('plans')
  await expect(application.savePlan(FORM, undefined)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await application.removePlan('weekly')
  await expect(application.planForm('weekly')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('a form is explained while it is typed: its next times, and its mistakes by field', async () => {
  const { application, folder } = await place()
  const meaning = await application.explainPlan(FORM)
  // Its repository is not open.
  expect(meaning).toMatchObject({ mistakes: {}, forgotten: undefined })
  expect(meaning.trigger).toContain('Sunday')
  expect(meaning.nextMs).toHaveLength(5)
  const steps: readonly StepForm[] = [
    { kind: 'full', settings: { value: ['sometimes'] } },
    { kind: 'verify', settings: { value: ['500'], between: ['noon'] } },
    { kind: 'forget', settings: { 'keep-daily': [' -9'] } },
  ]
  const wrong = { ...FORM, trigger: '@dayly', sources: ['relative'], steps }
  const { mistakes, nextMs } = await application.explainPlan(wrong)
  expect(Object.keys(mistakes).sort()).toEqual([
    ...['sources', 'steps.0.value', 'steps.1.between', 'steps.1.value', 'steps.2.keep-daily', 'trigger'],
  ])
  expect(nextMs).toEqual([])
  // What is not there is remarked also while other fields are not right yet.
  const gone = { ...wrong, sources: [folder, `${folder}/gone`] }
  expect((await application.explainPlan(gone)).remarks).toEqual({ sources: `there is nothing at ${folder}/gone` })
  expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toBe(CONFIG)
  await expect(application.savePlan(wrong, undefined)).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
})

test('a plan that is not whole yet is explained as far as what is there says it', async () => {
  const { application } = await place()
  const keepsAll: readonly StepForm[] = [{ kind: 'incremental', settings: {} }]
  const whole = await application.explainPlan({ ...FORM, steps: keepsAll })
  const nameless = await application.explainPlan({ ...FORM, name: '', sources: [], steps: keepsAll })
  expect(Object.keys(nameless.mistakes)).toEqual(['name', 'sources'])
  expect(nameless).toMatchObject({ trigger: whole.trigger, forgotten: [] })
  expect(nameless.nextMs).toHaveLength(5)
  const steps: readonly StepForm[] = [{ kind: 'verify', settings: { value: ['500'] } }]
  const wrong = await application.explainPlan({ ...FORM, name: '', steps })
  expect(Object.keys(wrong.mistakes)).toEqual(['name', 'steps.0.value'])
  expect(wrong).toMatchObject({ trigger: whole.trigger, forgotten: undefined })
  const untimed = await application.explainPlan({ ...FORM, name: '', trigger: '@dayly' })
  expect(untimed).toMatchObject({ trigger: undefined, nextMs: [] })
})

test('tags that no point can have are told at the field that names them', async () => {
  const { application } = await place()
  const steps: readonly StepForm[] = [
    { kind: 'incremental', settings: {} },
    { kind: 'forget', settings: { 'keep-last': ['3'], 'keep-tag': ['kept', ''] } },
  ]
  const form = { ...FORM, options: { ...FORM.options, tags: ['x'.repeat(256)] }, steps }
  expect((await application.explainPlan(form)).mistakes).toEqual({
    tags: 'a tag has more than 255 bytes; shorten it: long texts belong into the description',
    'steps.1.keep-tag': 'a tag is empty; name it, or leave it out',
  })
})

test('names that the configuration does not know are told at the field that names them', async () => {
  const { application } = await place()
  const steps: readonly StepForm[] = [
    { kind: 'incremental', settings: {} },
    { kind: 'copy', settings: { value: ['homme'] } },
    { kind: 'prune', settings: { repository: ['attic'], after: ['full'] } },
  ]
  const form = { ...FORM, options: { ...FORM.options, 'notify.to': ['pager'] }, steps }
  expect((await application.explainPlan(form)).mistakes).toEqual({
    'notify.to': 'no channel is called "pager"',
    'steps.1.value': 'no repository is called "homme"; is "home" meant?',
    'steps.2.repository': 'no repository is called "attic"',
    'steps.2.after': expect.stringContaining('no step before this one is called "full"') as string,
  })
  expect((await application.explainPlan({ ...FORM, repository: 'nowhere' })).mistakes).toEqual({
    repository: 'no repository is called "nowhere"',
  })
})

test('a plan that is run by hand queues its steps in order, and one that is not there is told', async () => {
  const { application } = await place()
  await application.runPlan('nightly')
  const jobs = (await application.jobs()).toReversed()
  expect(jobs.map(({ kind, plan, repository }) => [kind, plan, repository])).toEqual([
    ['backup', 'nightly', 'home'],
    ['copy', 'nightly', 'home'],
  ])
  for (const { id } of jobs) await application.cancelJob(id)
  await expect(application.runPlan('none')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(application.cancelJob('999')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(application.retryJob('x')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(application.acknowledge('1')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  expect(await application.notifications()).toEqual([])
})

test('a folder that a plan keeps and that is gone is in the health line, and so is a configuration with a mistake', async () => {
  const { application, folder } = await place()
  expect(await application.health()).toMatchObject({
    ...{ color: 'red', fix: 'plans', repository: 'home' },
    message: expect.stringContaining('/home/ann is gone, which the plan "nightly" keeps') as string,
  })
  const form = await application.planForm('nightly')
  await application.savePlan({ ...form, sources: [folder] }, 'nightly')
  expect((await application.health()).message).not.toContain('gone')
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, readFileSync(configFile, 'utf8').replace('incremental: 1 day', 'incremental: one day'))
  expect(await application.health()).toMatchObject({ color: 'red', fix: 'plans' })
})
