import type { Command } from 'commander'
import { expect, test } from 'vitest'

import { createProgram } from '../../../src/cli/program.ts'
import type { InstanceId } from '../../../src/base/ids.ts'
import { decodeCommandMessage } from '../../../src/service/jobs/command-message.ts'
import type { JobId, Json } from '../../../src/service/jobs/job.ts'
import { answering, commandOfStep, jobOfStep } from '../../../src/service/jobs/plan-commands.ts'
import type { EventTrigger, Plan, Step, StepAction } from '../../../src/service/plans/plan.ts'

const INSTANCE = 'aa'.repeat(16) as InstanceId
const HOOKS = { before: [{ command: ['/bin/sh', '-c', 'stop'], limitMs: 1 }], after: [], onFailure: [] }

function plan(more: Partial<Plan> = {}): Plan {
  return {
    name: 'home',
    paused: false,
    source: {
      kind: 'paths',
      paths: ['/home/ä', '/etc'],
      exclude: ['*.o', '!keep.o'],
      excludeFiles: ['/etc/excludes'],
      excludeCaches: true,
      excludeIfPresent: ['.skip'],
      crossFilesystems: true,
      strict: true,
    },
    repository: 'safe',
    tags: ['nightly', '--full'],
    description: '--why not',
    triggers: [],
    timeZone: undefined,
    hooks: HOOKS,
    notify: { on: [], to: undefined },
    promise: { recoveryMs: undefined, noSuccessMs: undefined },
    steps: [],
    ...more,
  }
}

function step(action: StepAction, limitMs?: number): Step {
  return { name: 'step', every: undefined, window: undefined, after: undefined, limitMs, ...action }
}

/** Parses words as the program does; returns what the command would get. */
async function parse(words: readonly string[]): Promise<{ name: string; args: readonly string[]; flags: object }> {
  const program = createProgram(
    async () => undefined,
    () => undefined,
  )
  let parsed: Command | undefined
  program.hook('preAction', (_, command) => void (parsed = command))
  await program.parseAsync([...words], { from: 'user' })
  return { name: parsed?.name() ?? '', args: parsed?.args ?? [], flags: parsed?.optsWithGlobals() ?? {} }
}

const common = (repository: string): object => ({ json: true, progress: true, repository })

test.each<[StepAction, string, object]>([
  [{ kind: 'copy', to: '--strange' }, 'copy', { ...common('safe'), to: '--strange' }],
  [{ kind: 'verify', repository: 'away', percent: 2.5 }, 'check', { ...common('away'), readData: '2.5' }],
  [{ kind: 'prune', repository: 'away' }, 'prune', common('away')],
  [
    { kind: 'prove', repository: 'away', files: 7 },
    'prove',
    { ...common('away'), files: '7', maxSize: '1G', source: ['/home/ä', '/etc'] },
  ],
  [
    {
      kind: 'forget',
      repository: 'away',
      policy: {
        last: 3,
        daily: 7,
        yearly: Infinity,
        within: { years: 1, months: 0, days: 2, hours: 0 },
        tags: ['a', '-b'],
      },
      allInstances: true,
    },
    'forget',
    {
      ...common('away'),
      ...{ keepLast: '3', keepDaily: '7', keepYearly: 'unlimited', keepWithin: '1y2d', keepTag: ['a', '-b'] },
      allInstances: true,
    },
  ],
  [
    {
      kind: 'forget',
      repository: 'away',
      policy: { within: { years: 0, months: 0, days: 0, hours: 0 } },
      allInstances: false,
    },
    'forget',
    { ...common('away'), keepWithin: '0h' },
  ],
])('%j is the command that a person would type', async (action, name, flags) => {
  const { words, hooks } = commandOfStep(plan(), step(action))
  expect(hooks).toBeUndefined()
  expect(await parse(words)).toEqual({ name, args: [], flags })
})

test.each(['full', 'incremental'] as const)('a backup (%s) takes everything that the plan says', async (kind) => {
  const { words, hooks } = commandOfStep(plan(), step({ kind }))
  expect(hooks).toEqual(HOOKS)
  expect(await parse(words)).toEqual({
    name: 'backup',
    args: ['/home/ä', '/etc'],
    flags: {
      ...common('safe'),
      ...(kind === 'full' ? { full: true } : {}),
      ...{ tag: ['nightly', '--full'], description: '--why not', exclude: ['*.o', '!keep.o'] },
      ...{ excludeFile: ['/etc/excludes'], excludeIfPresent: ['.skip'] },
      ...{ excludeCaches: true, crossFilesystems: true, strict: true },
    },
  })
})

test('what a command prints is backed up with its words as they are', async () => {
  const source = { kind: 'command', command: ['pg_dump', '--json', '-x y'], file: 'db.sql' } as const
  const { words } = commandOfStep(plan({ source, tags: [], description: '' }), step({ kind: 'incremental' }))
  expect(await parse(words)).toEqual({
    name: 'backup',
    args: ['pg_dump', '--json', '-x y'],
    flags: { ...common('safe'), fromCommand: true, name: 'db.sql' },
  })
})

test('what is proven of what a command prints is known by its words', async () => {
  const source = { kind: 'command', command: ['pg_dump', '-x y'], file: 'db.sql' } as const
  const { words } = commandOfStep(plan({ source }), step({ kind: 'prove', repository: 'safe', files: 1 }))
  expect((await parse(words)).flags).toMatchObject({ source: ['pg_dump -x y'] })
})

test.each<[EventTrigger, object]>([
  [
    { kind: 'event', name: 'deployed' },
    { trigger: 'event', name: 'deployed' },
  ],
  [
    { kind: 'path', path: '/srv/a' },
    { trigger: 'path', path: '/srv/a' },
  ],
  [
    { kind: 'volume', label: 'disk' },
    { trigger: 'volume', label: 'disk' },
  ],
  [{ kind: 'boot' }, { trigger: 'boot' }],
])('hooks are told what happened: %j', (event, told) => {
  const about = { version: ['1', null] }
  const job = jobOfStep(plan(), step({ kind: 'full' }), INSTANCE, { event, atMs: 1000, about })
  const { hookInput = '' } = decodeCommandMessage(job.message)
  expect(hookInput.endsWith('}\n')).toBe(true)
  expect(JSON.parse(hookInput)).toEqual({ ...told, time: '1970-01-01T00:00:01.000Z', about })
  // Steps without hooks have nobody to tell.
  const copy = jobOfStep(plan(), step({ kind: 'copy', to: 'b' }), INSTANCE, { event, atMs: 1000, about })
  expect(decodeCommandMessage(copy.message).hookInput).toBeUndefined()
})

test('a firing is answered by one job, with its plan, its time and its hooks', () => {
  const job = answering(jobOfStep(plan(), step({ kind: 'full' }, 5000), INSTANCE), { dueMs: 77 }, 5 as JobId)
  expect(job).toMatchObject({
    ...{ instance: INSTANCE, kind: 'command', plan: 'home', step: 'step', firingMs: 77, timeLimitMs: 5000 },
    key: 'home/step/77/5',
  })
  expect(decodeCommandMessage(JSON.parse(JSON.stringify(job.message)) as Json)).toEqual(
    commandOfStep(plan(), step({ kind: 'full' })),
  )
})
