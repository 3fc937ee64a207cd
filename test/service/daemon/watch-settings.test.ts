import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { TidemarkError } from '../../../src/base/errors.ts'
import type { Plan } from '../../../src/service/plans/plan.ts'
import { KeptConfiguration } from '../../../src/service/daemon/kept-configuration.ts'
import { watchSettings } from '../../../src/service/daemon/watch-settings.ts'
import { passes } from '../../support/eventually.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const textOf = (...names: string[]): string =>
  `plans:\n${names.map((name) => `  ${name}: { sources: /a, repository: /srv, trigger: '@daily', steps: [full] }\n`).join('')}`

function keptIn(stateDirectory: string, file: string): KeptConfiguration {
  const onProblem = (problem: Error): never => {
    throw problem
  }
  return new KeptConfiguration({ stateDirectory, file, onProblem })
}

async function watching(file: string, stateDirectory = temporaryFolder()) {
  const mistakes: TidemarkError[] = []
  const changes: string[][] = []
  const corrections: number[] = []
  const inForce = await watchSettings(
    { file, home: '/home/ada', quietMs: 20, kept: keptIn(stateDirectory, file) },
    {
      changed: ({ plans }) => void changes.push(namesOf(plans)),
      mistaken: (error) => void mistakes.push(error),
      corrected: () => void corrections.push(mistakes.length),
    },
  )
  onTestFinished(() => inForce[Symbol.dispose]())
  return { inForce, mistakes, changes, corrections }
}

const namesOf = (plans: readonly Plan[]): string[] => plans.map(({ name }) => name)

test('a file that is saved is read again, whether it is written to or replaced', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, textOf('a'))
  const { inForce, changes } = await watching(file)
  expect(namesOf(inForce.settings?.plans ?? [])).toEqual(['a'])
  writeFileSync(file, textOf('a', 'b'))
  await passes(() => expect(namesOf(inForce.settings?.plans ?? [])).toEqual(['a', 'b']))
  writeFileSync(`${file}.new`, textOf('c'))
  renameSync(`${file}.new`, file)
  await passes(() => expect(namesOf(inForce.settings?.plans ?? [])).toEqual(['c']))
  writeFileSync(file, textOf('d'))
  await passes(() => expect(changes).toEqual([['a'], ['a', 'b'], ['c'], ['d']]))
})

test('a mistake is told once, with line and key, and what was in force stays so until it is corrected', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, textOf('a'))
  const { inForce, mistakes, changes, corrections } = await watching(file)
  writeFileSync(file, textOf('a', 'b').replace('@daily', '@dayly'))
  await passes(() => expect(mistakes).toHaveLength(1))
  expect(mistakes[0]!.message).toContain(`${file}, line 2, column `)
  expect(mistakes[0]!.message).toContain('plans.a.trigger')
  await inForce.reload()
  expect(mistakes).toHaveLength(1)
  expect(namesOf(inForce.settings?.plans ?? [])).toEqual(['a'])
  writeFileSync(file, textOf('a', 'b'))
  await passes(() => expect(changes).toEqual([['a'], ['a', 'b']]))
  expect(corrections).toEqual([1])
  expect(inForce.mistake).toBe(undefined)
})

test('channels and metrics are in force with the plans, and their mistakes are told as theirs', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, 'metrics: 127.0.0.1:9321\nchannels:\n  me: { command: notify-send hello }\n')
  const { inForce, mistakes } = await watching(file)
  expect(inForce.settings).toMatchObject({ plans: [], metrics: { host: '127.0.0.1', port: 9321 } })
  expect([...(inForce.settings?.channels.keys() ?? [])]).toEqual(['me'])
  writeFileSync(file, 'metrics: 0.0.0.0:9321\n')
  await inForce.reload()
  expect(mistakes.at(-1)?.message).toContain('metrics: an address of this machine is expected')
  writeFileSync(file, 'chanels: {}\n')
  await inForce.reload()
  expect(mistakes.at(-1)?.message).toContain('chanels')
  expect(inForce.settings?.metrics?.port).toBe(9321)
})

test('a file that is wrong from the beginning puts nothing in force', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, 'plans: {')
  const { inForce, mistakes } = await watching(file)
  expect(inForce.settings).toBe(undefined)
  expect(mistakes).toHaveLength(1)
})

test('a file that is wrong or gone from the beginning leaves in force what it said when it was right, whoever read it', async () => {
  const [state, file] = [temporaryFolder(), join(temporaryFolder(), 'config.yaml')]
  writeFileSync(file, textOf('a'))
  await watching(file, state)
  expect(statSync(join(state, 'configuration.json')).mode & 0o777).toBe(0o600)
  for (const spoil of [() => writeFileSync(file, 'plans: {'), () => rmSync(file)]) {
    spoil()
    const { changes, mistakes } = await watching(file, state)
    expect(changes).toEqual([['a']])
    expect(mistakes).toHaveLength(1)
  }
  writeFileSync(file, textOf('b'))
  expect((await watching(file, state)).changes).toEqual([['b']])
})

test('what is kept of another file, or damaged, is not in force', async () => {
  const [state, file] = [temporaryFolder(), join(temporaryFolder(), 'config.yaml')]
  writeFileSync(file, 'plans: {')
  keptIn(state, `${file}.other`).save(textOf('a'))
  expect((await watching(file, state)).changes).toEqual([])
  writeFileSync(join(state, 'configuration.json'), '{"file": ')
  expect((await watching(file, state)).changes).toEqual([])
  keptIn(state, file).save('plans: [')
  expect((await watching(file, state)).changes).toEqual([])
})

test('a change of comments alone is none', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, textOf('a'))
  const { inForce, changes } = await watching(file)
  writeFileSync(file, `# more\n${textOf('a')}`)
  await inForce.reload()
  expect(changes).toEqual([['a']])
})

test('a file that comes later is found, and plans of one that goes stay in force', async () => {
  const folder = join(temporaryFolder(), 'later')
  const file = join(folder, 'config.yaml')
  mkdirSync(folder)
  const { inForce, mistakes, changes } = await watching(file)
  expect(changes).toEqual([[]])
  writeFileSync(file, textOf('a'))
  await passes(() => expect(changes).toEqual([[], ['a']]))
  rmSync(file)
  await passes(() => expect(mistakes[0]?.message).toContain('is gone'))
  expect(namesOf(inForce.settings?.plans ?? [])).toEqual(['a'])
  writeFileSync(file, 'plans:\n')
  await passes(() => expect(changes).toEqual([[], ['a'], []]))
})

test('a file behind a link is seen when it is written to where it lies', async () => {
  const folder = temporaryFolder()
  const real = join(folder, 'dotfiles', 'tidemark.yaml')
  mkdirSync(join(folder, 'dotfiles'))
  mkdirSync(join(folder, 'config'))
  writeFileSync(real, textOf('a'))
  symlinkSync(real, join(folder, 'config', 'config.yaml'))
  const { changes } = await watching(join(folder, 'config', 'config.yaml'))
  writeFileSync(real, textOf('b'))
  await passes(() => expect(changes).toEqual([['a'], ['b']]))
})
