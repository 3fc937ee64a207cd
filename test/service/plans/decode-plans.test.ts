import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'

import { UsageError } from '../../../src/base/errors.ts'
import { decodeConfiguration } from '../../../src/service/configuration-file.ts'
import { decodeSettings } from '../../../src/service/daemon/settings.ts'
import { decodePlans } from '../../../src/service/plans/decode-plans.ts'
import type { Plan, Step } from '../../../src/service/plans/plan.ts'
import { schedule } from '../../../src/service/schedule/schedule.ts'

const FILE = '/home/ada/.config/tidemark/config.yaml'

const decode = (text: string): Plan[] => decodePlans({ file: FILE, text, home: '/home/ada' })

/** A plan with these lines in place of its steps, the first of them on line 7. */
const withSteps = (...lines: string[]): string =>
  [
    'repositories:',
    '  home: { url: /srv/home }',
    '  usb: { url: "external:usb" }',
    'plans:',
    '  nightly:',
    '    steps:',
    ...lines,
    '    sources: /home',
    '    repository: home',
    "    trigger: '@daily'",
  ].join('\n')

const steps = (...lines: string[]): readonly Step[] => decode(withSteps(...lines))[0]!.steps

test('the example is a configuration as well, and all of it can be scheduled', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../examples/plans.yaml'), 'utf8')
  expect([...decodeConfiguration({ file: FILE, text }).repositories.keys()]).toEqual(['home', 'escapepod'])
  const { channels, metrics } = decodeSettings({ file: FILE, text, home: '/home/ada' })
  expect([...channels].map(([name, { kind }]) => [name, kind])).toEqual([
    ['mail', 'email'],
    ['chat', 'webhook'],
    ['team', 'webhook'],
    ['log', 'command'],
    ['pager', 'command'],
  ])
  expect(metrics).toEqual({ host: '127.0.0.1', port: 9321 })
  const plans = decode(text)
  expect(plans.map(({ name, steps }) => [name, steps.map((step) => step.name)])).toEqual([
    ['documents', ['full', 'incremental', 'verify', 'forget', 'prune', 'prove']],
    ['disk', ['incremental']],
    ['database', ['incremental', 'copy-escapepod', 'forget']],
  ])
  expect(plans[0]).toMatchObject({
    repository: 'home',
    source: { kind: 'paths', paths: ['/home/ada/Documents', '/home/ada/Pictures'], excludeCaches: true, strict: false },
    promise: { recoveryMs: 7_200_000, noSuccessMs: 259_200_000 },
  })
  expect(plans[2]).toMatchObject({
    source: { kind: 'command', command: ['pg_dump', '--format=custom', 'shop'], file: 'shop.dump' },
    hooks: {
      before: [{ command: ['/bin/sh', '-c', 'shopctl maintenance on'], limitMs: 600_000 }],
      after: [{ command: ['shopctl', 'maintenance', 'off'], limitMs: 60_000 }],
    },
    notify: { on: ['failure', 'recovery', 'no-success'], to: undefined },
  })
  const nowMs = Date.UTC(2026, 4, 9)
  const again = schedule({ plans, history: new Map(), raised: [], nowMs, timeZone: 'UTC', instance: 'i' }).lookAgainMs
  expect(again).toBeGreaterThan(nowMs)
})

test('a file without plans has none', () => {
  for (const text of ['', 'plans:\n', 'repositories: { home: { url: /srv } }\n']) expect(decode(text)).toEqual([])
})

test('steps have short forms', () => {
  expect(steps('      - full: 4 weeks', '      - incremental', '      - prune: weekly')).toMatchObject([
    { kind: 'full', name: 'full', every: { count: 4, unit: 'week' } },
    { kind: 'incremental', every: undefined },
    { kind: 'prune', every: { count: 1, unit: 'week' }, repository: 'home' },
  ])
})

