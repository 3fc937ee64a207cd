import { describe, expect, test } from 'vitest'

import type { InstanceId } from '../../../src/base/ids.ts'
import type { NotificationId } from '../../../src/service/notifications/notification.ts'
import { condition, INSTANCE, notificationStore, SetClock } from '../../support/notification-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const OTHER = 'cd'.repeat(16) as InstanceId

function opened() {
  const clock = new SetClock()
  const store = notificationStore(clock)
  const raise = async (key: string, channels: readonly string[] = [], instance = INSTANCE) =>
    store.raise(condition(key), { instance, nowMs: clock.ms, channels })
  return { clock, store, raise }
}

describe('a condition', () => {
  test('that is said again while it holds is one notification, which counts and keeps its latest message', async () => {
    const { clock, store, raise } = opened()
    const first = await raise('a', ['mail'])
    clock.ms += 5000
    const again = await store.raise(condition('a', { message: 'worse' }), {
      ...{ instance: INSTANCE, nowMs: clock.ms, channels: ['mail'] },
    })
    expect(again).toMatchObject({
      id: first.id,
      count: 2,
      message: 'worse',
      raisedMs: first.raisedMs,
      lastMs: clock.ms,
    })
    expect(await store.dueDeliveries(INSTANCE, clock.ms)).toHaveLength(1)
  })

  test('that is over and comes back is another notification', async () => {
    const { clock, store, raise } = opened()
    const first = await raise('a')
    expect(await store.resolve(INSTANCE, 'a', clock.ms)).toMatchObject({ id: first.id, state: 'resolved' })
    expect(await store.resolve(INSTANCE, 'a', clock.ms)).toBeUndefined()
    const second = await raise('a')
    expect(second.id).toBeGreaterThan(first.id)
    expect(second).toMatchObject({ count: 1, state: 'active' })
  })

  test('that somebody has seen stays seen while it holds', async () => {
    const { store, raise } = opened()
    const { id } = await raise('a')
    expect(await store.acknowledge(id)).toMatchObject({ state: 'acknowledged' })
    expect(await raise('a')).toMatchObject({ id, count: 2, state: 'acknowledged' })
    expect(await store.acknowledge(99 as NotificationId)).toBeUndefined()
  })

  test('of one instance is not that of another', async () => {
    const { clock, store, raise } = opened()
    await raise('a')
    await raise('a', [], OTHER)
    await store.resolve(OTHER, 'a', clock.ms)
    expect(await store.list({ instance: INSTANCE, states: ['active'], limit: 10 })).toHaveLength(1)
    expect(await store.list({ instance: OTHER, states: ['active'], limit: 10 })).toHaveLength(0)
  })
})

describe('notifications', () => {
  test('are listed with the last first, page by page, by state and plan', async () => {
    const { store, raise } = opened()
    for (const key of ['a', 'b', 'c']) await raise(key)
    const page = await store.list({ instance: INSTANCE, limit: 2 })
    expect(page.map(({ key }) => key)).toEqual(['c', 'b'])
    const before = page.at(-1)?.id
    expect(before).toBeDefined()
    const rest = await store.list({ instance: INSTANCE, limit: 2, ...(before === undefined ? {} : { before }) })
    expect(rest.map(({ key }) => key)).toEqual(['a'])
    expect(await store.list({ instance: INSTANCE, plan: 'weekly', limit: 9 })).toEqual([])
    expect(await store.list({ instance: INSTANCE, states: ['resolved'], limit: 9 })).toEqual([])
  })

  test('that are over are forgotten in time, others never', async () => {
    const { clock, store, raise } = opened()
    await raise('a', ['mail'])
    await raise('b')
    await store.resolve(INSTANCE, 'a', clock.ms)
    expect(await store.prune(INSTANCE, clock.ms)).toBe(0)
    expect(await store.prune(INSTANCE, clock.ms + 1)).toBe(1)
    expect((await store.list({ instance: INSTANCE, limit: 9 })).map(({ key }) => key)).toEqual(['b'])
    expect(await store.dueDeliveries(INSTANCE, clock.ms)).toEqual([])
  })

  test('outlive the process, whatever their text', async () => {
    const clock = new SetClock()
    const folder = temporaryFolder()
    const hostile = condition("'; DROP TABLE notification; --", {
      title: 'x'.repeat(10_000),
      message: '\u0000\u001b[2J',
    })
    await notificationStore(clock, folder).raise(hostile, { instance: INSTANCE, nowMs: clock.ms, channels: ['mail'] })
    const [kept] = await notificationStore(clock, folder).list({ instance: INSTANCE, limit: 9 })
    expect(kept).toMatchObject({ key: hostile.key, message: hostile.message, title: 'x'.repeat(200) })
  })
})

test('a delivery is due when it was put off to, counts its failures, and ends once', async () => {
  const { clock, store, raise } = opened()
  const { id } = await raise('a', ['mail', 'hook', 'mail'])
  expect((await store.dueDeliveries(INSTANCE, clock.ms)).map(({ channel }) => channel)).toEqual(['hook', 'mail'])
  await store.endDelivery(id, 'hook')
  await store.postponeDelivery(id, 'mail', clock.ms + 1000)
  expect(await store.dueDeliveries(INSTANCE, clock.ms)).toEqual([])
  expect(await store.nextDeliveryMs(INSTANCE)).toBe(clock.ms + 1000)
  expect(await store.dueDeliveries(INSTANCE, clock.ms + 1000)).toMatchObject([{ channel: 'mail', failures: 1 }])
  await store.endDelivery(id, 'mail')
  expect(await store.nextDeliveryMs(INSTANCE)).toBeUndefined()
})
