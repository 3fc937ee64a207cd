import { expect, test } from 'vitest'

import { KeyError, StorageError } from '../../../src/base/errors.ts'
import type { SlotSecret } from '../../../src/repository/slot-key.ts'
import { KnownRepository } from '../../../src/service/application/known-repository.ts'
import type { Session } from '../../../src/service/session.ts'
import { ManualTimers, secretOf } from '../../support/application-fixture.ts'
import { aheadClock } from '../../support/test-machine.ts'

/** A store that says by hand what becomes of each attempt to open it. */
class Door {
  readonly timers = new ManualTimers()
  readonly given: Uint8Array[] = []
  readonly attempts: PromiseWithResolvers<unknown>[] = []
  opened = 0
  closed = 0
  changes = 0
  readonly known: KnownRepository

  constructor(givenSecret?: SlotSecret) {
    this.known = new KnownRepository({
      place: { name: 'home', url: '/r', configured: undefined },
      clock: aheadClock,
      after: this.timers.after,
      givenSecret: async () => givenSecret,
      onChange: () => this.changes++,
      open: async (_, secret) => {
        this.given.push((await secret()).bytes)
        const attempt = Promise.withResolvers<unknown>()
        this.attempts.push(attempt)
        await attempt.promise
        this.opened++
        return this.#session()
      },
    })
  }

  /** Lets the attempt that was begun last succeed, or fail. */
  async answer(error?: Error): Promise<void> {
    await expect.poll(() => this.attempts.length).toBeGreaterThan(0)
    const attempt = this.attempts.shift()
    if (error === undefined) attempt?.resolve(undefined)
    else attempt?.reject(error)
  }

  #session(): Session {
    const repository = { chain: async () => ({ points: [] }) }
    // As much of a session as is asked for here.
    return {
      repository: Promise.resolve(repository),
      [Symbol.asyncDispose]: async () => {
        this.closed++
      },
    } as unknown as Session
  }
}

const wrong = new KeyError('WRONG_PASSWORD', 'wrong')
const gone = new StorageError('STORE_UNAVAILABLE', 'gone')

test('many who ask at once open it once', async () => {
  const door = new Door(secretOf('x'))
  const asked = [1, 2, 3].map((n) => door.known.use(async () => n))
  expect(door.known.state).toEqual({ kind: 'opening' })
  await door.answer()
  expect(await Promise.all(asked)).toEqual([1, 2, 3])
  expect([door.opened, door.known.state]).toEqual([1, { kind: 'open', pointCount: 0 }])
})

test('locked while somebody reads, it is closed when he is done, and nobody gets in meanwhile', async () => {
  const door = new Door(secretOf('x'))
  const reading = Promise.withResolvers<undefined>()
  const read = door.known.use(async () => reading.promise)
  await door.answer()
  await expect.poll(() => door.known.state.kind).toBe('open')
  door.known.lock()
  expect([door.known.state.kind, door.known.secret(), door.closed]).toEqual(['locked', undefined, 0])
  await expect(door.known.use(async () => undefined)).rejects.toMatchObject({ code: 'WRONG_KEY' })
  reading.resolve(undefined)
  await read
  expect(door.closed).toBe(1)
})

test('a given secret that is wrong is not tried again, and says so once', async () => {
  const door = new Door(secretOf('x'))
  const asked = door.known.use(async () => undefined)
  await door.answer(wrong)
  await expect(asked).rejects.toBe(wrong)
  const { changes } = door
  door.known.wake()
  await expect(door.known.use(async () => undefined)).rejects.toMatchObject({ code: 'WRONG_KEY' })
  expect([door.attempts.length, door.changes]).toEqual([0, changes])
})

test('what a store that went away fails is told, and whoever stays in gets his own answer', async () => {
  const door = new Door(secretOf('x'))
  const staying = Promise.withResolvers<string>()
  const stays = door.known.use(async () => staying.promise)
  await door.answer()
  await expect.poll(() => door.known.state.kind).toBe('open')
  await expect(door.known.use(async () => Promise.reject(gone))).rejects.toBe(gone)
  expect(door.known.state).toMatchObject({ kind: 'unreachable', message: 'gone' })
  // Until it is time to try again, everybody hears the same at once.
  await expect(door.known.use(async () => undefined)).rejects.toBe(gone)
  expect(door.closed).toBe(0)
  staying.resolve('read')
  expect(await stays).toBe('read')
  expect(door.closed).toBe(1)
  door.timers.fire()
  await door.answer()
  await expect.poll(() => door.known.state.kind).toBe('open')
  expect(door.given.map((bytes) => Buffer.from(bytes).toString())).toEqual(['x', 'x'])
})

test('a password that was changed meanwhile ends the attempts', async () => {
  const door = new Door(secretOf('x'))
  const asked = door.known.use(async () => undefined)
  await door.answer(gone)
  await expect(asked).rejects.toBe(gone)
  door.timers.fire()
  await door.answer(wrong)
  await expect.poll(() => door.known.state.kind).toBe('locked')
  expect(door.timers.waiting).toEqual([])
})

test('an ordinary failure of what is read changes nothing', async () => {
  const door = new Door(secretOf('x'))
  const asked = door.known.use(async () => Promise.reject(new StorageError('NOT_FOUND', 'no such object')))
  await door.answer()
  await expect(asked).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(door.known.state.kind).toBe('open')
  await door.known[Symbol.asyncDispose]()
  expect(door.closed).toBe(1)
})