test('steps of other repositories are called after them, so that their history is their own', () => {
  const lines = [
    '      - copy: usb',
    '      - { verify: 2.5%, repository: usb, every: 2 days, between: 1am-5am, limit: 3h }',
    '      - { forget: { keep-last: unlimited, all-instances: true }, repository: usb }',
    '      - { prune: 1 week, repository: /srv/other, after: copy-usb + 90 min }',
    '      - { prove: 1 month, repository: usb, files: 7, name: drill }',
  ]
  expect(steps(...lines)).toMatchObject([
    { name: 'copy-usb', to: 'usb' },
    {
      name: 'verify-usb',
      percent: 2.5,
      every: { count: 2, unit: 'day' },
      window: { fromMinute: 60, toMinute: 300 },
      limitMs: 10_800_000,
    },
    { name: 'forget-usb', policy: { last: Infinity }, allInstances: true },
    { name: 'prune', repository: '/srv/other', after: { step: 'copy-usb', delayMs: 5_400_000 } },
    { name: 'drill', repository: 'usb', files: 7 },
  ])
})

test('a plan that names no repository uses the default one', () => {
  const rest =
    'repositories: { home: { url: /srv } }\nplans: { p: { sources: /a, trigger: "@daily", steps: [full] } }\n'
  expect(decode(`default: home\n${rest}`)[0]!.repository).toBe('home')
  expect(() => decode(rest)).toThrow('plans.p: repository is missing')
})

test('a plan that is only run by hand says so with an empty list', () => {
  const plan = '{ sources: /a, repository: /srv, steps: [full]'
  expect(decode(`plans: { p: ${plan}, trigger: [] } }`)[0]!.triggers).toEqual([])
  expect(() => decode(`plans: { p: ${plan} } }`)).toThrow('trigger is missing')
  expect(() => decode(`plans: { p: ${plan}, trigger: } }`)).toThrow('plans.p.trigger: a value or a list')
})

