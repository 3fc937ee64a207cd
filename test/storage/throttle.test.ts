import { describe, expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { type RateLimits, withThrottle } from '../../src/storage/throttle.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { freshName } from '../support/objects.ts'

function openThrottled(first: RateLimits) {
  let limits = first
  let nowMs = 0
  const sleep = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted()
    nowMs += ms
  }
  const driver = withThrottle(new MemoryDriver(), { limits: () => limits, clock: { monotonicMs: () => nowMs }, sleep })
  const limit = (changed: RateLimits): void => {
    limits = changed
  }
  return { driver, limit, now: () => nowMs, wait: (ms: number) => (nowMs += ms) }
}

describeDriverContract('a throttle around memory', async () => {
  const { driver } = openThrottled({ upload: 1 << 30, download: 1 << 30 })
  return { driver, reopen: async () => driver }
})

const MEGABYTE = 1_000_000
const body = (megabytes: number): Uint8Array[] => [new Uint8Array(megabytes * MEGABYTE)]

describe('a throttle', () => {
  test('holds uploads and downloads back to their own rates, all calls together', async () => {
    const { driver, now } = openThrottled({ upload: 2 * MEGABYTE, download: 4 * MEGABYTE })
    const objects = Array.from({ length: 5 }, () => freshName())
    await Promise.all(objects.map((object) => driver.put(object, body(4))))
    // The last of five began when the four before it had had their eight seconds.
    expect(now()).toBeCloseTo(8000, -2)
    for (const object of objects) await driver.get(object)
    expect(now()).toBeCloseTo(8000 + 4000, -2)
  })

  test('charges nothing for time in which nothing went through, and saves none up', async () => {
    const { driver, now, wait } = openThrottled({ upload: MEGABYTE, download: undefined })
    await driver.put(freshName(), body(1))
    wait(60_000)
    await driver.put(freshName(), body(1))
    expect(now()).toBe(60_000)
    await driver.put(freshName(), body(1))
    expect(now()).toBe(61_000)
  })

  test('does without limits, and takes new ones while somebody waits', async () => {
    const { driver, limit, now } = openThrottled({ upload: undefined, download: undefined })
    await driver.put(freshName(), body(9))
    expect(now()).toBe(0)
    limit({ upload: 1, download: undefined })
    await driver.put(freshName(), body(1))
    const waiting = driver.put(freshName(), body(1))
    await Promise.resolve()
    limit({ upload: undefined, download: undefined })
    await waiting
    expect(now()).toBeLessThan(10_000)
  })

  test('is not waited for by who gives up', async () => {
    const { driver } = openThrottled({ upload: 1, download: undefined })
    await driver.put(freshName(), body(1))
    const reason = new Error('no longer wanted')
    await expect(driver.put(freshName(), body(1), AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})
