import { readFile } from 'node:fs/promises'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { collect } from '../../src/base/collect.ts'
import { StorageError } from '../../src/base/errors.ts'
import { type Driver, OBJECT_KINDS, type ObjectKind, type ObjectName } from '../../src/storage/driver.ts'
import { listInTurn } from '../../src/storage/list-in-turn.ts'
import { freshName, listAll, listIds } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** Tells whether a put of other bytes under a taken name is refused. */
async function refuses(driver: Driver, object: ObjectName): Promise<boolean> {
  try {
    await driver.put(object, [utf8('other')])
    return false
  } catch (error) {
    if (error instanceof StorageError && error.code === 'EXISTS') return true
    throw error
  }
}

export interface OpenedDriver {
  /** A driver on a store without any object; the suite disposes of it. */
  readonly driver: Driver
  /** Opens the same store anew, as another process would. */
  reopen(): Promise<Driver>
}

/**
 * The suite that every driver passes. What it leaves out follows only from the capabilities that a driver declares.
 *
 * `open` makes a new, empty store for each test.
 */
export function describeDriverContract(name: string, open: () => Promise<OpenedDriver>): void {
  describe(`${name} keeps the driver contract`, () => {
    let driver: Driver
    let reopen: OpenedDriver['reopen']
    const reopened: Driver[] = []

    beforeEach(async () => {
      const opened = await open()
      driver = opened.driver
      reopen = async () => {
        const again = await opened.reopen()
        reopened.push(again)
        return again
      }
    })

    afterEach(async () => {
      for (const other of [driver, ...reopened.splice(0)]) await other[Symbol.asyncDispose]()
    })

    describe('put and get', () => {
      test('an object reads back as it was put, whatever its kind', async () => {
        for (const kind of OBJECT_KINDS) {
          const object = freshName(kind)
          await driver.put(object, [utf8(`bytes of ${kind}`)])
          expect(await driver.get(object)).toEqual(utf8(`bytes of ${kind}`))
          expect(await driver.stat(object)).toEqual({ name: object, bytes: `bytes of ${kind}`.length })
        }
      })

      test('the same id under two kinds names two objects', async () => {
        const pack = freshName('packs')
        const point = { kind: 'points', id: pack.id } as const
        await driver.put(pack, [utf8('pack')])
        await driver.put(point, [utf8('a point')])
        expect(await driver.get(pack)).toEqual(utf8('pack'))
        expect(await driver.get(point)).toEqual(utf8('a point'))
        await driver.remove(pack)
        expect(await driver.get(point)).toEqual(utf8('a point'))
      })

      test('parts are stored one after the other, empty ones too', async () => {
        const object = freshName()
        const parts = ['one', '', 'two', '', '', 'three', ''].map(utf8)
        await driver.put(object, parts)
        expect(await driver.get(object)).toEqual(utf8('onetwothree'))
      })

      test('an object may be empty, made of empty parts or of none', async () => {
        for (const parts of [[], [new Uint8Array(0)]]) {
          const object = freshName('runs')
          await driver.put(object, parts)
          expect(await driver.get(object)).toEqual(new Uint8Array(0))
          expect(await driver.get(object, { offset: 0, length: 0 })).toEqual(new Uint8Array(0))
          expect((await driver.stat(object)).bytes).toBe(0)
          expect(await listIds(driver, 'runs')).toContain(object.id)
        }
      })

      test('20 MiB in thousands of parts of odd sizes come back byte by byte', async () => {
        const whole = patternBytes(20 << 20, 1)
        const parts: Uint8Array[] = []
        for (let start = 0, size = 1; start < whole.byteLength; start += size, size = (size * 7 + 3) % 14_983) {
          parts.push(whole.subarray(start, start + size))
        }
        expect(parts.length).toBeGreaterThan(2000)
        const object = freshName()
        await driver.put(object, parts)
        expect(Buffer.compare(await driver.get(object), whole)).toBe(0)
      })

      test('parts may lie in shared memory', async () => {
        const shared = new Uint8Array(new SharedArrayBuffer(3 << 20))
        shared.set(patternBytes(3 << 20, 2))
        const object = freshName()
        const parts = [shared.subarray(5, 1 << 20), utf8('own'), shared.subarray(1 << 20)]
        await driver.put(object, parts)
        expect(Buffer.compare(await driver.get(object), concatBytes(...parts))).toBe(0)
      })

      test('what the caller does with the parts afterwards does not reach the object', async () => {
        const part = utf8('before')
        const object = freshName()
        await driver.put(object, [part])
        part.fill(0)
        expect(await driver.get(object)).toEqual(utf8('before'))
      })

      test('get returns an array of its own, in a buffer that holds nothing else', async () => {
        const object = freshName()
        await driver.put(object, [utf8('untouched')])
        for (const range of [undefined, { offset: 2, length: 4 }]) {
          const bytes = await driver.get(object, range)
          expect(bytes.constructor).toBe(Uint8Array)
          expect(bytes.buffer).toBeInstanceOf(ArrayBuffer)
          expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
          bytes.fill(0)
        }
        expect(await driver.get(object)).toEqual(utf8('untouched'))
      })
    })

    describe('ranges', () => {
      const whole = utf8('0123456789')
      const object = freshName('index')
      beforeEach(() => driver.put(object, [whole]))

      test.each([
        [0, 10],
        [0, 1],
        [9, 1],
        [3, 4],
        [0, 0],
        [5, 0],
        [10, 0],
      ])('offset %i, length %i is returned exactly', async (offset, length) => {
        expect(await driver.get(object, { offset, length })).toEqual(whole.slice(offset, offset + length))
      })

      test.each([
        [0, 11],
        [9, 2],
        [10, 1],
        [11, 0],
        [1e9, 5],
        [5, Number.MAX_SAFE_INTEGER],
        [Number.MAX_SAFE_INTEGER, 5],
        [-1, 2],
        [2, -1],
        [0.5, 1],
        [0, Number.NaN],
        [0, Number.POSITIVE_INFINITY],
      ])('offset %d, length %d is OUT_OF_RANGE', async (offset, length) => {
        await expect(driver.get(object, { offset, length })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
      })
    })

    describe('a name', () => {
      test('that was never put is NOT_FOUND, in a folder that is not there and in one that is', async () => {
        for (const object of [freshName('lost'), freshName('packs')]) {
          await expect(driver.get(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
          await expect(driver.get(object, { offset: 0, length: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
          await expect(driver.stat(object)).rejects.toMatchObject({ code: 'NOT_FOUND', retry: 'never' })
          await driver.put(freshName(object.kind), [utf8('another')])
          await expect(driver.get(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
          await expect(driver.stat(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
        }
      })

      test('that is taken is EXISTS, and the stored bytes stay', async (context) => {
        const object = freshName('points')
        await driver.put(object, [utf8('first')])
        if (!(await refuses(driver, object))) {
          expect(driver.capabilities.exclusivePut).toBe(false)
          return context.skip('the store does not promise it')
        }
        await expect(driver.put(object, [utf8('second, longer')])).rejects.toMatchObject({ code: 'EXISTS' })
        await expect(driver.put(object, [])).rejects.toMatchObject({ code: 'EXISTS' })
        expect(await driver.get(object)).toEqual(utf8('first'))
        expect(await listAll(driver, 'points')).toEqual([{ name: object, bytes: 5 }])
      })

      test('that is taken may be put again with the same bytes, refused or not', async () => {
        const object = freshName('points')
        const parts = [utf8('the same')]
        await driver.put(object, parts)
        for (let again = 0; again < 2; again++) {
          await driver.put(object, parts).catch((error: unknown) => expect(error).toMatchObject({ code: 'EXISTS' }))
          expect(await driver.get(object)).toEqual(utf8('the same'))
        }
        expect(await listAll(driver, 'points')).toEqual([{ name: object, bytes: 8 }])
      })

      test('is free again once its object is removed', async () => {
        const object = freshName()
        await driver.put(object, [utf8('first')])
        await driver.remove(object)
        await expect(driver.get(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
        expect(await listIds(driver, 'packs')).toEqual([])
        await driver.put(object, [utf8('second')])
        expect(await driver.get(object)).toEqual(utf8('second'))
      })

      test('may be removed when it is not there, again and again', async () => {
        const object = freshName('marks')
        await driver.remove(object)
        await driver.put(object, [utf8('x')])
        await driver.remove(object)
        await driver.remove(object)
        expect(await listIds(driver, 'marks')).toEqual([])
      })

      test('that two puts race for is won by exactly one, whole', async (context) => {
        if (!driver.capabilities.exclusivePut) context.skip('the store does not promise it')
        const other = driver.capabilities.persistent ? await reopen() : driver
        for (let round = 0; round < 10; round++) {
          const object = freshName()
          const bodies = [patternBytes(70_001, 3), patternBytes(50_003, 4)]
          const results = await Promise.allSettled([driver.put(object, [bodies[0]!]), other.put(object, [bodies[1]!])])
          expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
          const won = results.findIndex((result) => result.status === 'fulfilled')
          expect(results[1 - won]).toMatchObject({ reason: { code: 'EXISTS' } })
          expect(Buffer.compare(await driver.get(object), bodies[won]!)).toBe(0)
        }
      })
    })

    describe('list', () => {
      test('gives nothing for an empty store', async () => {
        for (const kind of OBJECT_KINDS) expect(await listIds(driver, kind)).toEqual([])
      })

      test('gives every object of the kind once, with its size', async () => {
        const infos = Array.from({ length: 30 }, (_, bytes) => ({ name: freshName(), bytes }))
        for (const { name: object, bytes } of infos) await driver.put(object, [new Uint8Array(bytes)])
        await driver.put(freshName('index'), [utf8('of another kind')])
        infos.sort((a, b) => (a.name.id < b.name.id ? -1 : 1))
        expect(await listAll(driver, 'packs')).toEqual(infos)
      })

      test('gives what was there all the time exactly once while others are put and removed', async () => {
        const fixed = Array.from({ length: 40 }, () => freshName())
        const passing = Array.from({ length: 40 }, () => freshName())
        for (const object of [...fixed, ...passing.slice(0, 20)]) await driver.put(object, [utf8('x')])
        const changes = passing.map(async (object, at) =>
          at < 20 ? driver.remove(object) : driver.put(object, [utf8('y')]),
        )
        const listed = await listIds(driver, 'packs')
        await Promise.all(changes)
        expect(new Set(listed).size).toBe(listed.length)
        const known = new Set([...fixed, ...passing].map((object) => object.id))
        expect(listed.filter((id) => !known.has(id))).toEqual([])
        expect(fixed.filter((object) => !listed.includes(object.id))).toEqual([])
      })

      test('of several kinds gives what the listings of each give', async () => {
        const kinds = ['tombstones', 'packs', 'config', 'points'] as const
        const objects = [...kinds, ...kinds, 'index' as const, 'keys' as const].map((kind) => freshName(kind))
        for (const [bytes, object] of objects.entries()) await driver.put(object, [new Uint8Array(bytes)])
        for (const some of [kinds, kinds.slice(0, 1), kinds.slice(2)]) {
          const listed = await listInTurn<ObjectKind>(driver, [some.slice(1), some.slice(0, 1)])
          expect(Object.keys(listed).sort()).toEqual([...some].sort())
          for (const kind of some) {
            const infos = listed[kind].toSorted((a, b) => (a.name.id < b.name.id ? -1 : 1))
            expect(infos).toEqual(await listAll(driver, kind))
            expect(infos).toHaveLength(2)
          }
        }
      })

      test('can be left in the middle', async () => {
        for (let count = 0; count < 3; count++) await driver.put(freshName(), [utf8('x')])
        let seen = 0
        for await (const info of driver.list('packs')) {
          expect(info.bytes).toBe(1)
          seen++
          break
        }
        expect(seen).toBe(1)
      })
    })

    describe('a signal', () => {
      test('that is aborted beforehand stops every call with its reason', async () => {
        const reason = new Error('no longer wanted')
        const signal = AbortSignal.abort(reason)
        const stored = freshName()
        await driver.put(stored, [utf8('x')])
        const object = freshName()
        await expect(driver.put(object, [utf8('x')], signal)).rejects.toBe(reason)
        await expect(driver.get(stored, undefined, signal)).rejects.toBe(reason)
        await expect(driver.stat(stored, signal)).rejects.toBe(reason)
        await expect(collect(driver.list('packs', signal))).rejects.toBe(reason)
        await expect(driver.remove(stored, signal)).rejects.toBe(reason)
        expect(await listIds(driver, 'packs')).toEqual([stored.id])
      })

      test('that is aborted during a put leaves the whole object or nothing', async () => {
        const whole = patternBytes(4 << 20, 5)
        for (let round = 0; round < 8; round++) {
          const object = freshName()
          const controller = new AbortController()
          const reason = new Error('no longer wanted')
          const put = driver.put(object, [whole], controller.signal)
          setTimeout(() => controller.abort(reason), round * 2)
          const error = await put.then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          const listed = (await listIds(driver, 'packs')).includes(object.id)
          if (error === undefined) expect(listed).toBe(true)
          else expect(error).toBe(reason)
          if (listed) expect(Buffer.compare(await driver.get(object), whole)).toBe(0)
        }
      })

      test('that is never aborted changes nothing', async () => {
        const { signal } = new AbortController()
        const object = freshName()
        await driver.put(object, [utf8('kept')], signal)
        expect(await driver.get(object, { offset: 1, length: 2 }, signal)).toEqual(utf8('ep'))
        expect((await driver.stat(object, signal)).bytes).toBe(4)
        expect(await collect(driver.list('packs', signal))).toHaveLength(1)
        await driver.remove(object, signal)
      })
    })

    test('50 puts at once all arrive', async () => {
      const objects = Array.from({ length: 50 }, () => freshName())
      await Promise.all(objects.map((object) => driver.put(object, [utf8(object.id), new Uint8Array(10_000)])))
      expect(await listIds(driver, 'packs')).toEqual(objects.map((object) => object.id).sort())
      const heads = await Promise.all(objects.map((object) => driver.get(object, { offset: 0, length: 64 })))
      expect(heads).toEqual(objects.map((object) => utf8(object.id)))
    })

    test('a persistent store has the same objects when it is opened again', async (context) => {
      if (!driver.capabilities.persistent) context.skip('the store is not persistent')
      const kept = freshName()
      const removed = freshName()
      await driver.put(kept, [utf8('kept')])
      await driver.put(removed, [utf8('removed')])
      await driver.remove(removed)
      const again = await reopen()
      expect(await listIds(again, 'packs')).toEqual([kept.id])
      expect(await again.get(kept)).toEqual(utf8('kept'))
      const isRefused = await refuses(again, kept)
      if (!isRefused) expect(again.capabilities.exclusivePut).toBe(false)
      expect(await again.get(kept)).toEqual(utf8(isRefused ? 'kept' : 'other'))
    })

    test('a local file, where there is one, holds exactly the bytes of the object', async (context) => {
      const object = freshName()
      await driver.put(object, [utf8('readable by path')])
      const path = driver.localFile(object)
      if (path === undefined) return context.skip('the store has no local files')
      expect(new Uint8Array(await readFile(path))).toEqual(utf8('readable by path'))
    })

    test('the location names the store', () => {
      expect(driver.location).not.toBe('')
      expect(driver.capabilities.concurrency).toBeGreaterThanOrEqual(1)
    })
  })
}
