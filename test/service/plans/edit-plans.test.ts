import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { readConfiguration } from '../../../src/service/configuration.ts'
import { decodePlans } from '../../../src/service/plans/decode-plans.ts'
import { pausePlan, removePlan, savePlan, writtenPlan } from '../../../src/service/plans/edit-plans.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const TEXT = `# mine
repositories:
  home:
    url: /srv/home # the fast one
plans:
  # the important one
  nightly:
    sources: [ ~/Documents, ~/Pictures ] # not the videos
    repository: home
    trigger: '@daily between 1am and 5am' # when I sleep
    steps:
      # every byte
      - full: 4 weeks
      - incremental: 1 day # the rest
      - forget: { keep-daily: 7 } # a week
  other:
    sources: /srv
    repository: home
    trigger: '@weekly'
    steps: [ full ]
`

function plansFile(text = TEXT) {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, text)
  const home = '/home/ada'
  const read = (): string => readFileSync(file, 'utf8')
  const plans = () => decodePlans({ file, text: read(), home })
  return { file, home, read, plans, written: (name: string) => writtenPlan({ file, text: read(), home }, name) }
}

test('a plan that is saved as it is changes no byte', async () => {
  const file = plansFile()
  await savePlan(file, { name: 'nightly', written: file.written('nightly'), replaces: 'nightly' })
  expect(file.read()).toBe(TEXT)
})

test('comments of steps go where their steps go', async () => {
  const file = plansFile()
  const forget = { forget: { 'keep-daily': 7 } }
  const steps = [{ incremental: '1 day' }, { copy: 'home' }, { ...forget, every: '1 day' }]
  const written = { ...file.written('nightly'), steps }
  await savePlan(file, { name: 'nightly', written, replaces: 'nightly' })
  const text = file.read()
  expect(text).toMatch(
    /- incremental: 1 day # the rest\n +- copy: home\n +- forget: \{ keep-daily: 7 \} # a week\n +every: 1 day/,
  )
})

test('what changes in a plan is changed, and every comment stays', async () => {
  const file = plansFile()
  const steps = [{ full: '2 weeks' }, { incremental: '1 day' }, { forget: { 'keep-daily': 7, 'keep-monthly': 6 } }]
  const written = { ...file.written('nightly'), steps, tags: ['mine'], sources: ['~/Documents'] }
  await savePlan(file, { name: 'nightly', written, replaces: 'nightly' })
  const text = file.read()
  for (const [, comment = ''] of TEXT.matchAll(/(# .*)/g)) expect(text).toContain(comment)
  expect(file.plans()[0]).toMatchObject({
    tags: ['mine'],
    source: { paths: ['/home/ada/Documents'] },
    steps: [{ every: { count: 2, unit: 'week' } }, {}, { policy: { daily: 7, monthly: 6 } }],
  })
  expect(file.plans()[1]).toMatchObject({ name: 'other' })
  expect((await readConfiguration(file.file)).repositories.has('home')).toBe(true)
})

test('a plan is added, to a file that is missing as well', async () => {
  const written = { sources: '/a', repository: '/srv', trigger: '@boot', steps: ['incremental'] }
  const file = plansFile()
  await savePlan(file, { name: 'new', written, replaces: undefined })
  expect(file.plans().map(({ name }) => name)).toEqual(['nightly', 'other', 'new'])
  const missing = { file: join(temporaryFolder(), 'deep', 'config.yaml'), home: '/home/ada' }
  await savePlan(missing, { name: 'new', written, replaces: undefined })
  expect(decodePlans({ ...missing, text: readFileSync(missing.file, 'utf8') })).toHaveLength(1)
})

test('a plan is given another name where it stands', async () => {
  const file = plansFile()
  await savePlan(file, { name: 'every-night', written: file.written('nightly'), replaces: 'nightly' })
  expect(file.read()).toBe(TEXT.replace('nightly:', 'every-night:'))
})

test('a plan is removed, with the comments in it and no others', async () => {
  const file = plansFile()
  await removePlan(file, 'other')
  expect(file.plans().map(({ name }) => name)).toEqual(['nightly'])
  expect(file.read()).toBe(TEXT.slice(0, TEXT.indexOf('  other:')))
})

test('a plan is paused and goes on', async () => {
  const file = plansFile()
  await pausePlan(file, 'other', true)
  expect(file.plans().map(({ paused }) => paused)).toEqual([false, true])
  await pausePlan(file, 'other', false)
  expect(file.read()).toBe(TEXT)
})

test('a plan that cannot be is not written', async () => {
  const file = plansFile()
  const written = { ...file.written('nightly'), trigger: '@dayly' }
  const saved = savePlan(file, { name: 'nightly', written, replaces: 'nightly' })
  await expect(saved).rejects.toMatchObject({ code: 'BAD_CONFIGURATION', message: /plans\.nightly\.trigger: .*@daily/ })
  expect(file.read()).toBe(TEXT)
})

test('names that are taken or unknown are refused', async () => {
  const file = plansFile()
  const written = file.written('other')
  const wrong = [
    () => savePlan(file, { name: 'other', written, replaces: undefined }),
    () => savePlan(file, { name: 'other', written, replaces: 'nightly' }),
    () => savePlan(file, { name: 'other', written, replaces: 'nobody' }),
    () => removePlan(file, 'nobody'),
    () => pausePlan(file, 'nobody', true),
  ]
  for (const each of wrong) await expect(each()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  expect(file.read()).toBe(TEXT)
})
