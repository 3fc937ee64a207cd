import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { decodePlans } from '../../../src/service/plans/decode-plans.ts'
import { nextFirings } from '../../../src/service/schedule/next-firings.ts'
import { INSTANCE, SimulatedDaemon } from '../../support/simulated-daemon.ts'

const DAY_MS = 86_400_000

const CONFIGURATION = `
plans:
  nightly:
    sources: /home/ada
    repository: /srv/a
    trigger: '@daily between 1am and 5am'
    steps:
      - full: 4 weeks
      - incremental: 1 day
      - forget: { keep-daily: 7 }
      - verify: 5%
        every: 1 week
      - prove: 1 month
    promise: { recovery: 2 hours, no-success-since: 3 days }
  # Clocks leave this time out once, and show it twice once.
  gap:
    sources: /home/ada
    repository: /srv/b
    trigger: '@at 2:30'
    steps:
      - incremental
      - copy: /srv/c
        after: incremental + 2 hours
  often:
    sources: /home/ada
    repository: /srv/c
    trigger: '@every 7d'
    steps: [incremental]
`

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('in a year, over both changes of clocks, no run is missed and none is made twice, and memory stays as it is', async () => {
  const start = Date.UTC(2026, 0, 31, 12)
  const d = new SimulatedDaemon({ configuration: CONFIGURATION, nowMs: start })
  d.runner.outcome = ({ words }) => ({
    durationMs: 1500,
    ...(words[0] === 'prove' ? { event: { type: 'summary', proven: true, wouldTakeMs: 60_000 } } : {}),
  })
  await d.start({ tidyMs: DAY_MS })
  await d.passTo(start + 120 * DAY_MS)
  const heapBefore = heapBytes()
  const end = start + 366 * DAY_MS
  await d.passTo(end)
  const heapAfter = heapBytes()
  expect(d.problems).toEqual([])

  const firings = new Map(
    decodePlans({ file: 'f', text: CONFIGURATION, home: '/' }).map((plan) => {
      const question = { afterMs: start, timeZone: 'Europe/Berlin', instance: INSTANCE, count: 2000 }
      return [plan.name, nextFirings(plan, question).filter((ms) => ms <= end)]
    }),
  )
  const backups = (repository: string): number[] =>
    d.callsOf('backup').flatMap(({ words, atMs }) => (words.includes(`--repository=${repository}`) ? [atMs] : []))
  expect(firings.get('nightly')).toHaveLength(366)
  expect(backups('/srv/a')).toEqual(firings.get('nightly'))
  expect(firings.get('gap')).toHaveLength(366)
  expect(backups('/srv/b')).toEqual(firings.get('gap'))
  expect(backups('/srv/c')).toEqual(firings.get('often'))
  expect(d.callsOf('copy')).toHaveLength(366)
  expect(d.callsOf('forget')).toHaveLength(366)
  expect(d.callsOf('check').length).toBeGreaterThanOrEqual(52)
  expect(d.callsOf('check').length).toBeLessThanOrEqual(53)
  expect(d.callsOf('prove')).toHaveLength(13)
  expect(d.callsOf('backup').filter(({ words }) => words.includes('--full'))).toHaveLength(14)
  const { jobs } = await d.jobs.list({ instance: INSTANCE, limit: 1000 })
  expect(jobs.filter(({ state }) => state !== 'done')).toEqual([])
  expect(await d.holding()).toEqual([])
  expect((await d.loop!.plans())[0]?.proof?.wouldTakeMs).toBe(60_000)
  // The calls that the simulation remembers are in it.
  expect(heapAfter - heapBefore).toBeLessThan(8 << 20)
})
