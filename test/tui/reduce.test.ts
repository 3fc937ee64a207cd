import { expect, test } from 'vitest'

import type { RepositoryData } from '../../src/service/application/shown.ts'
import { paletteEntries } from '../../tui/state/palette.ts'
import { BACKUP, DEPOT, NIGHTLY } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { noPointsText } from '../../tui/text/no-points.ts'
import { seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

const ATTIC: RepositoryData = { ...DEPOT, name: 'attic', isDefault: false }

function started(host: 'daemon' | 'this-process' = 'daemon'): DashboardState {
  return new DashboardState().start(host).answer('repositories', [ATTIC, DEPOT])
}

test('the default repository is looked at first, and the next one on demand', () => {
  const dashboard = started()
  expect(dashboard.lastCall('points').args).toEqual(['depot'])
  dashboard.press('ctrl+n')
  expect(dashboard.lastCall('points').args).toEqual(['attic'])
})

test('points of a repository that is no longer looked at are not shown', () => {
  const dashboard = started()
  const late = dashboard.lastCall('points')
  dashboard.press('ctrl+n')
  dashboard.send({ ...late, kind: 'answer', value: [], isLast: true })
  expect(dashboard.state.shared.points.kind).toBe('loading')
})

test('what was known stays when asking again fails, and why it failed is shown', () => {
  const dashboard = started().answer('points', [])
  dashboard.send({ kind: 'changed', topic: 'points' }).fail('points', 'STORE_UNAVAILABLE', 'depot does not answer')
  expect(dashboard.state.shared.points).toEqual({ kind: 'ready', value: [] })
  expect(dashboard.state.message).toMatchObject({ text: 'depot does not answer', isProblem: true })
})

test('messages go after a while, problems later', () => {
  const dashboard = started().fail('points', 'STORE_UNAVAILABLE', 'depot does not answer')
  dashboard.send({ kind: 'tick', nowMs: TEST_NOW_MS + 10_000 })
  expect(dashboard.state.message).toBeDefined()
  dashboard.send({ kind: 'tick', nowMs: TEST_NOW_MS + 30_000 })
  expect(dashboard.state.message).toBeUndefined()
})

test('what came of a key goes with the next one that does something, and what failed when it is answered', () => {
  const failed = (): DashboardState => started().fail('points', 'STORE_UNAVAILABLE', 'depot does not answer')
  expect(failed().press('ä').state.message).toBeDefined()
  expect(failed().press('2').state.message).toBeUndefined()
  expect(failed().answer('points', []).state.message).toBeUndefined()
  expect(failed().answer('jobs', []).state.message).toBeDefined()
  const said = started().answer('points', []).press('2', 'd')
  expect(said.state.message?.text).toBe('There is no point here.')
  expect(said.press('ä').state.message).toBeDefined()
  expect(said.press('/').state.message).toBeUndefined()
})

test('what came of itself is not taken by a key, unless that leaves the screen', () => {
  const ended = started().answer('jobs', [BACKUP]).send({ kind: 'changed', topic: 'jobs' })
  ended.answer('jobs', [{ ...BACKUP, state: 'errored', outcome: 'the disk is full' }]).press('v', 'b', 'x')
  expect(ended.state.message?.text).toBe('backup depot failed: the disk is full')
  expect(ended.press('esc', 'y').state.message).toBeDefined()
  expect(ended.press('7').state.message).toBeUndefined()
})

test('that a repository does not answer is said no longer once it does, and what else failed stays', () => {
  const away = { kind: 'unreachable', sinceMs: 0, message: 'depot does not answer', hint: undefined } as const
  const failed = (message: string): DashboardState => {
    const dashboard = started().press('c').fail('check', 'STORE_UNAVAILABLE', message)
    dashboard
      .send({ kind: 'changed', topic: 'repositories' })
      .answer('repositories', [ATTIC, { ...DEPOT, state: away }])
    expect(dashboard.state.message?.text).toBe(message)
    return dashboard.send({ kind: 'changed', topic: 'repositories' }).answer('repositories', [ATTIC, DEPOT])
  }
  expect(failed(away.message).state.message).toBeUndefined()
  expect(failed('the disk is full').state.message).toBeDefined()
})

test('where there is no repository nothing is said to be read', () => {
  const { shared } = new DashboardState().start().answer('repositories', []).state
  expect(noPointsText(shared, 'none')).toContain('no repository yet')
  expect(noPointsText(started().state.shared, 'none')).toBe('reading the points …')
  expect(noPointsText(started().answer('points', []).state.shared, 'none')).toBe('none')
})

test('a locked repository is asked to be opened; after three wrong passwords another way is told, and no key of a fourth is a command', () => {
  const dashboard = started().fail('points', 'WRONG_KEY', 'depot is locked')
  for (const attempt of [1, 2, 3]) {
    expect(dashboard.state.overlay).toMatchObject({ kind: 'unlock', repository: 'depot' })
    dashboard.press('a', 'b', 'enter')
    expect(dashboard.calls('unlock')).toBe(attempt)
    dashboard.fail('unlock', 'WRONG_PASSWORD', 'the password is wrong')
  }
  expect(JSON.stringify(dashboard.state.overlay)).toMatch(/the password is wrong, 3 times.*the recovery code/)
  dashboard.press('q', 'x', 'y', 'enter')
  expect([dashboard.calls('unlock'), dashboard.state.screen]).toEqual([4, 'overview'])
})

test('a key file opens as well: its path is seen, and what was typed before it is wiped', () => {
  const dashboard = started().fail('points', 'WRONG_KEY', 'depot is locked').press('s', 'up', 'right', 'right')
  expect(dashboard.state.overlay).toMatchObject({
    form: { fields: [{}, { label: 'Key file', field: { kind: 'text' } }] },
  })
  dashboard.press('tab', '/', 'k', 'enter')
  const [repository, { kind, bytes }] = dashboard.lastCall('unlock').args
  expect([repository, kind, Buffer.from(bytes).toString()]).toEqual(['depot', 'key-file', '/k'])
  dashboard.fail('unlock', 'WRONG_KEY', 'this is no usable key file')
  expect(dashboard.state.overlay).toMatchObject({ form: { fields: [{}, { mistake: 'this is no usable key file' }] } })
  dashboard.press('up', 'right')
  expect(dashboard.state.overlay).toMatchObject({
    form: { fields: [{}, { field: { kind: 'secret', secret: { length: 0 } } }] },
  })
})

test('what was typed as a secret is in no state but as bytes of the call, and everything is asked again after it', () => {
  const dashboard = started().fail('points', 'WRONG_KEY', 'depot is locked')
  dashboard.press('s', 'e', 's', '3')
  expect(JSON.stringify(dashboard.state)).not.toContain('ses3')
  dashboard.press('enter')
  expect(Buffer.from(dashboard.lastCall('unlock').args[1].bytes).toString()).toBe('ses3')
  const before = dashboard.calls('points')
  dashboard.answer('unlock', undefined)
  expect(dashboard.calls('points')).toBe(before + 1)
  expect(dashboard.state.overlay).toBeUndefined()
})

test('a repository that somebody leaves locked is not asked for again until he wants it', () => {
  const dashboard = started().fail('points', 'WRONG_KEY', 'depot is locked').press('esc')
  dashboard.send({ kind: 'changed', topic: 'points' }).fail('points', 'WRONG_KEY', 'depot is locked')
  expect(dashboard.state.overlay).toBeUndefined()
  dashboard.press('ctrl+u')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'unlock', repository: 'depot' })
})