test.each([
  ['an unknown setting', ['      - full', '    exlude: [a]'], 8, 5, 'plans.nightly.exlude', 'is "exclude" meant?'],
  [
    'an unknown setting of a step',
    ['      - full: 1 week', '        betwen: 1am and 2am'],
    8,
    9,
    'plans.nightly.steps.0.betwen',
    '"between"',
  ],
  ['a step of no kind', ['      - incrmental: 1 day'], 7, 9, 'plans.nightly.steps.0', 'is "incremental" meant?'],
  [
    'a step of two kinds',
    ['      - full: 1 week', '        prune: 1 week'],
    7,
    9,
    'plans.nightly.steps.0',
    'full and prune',
  ],
  [
    'a bad interval',
    ['      - full: sometimes'],
    7,
    15,
    'plans.nightly.steps.0.full',
    '"sometimes" is not an interval',
  ],
  ['an interval without unit', ['      - full: 4'], 7, 15, 'plans.nightly.steps.0.full', '"4" is not an interval'],
  [
    'a bad window',
    ['      - full', '      - prune: 1 day', '        between: dusk and dawn'],
    9,
    18,
    'plans.nightly.steps.1.between',
    '"dusk"',
  ],
  ['a bad percentage', ['      - verify: 0%'], 7, 17, 'plans.nightly.steps.0.verify', '5%'],
  [
    'a policy that keeps nothing',
    ['      - forget: { keep-tag: [] }'],
    7,
    17,
    'plans.nightly.steps.0.forget',
    'nothing would be kept',
  ],
  [
    'a rule of no kind',
    ['      - forget: { keep-dayly: 1 }'],
    7,
    19,
    'plans.nightly.steps.0.forget.keep-dayly',
    'keep-daily',
  ],
  [
    'a count of none',
    ['      - forget: { keep-daily: 0 }'],
    7,
    31,
    'plans.nightly.steps.0.forget.keep-daily',
    'a number of points',
  ],
  [
    'a step that follows none',
    ['      - copy: usb', '        after: full'],
    8,
    16,
    'plans.nightly.steps.0.after',
    'no step before this one',
  ],
  [
    'steps of one name',
    ['      - full', '      - full: 1 week'],
    8,
    9,
    'plans.nightly.steps.1',
    'two steps are called "full"',
  ],
  ['an unknown repository', ['      - copy: ubs'], 7, 15, 'plans.nightly.steps.0.copy', 'is "usb" meant?'],
  ['a relative path', ['      - copy: ./usb'], 7, 15, 'plans.nightly.steps.0.copy', 'an absolute path or a URL'],
  [
    'a URL with a password',
    ['      - copy: sftp://a:geheim@h/p'],
    7,
    15,
    'plans.nightly.steps.0.copy',
    'no password stands in a URL',
  ],
  ['no steps', ['      []'], 7, 7, 'plans.nightly.steps', 'at least one step'],
  [
    'a pattern that matches nothing',
    ['      - full', "    exclude: ['a', '[']"],
    8,
    20,
    'plans.nightly.exclude.1',
    '[ without its ]',
  ],
  ['a pattern alone', ['      - full', "    exclude: '['"], 8, 14, 'plans.nightly.exclude', '[ without its ]'],
  ['a value of another kind', ['      - full', '    strict: perhaps'], 8, 13, 'plans.nightly.strict', 'true or false'],
  ['an unknown zone', ['      - full', '    time-zone: Berlin'], 8, 16, 'plans.nightly.time-zone', 'Europe/Berlin'],
  [
    'a hook without a command',
    ['      - full', '    hooks: { before: { limit: 1 min } }'],
    8,
    22,
    'plans.nightly.hooks.before',
    'command',
  ],
  [
    'an unknown hook',
    ['      - full', '    hooks: { onfailure: a }'],
    8,
    14,
    'plans.nightly.hooks.onfailure',
    '"on-failure"',
  ],
  [
    'a cause that is none',
    ['      - full', '    notify: { on: [failures] }'],
    8,
    20,
    'plans.nightly.notify.on.0',
    'failure',
  ],
  [
    'a promise without unit',
    ['      - full', '    promise: { recovery: 2 }'],
    8,
    26,
    'plans.nightly.promise.recovery',
    'is not a duration',
  ],
  ['a command beside folders', ['      - full', '    from-command: [a]'], 6, 5, 'plans.nightly', 'do not go together'],
  [
    'a map where text stands',
    ['      - full', '    repository2: 1', '    description: { a: 1 }'],
    8,
    5,
    'plans.nightly',
    '',
  ],
])('%s is told with line, column and key', (_, lines, line, column, key, what) => {
  const error = mistake(withSteps(...lines))
  expect(error.code).toBe('BAD_CONFIGURATION')
  expect(error.message).toContain(`${FILE}, line ${line}, column ${column}: ${key}`)
  expect(error.message).toContain(what)
  expect(error.message).not.toContain('geheim')
})

test('all mistakes are told at once', () => {
  const { message } = mistake(withSteps('      - full: never', '      - verify: 200%', '    strict: 3'))
  expect(message.split('\n')).toHaveLength(3)
})

