import { describe, expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { StorageError } from '../../src/base/errors.ts'
import { type RetryOptions, withRetries } from '../../src/storage/retry.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { freshName, listIds } from '../support/objects.ts'

function openRetrying(options: Partial<RetryOptions> = {}) {
  const slept: number[] = []
  const faulty = new FaultyDriver(new MemoryDriver())
  const driver = withRetries(faulty, {
    attempts: 4,
    delayMs: 100,
    randomness: { bytes: (length) => new Uint8Array(length).fill(255) },
    sleep: async (ms) => void slept.push(ms),
    ...options,
  })
  return { driver, faulty, slept }
}

describeDriverContract('retries around memory', async () => {
  const { driver } = openRetrying()
  return { driver, reopen: async () => driver }
})

describe('retries', () => {
  test('a call that fails twice by something transient succeeds, with longer and longer pauses', async () => {
    const { driver, faulty, slept } = openRetrying()
    const object = freshName()
    await driver.put(object, [utf8('x')])
    for (const nth of [1, 2]) faulty.fail({ nth, method: 'get', when: 'before' })
    expect(await driver.get(object)).toEqual(utf8('x'))
    expect(slept).toEqual([100, 200])
  })

  test('the last failure is thrown after as many attempts as were allowed', async () => {
    const { driver, faulty, slept } = openRetrying()
    faulty.fail({ method: 'stat', when: 'before', lasting: true })
    await expect(driver.stat(freshName())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(faulty.calls).toHaveLength(4)
    expect(slept).toEqual([100, 200, 400])
  })

  test('pauses lie between half and the whole of their length, and never above a minute', async () => {
    const { driver, faulty, slept } = openRetrying({
      delayMs: 50_000,
      randomness: { bytes: (length) => new Uint8Array(length) },
    })
    faulty.fail({ method: 'stat', when: 'before', lasting: true })
    await expect(driver.stat(freshName())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(slept).toEqual([25_000, 30_000, 30_000])
  })

  test.each([new StorageError('STORE_FULL', 'full'), new Error('a bug')])('%s is not tried again', async (error) => {
    const { driver, faulty, slept } = openRetrying()
    faulty.fail({ when: 'before', error })
    await expect(driver.put(freshName(), [utf8('x')])).rejects.toBe(error)
    expect(slept).toEqual([])
  })

  test('a put that was stored although it seemed to fail succeeds', async () => {
    const { driver, faulty } = openRetrying()
    const object = freshName()
    faulty.fail({ method: 'put', when: 'after' })
    // The comparison may meet trouble as well.
    faulty.fail({ method: 'get', when: 'before' })
    await driver.put(object, [utf8('in '), utf8('parts')])
    expect(await driver.get(object)).toEqual(utf8('in parts'))
  })

  test.each(['other', 'in parts and more', 'in'])('a repeated put that finds "%s" there has failed', async (found) => {
    const { driver, faulty } = openRetrying()
    const object = freshName()
    faulty.fail({ method: 'put', when: 'before' })
    await faulty.inner.put(object, [utf8(found)])
    await expect(driver.put(object, [utf8('in '), utf8('parts')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test('the first put of a taken name is EXISTS, also when the bytes are the same', async () => {
    const { driver } = openRetrying()
    const object = freshName()
    await driver.put(object, [utf8('x')])
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'EXISTS' })
  })

  test('a listing that breaks off is taken up again without giving an object twice', async () => {
    const { driver, faulty } = openRetrying()
    const ids = []
    for (let count = 0; count < 9; count++) {
      const object = freshName()
      ids.push(object.id)
      await driver.put(object, [])
    }
    faulty.fail({ nth: 1, method: 'list', when: 'after' })
    faulty.fail({ nth: 2, method: 'list', when: 'before' })
    expect(await listIds(driver, 'packs')).toEqual(ids.sort())
  })

  test('a listing that breaks off for good fails rather than end early', async () => {
    const { driver, faulty } = openRetrying()
    await driver.put(freshName(), [])
    faulty.fail({ method: 'list', when: 'after', lasting: true })
    await expect(listIds(driver, 'packs')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('an abort ends the pause at once, with its reason', async () => {
    const faulty = new FaultyDriver(new MemoryDriver())
    const driver = withRetries(faulty, { attempts: 3, delayMs: 60_000 })
    faulty.fail({ when: 'before', lasting: true })
    const controller = new AbortController()
    const removal = driver.remove(freshName(), controller.signal)
    const reason = new Error('stop')
    setTimeout(() => controller.abort(reason), 20)
    await expect(removal).rejects.toBe(reason)
    expect(faulty.calls).toHaveLength(1)
  })
})