test('when the keys are forgotten, what was read with them is forgotten, and no password is asked for', () => {
  const dashboard = started().answer('points', []).press('ctrl+k').answer('lock', undefined)
  expect(dashboard.state.shared.points.kind).toBe('loading')
  dashboard.fail('points', 'WRONG_KEY', 'depot is locked')
  expect(dashboard.state.overlay).toBeUndefined()
  expect(dashboard.state.shared.points.kind).toBe('failed')
})

test('q leaves at once when nothing would be lost', () => {
  expect(started().press('q').effects.at(-1)).toEqual({ kind: 'quit' })
})

test('q asks while this process runs a job, and leaves only after a yes', () => {
  const dashboard = started('this-process')
    .answer('jobs', [{ ...BACKUP, isHere: true }])
    .press('q')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'quit' })
  dashboard.press('n')
  expect(dashboard.state.overlay).toBeUndefined()
  expect(dashboard.press('q', 'y').effects.at(-1)).toEqual({ kind: 'quit' })
})

test('jobs of a daemon go on without the dashboard, so q does not ask', () => {
  const dashboard = started('daemon').answer('jobs', [BACKUP]).press('q')
  expect(dashboard.effects.at(-1)).toEqual({ kind: 'quit' })
})

test('while a job runs it is asked how far it is every second', () => {
  const dashboard = started().answer('jobs', [BACKUP])
  const before = dashboard.calls('jobs')
  dashboard.send({ kind: 'tick', nowMs: TEST_NOW_MS + 1000 }, { kind: 'tick', nowMs: TEST_NOW_MS + 2000 })
  expect(dashboard.calls('jobs')).toBe(before + 2)
})