test('mistakes of all sections are told at once, each with line, column and key', () => {
  const text = `repositories:
  usb: { url: /srv, colour: red }
plans:
  nightly: { sources: /a, repository: uzb, trigger: '@dayly', steps: [full] }
  weekly: { sources: /a, repository: uzb, trigger: '@weekly', notify: { to: [mial] }, steps: [full] }
channels:
  mail: { webhook: http://elsewhere.example }
metrics: 0.0.0.0:9321
default: ubs
`
  const lines = thrownBy(() => decodeSettings({ file: FILE, text, home: '/home/ada' })).message.split('\n')
  expect(lines).toEqual([
    `${FILE}, line 2, column 21: repositories.usb.colour: there is no such setting`,
    `${FILE}, line 4, column 39: plans.nightly.repository: no repository is called "uzb"; is "usb" meant?`,
    expect.stringContaining(`${FILE}, line 4, column 53: plans.nightly.trigger: `),
    `${FILE}, line 5, column 38: plans.weekly.repository: no repository is called "uzb"; is "usb" meant?`,
    `${FILE}, line 5, column 78: plans.weekly.notify.to.0: no channel is called "mial"; is "mail" meant?`,
    expect.stringContaining(`${FILE}, line 7, column 20: channels.mail.webhook: a webhook is an https:// URL`),
    expect.stringContaining(`${FILE}, line 8, column 10: metrics: an address of this machine is expected`),
    `${FILE}, line 9, column 10: default: no repository is called "ubs"; is "usb" meant?`,
  ])
})

test('of very many mistakes, the first ones are told and how many there are more', () => {
  const text = Array.from({ length: 14 }, (_, at) => `key${at}: 1`).join('\n')
  const lines = thrownBy(() => decodeSettings({ file: FILE, text, home: '/' })).message.split('\n')
  expect(lines).toHaveLength(11)
  expect(lines.at(-1)).toBe('and 4 mistakes more')
})

test.each([
  ['plans: [a]', 'a map of plans by their names is expected'],
  ['plans: { a/b: {} }', 'plans.a/b'],
  ['plans: { p: 3 }', 'plans.p: a map of settings is expected'],
  ['plans: { p: { steps: { full: 1 week } } }', 'plans.p.steps: a list of steps is expected'],
  ['plans: { p: { from-command: a, file: b/c, trigger: [], steps: [full] } }', 'cannot be the name of a file'],
])('%s is refused', (text, what) => {
  expect(mistake(text).message).toContain(what)
})

test('what is too much is refused', () => {
  const plan = (change: object): string =>
    stringify({ plans: { p: { sources: '/a', repository: '/srv', trigger: [], steps: ['full'], ...change } } })
  const named = (n: number) => Array.from({ length: n }, (_, at) => ({ full: null, name: `s${at}` }))
  expect(decode(plan({ steps: named(50) }))[0]!.steps).toHaveLength(50)
  expect(mistake(plan({ steps: named(51) })).message).toContain('at most 50 steps')
  expect(mistake(plan({ exclude: Array.from({ length: 1001 }, () => 'a') })).message).toContain('at most 1000')
  expect(mistake(plan({ sources: `/${'a'.repeat(5000)}` })).message).toContain('at most 4096')
  const many = Object.fromEntries(
    Array.from({ length: 1001 }, (_, at) => [
      `p${at}`,
      { sources: '/a', repository: '/s', trigger: [], steps: ['full'] },
    ]),
  )
  expect(mistake(stringify({ plans: many })).message).toContain('at most 1000 plans')
})

test('whatever a file says, it is decoded or refused with its place', () => {
  const leaf = fc.oneof(
    fc.constantFrom('full', 'incremental', '@daily', '1 day', '/a', '5%', null, true, 3, 'home', '@path /x', '*', ''),
    fc.string({ maxLength: 12 }),
    fc.double(),
  )
  const keys = [
    'sources',
    'steps',
    'trigger',
    'full',
    'forget',
    'keep-daily',
    'after',
    'name',
    'hooks',
    'repository',
    '__proto__',
  ]
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 5 }),
    ),
  }))
  fc.assert(
    fc.property(tree, (plan) => {
      const text = stringify({
        plans: { p: plan, q: { sources: '/a', trigger: '@daily', repository: '/s', steps: plan } },
      })
      try {
        decode(text)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        expect(error.message).toMatch(/line \d+, column \d+: plans/)
      }
    }),
    { numRuns: 300 },
  )
})

function mistake(text: string): UsageError {
  return thrownBy(() => decode(text))
}

function thrownBy(decode: () => unknown): UsageError {
  try {
    decode()
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error('nothing was wrong')
}
