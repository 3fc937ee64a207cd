import { expect, test } from 'vitest'
import type { TidemarkError } from '../../src/base/errors.ts'
import { RUN_RENEWAL_MS, RunObject, type RunObjectOptions } from '../../src/repository/run-object.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { listIds } from '../support/objects.ts'
import { TinyRepository } from '../support/tiny-repository.ts'

interface Started {
  readonly tiny: TinyRepository
  readonly driver: FaultyDriver
  readonly run: RunObject
  readonly problems: TidemarkError[]
  /** Lets an hour pass. */
  readonly tick: () => void
  readonly isScheduled: () => boolean
  readonly renewals: () => number
}

async function start(): Promise<Started> {
  const tiny = await TinyRepository.create()
  const driver = new FaultyDriver(tiny.driver)
  let task: (() => void) | undefined
  let renewals = 0
  const problems: TidemarkError[] = []
  const options: RunObjectOptions = {
    records: tiny.reopenRecords(driver),
    run: tiny.run,
    instance: tiny.instance,
    clock: { nowMs: () => 1_700_000_000_500, monotonicMs: () => 0 },
    scheduler: {
      every: (intervalMs, callback) => {
        expect(intervalMs).toBe(RUN_RENEWAL_MS)
        task = callback
        return () => (task = undefined)
      },
    },
    onProblem: (problem) => problems.push(problem),
    onRenewed: () => renewals++,
  }
  const run = await RunObject.start(options)
  const [tick, isScheduled] = [() => task?.(), () => task !== undefined]
  return { tiny, driver, run, problems, tick, isScheduled, renewals: () => renewals }
}

async function counters({ tiny }: Started): Promise<number[]> {
  const ids = await listIds(tiny.driver, 'runs')
  const records = await Promise.all(ids.map((id) => tiny.records.get('runs', id)))
  for (const { record } of records) {
    expect(record.run).toBe(tiny.run)
    expect(record.started).toEqual({ seconds: 1_700_000_000, nanoseconds: 500_000_000 })
  }
  return records.map(({ record }) => record.counter).sort()
}

test('a run is there from the start, counts up, and is gone at the end', async () => {
  const started = await start()
  expect(await counters(started)).toEqual([0])
  await started.run.renew()
  await started.run.renew()
  expect(await counters(started)).toEqual([2])
  expect(started.renewals()).toBe(2)
  await started.run.end()
  await started.run.end()
  expect(await counters(started)).toEqual([])
  expect(started.isScheduled()).toBe(false)
})

test('it renews itself every hour, the new object before the old one goes', async () => {
  const started = await start()
  started.tick()
  await expect.poll(() => counters(started)).toEqual([1])
  const calls = started.driver.calls.filter(({ kind }) => kind === 'runs').map(({ method }) => method)
  expect(calls).toEqual(['put', 'put', 'remove'])
})

test('a renewal that fails is reported, the run goes on, and nothing is left behind in the end', async () => {
  const started = await start()
  started.driver.fail({ method: 'put', kind: 'runs', when: 'before' })
  started.tick()
  await expect.poll(() => started.problems.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE'])
  expect(await counters(started)).toEqual([0])
  started.driver.fail({ method: 'remove', kind: 'runs', when: 'before' })
  await expect(started.run.renew()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await counters(started)).toEqual([0, 1])
  await started.run.renew()
  expect(await counters(started)).toEqual([2])
  await started.run.end()
  expect(await counters(started)).toEqual([])
})

test('a renewal under way when the run ends leaves nothing behind', async () => {
  const started = await start()
  const renewing = started.run.renew()
  await started.run.end()
  await renewing
  await started.run.renew()
  expect(await counters(started)).toEqual([])
})