test('how a job ended is told, whatever screen one is at', () => {
  const dashboard = started().answer('jobs', [BACKUP]).press('2')
  dashboard.send({ kind: 'changed', topic: 'jobs' })
  dashboard.answer('jobs', [{ ...BACKUP, state: 'errored', outcome: 'the disk is full' }])
  expect(dashboard.state.message).toMatchObject({ text: 'backup depot failed: the disk is full', isProblem: true })
})

test('in a terminal that is too small no key does what nobody sees, but q leaves', () => {
  const dashboard = started()
    .send({ kind: 'resize', size: { columns: 79, rows: 24 } })
    .press('2', ':', 'ctrl+k')
  expect(dashboard.state.screen).toBe('overview')
  expect(dashboard.state.overlay).toBeUndefined()
  expect(dashboard.press('q').effects.at(-1)).toEqual({ kind: 'quit' })
})

test('digits go to screens and Esc back through them', () => {
  const dashboard = started().press('2', '4')
  expect(dashboard.state.screen).toBe('restore')
  dashboard.press('esc')
  expect(dashboard.state.screen).toBe('points')
  dashboard.press('esc', 'esc')
  expect(dashboard.state.screen).toBe('overview')
})

test('the palette finds commands by some of their letters and does them', () => {
  const dashboard = started().press(':', 'g', 'o', 'b', 'r')
  expect(paletteEntries(dashboard.state, 'gobr')[0]?.title).toBe('go to Browse')
  dashboard.press('enter')
  expect(dashboard.state.screen).toBe('browse')
  expect(dashboard.state.overlay).toBeUndefined()
})

test('commands of all screens are found from anywhere, by their help and by the word at the bottom', () => {
  const found = (query: string) => paletteEntries(started().press('9').state, query).map(({ title }) => title)
  expect(found('forget point')[0]).toMatch(/^Points: forget the marked points/)
  expect(found('diff')[0]).toMatch(/^Points: compare two marked points/)
  expect(found('pause')[0]).toMatch(/^Plans: pause the chosen plan/)
  expect(found('recovery code')).toContainEqual(expect.stringMatching(/^Drivers: .*recovery codes$/))
  expect(found('i need my files')[0]).toMatch(/^First start: I need my files back/)
  expect(found('mount points')[0]).toBe('Mounts: mount points of this repository')
  expect(found('change what')[0]).toBe('change what is set')
})

test('a command of another screen goes there first, and does nothing at once to what was not seen', () => {
  const points = seededApplication().pointList
  const dashboard = started().answer('points', points).press(':').type('forget point').press('enter')
  expect(dashboard.state).toMatchObject({
    screen: 'points',
    overlay: { kind: 'question', question: { name: 'forget' } },
  })
  dashboard.press('n', '1', ':').type('run all steps').press('enter')
  expect(dashboard.state.screen).toBe('plans')
  expect(dashboard.state.message?.text).toBe(
    'Once there is something here for it, r does it: run all steps of the chosen plan now.',
  )
  dashboard.answer('plans', [NIGHTLY]).press('1', ':').type('run all steps').press('enter')
  expect(dashboard.state.message?.text).toBe('Press r to run all steps of the chosen plan now.')
  expect(dashboard.calls('runPlan')).toBe(0)
  dashboard.press(':').type('run all steps').press('enter')
  expect(dashboard.calls('runPlan')).toBe(1)
})

test('pasted text goes nowhere but into fields', () => {
  const dashboard = started().send({ kind: 'paste', text: 'q' })
  expect(dashboard.state.message?.text).toContain('pasted')
  expect(dashboard.effects.some(({ kind }) => kind === 'quit')).toBe(false)
})

test('the same events make the same state: a run of the dashboard is a list of events', () => {
  const run = (): unknown => started().press('2', '/', 'a', 'enter', '3', 'p', '/', 'x').state
  expect(run()).toEqual(run())
})
