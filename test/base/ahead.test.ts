import { setImmediate } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { ahead } from '../../src/base/ahead.ts'

/** What was begun, and lets each of it end. */
class Desk {
  readonly begun: number[] = []
  readonly #ends = new Map<number, (how: 'well' | 'badly') => void>()

  readonly begin = (item: number): Promise<string> => {
    this.begun.push(item)
    return new Promise((resolve, reject) => {
      this.#ends.set(item, (how) => (how === 'well' ? resolve(`done ${item}`) : reject(new Error(`failed ${item}`))))
    })
  }

  end(item: number, how: 'well' | 'badly' = 'well'): void {
    this.#ends.get(item)?.(how)
  }
}

const WEIGHTLESS = { weigh: () => 0, weightMax: 1 }

test('results come in the order of the items, whichever ends first, and no more than allowed are under way', async () => {
  const desk = new Desk()
  const results = ahead([1, 2, 3, 4], desk.begin, { atOnce: 2, ...WEIGHTLESS })
  const first = results.next()
  expect(desk.begun).toEqual([1, 2])
  desk.end(2)
  desk.end(1)
  const given = await first
  expect(given.done === true ? undefined : await given.value.result).toBe('done 1')
  for (const [item, begun] of [
    [2, [1, 2, 3]],
    [3, [1, 2, 3, 4]],
    [4, [1, 2, 3, 4]],
  ] as const) {
    const next = await results.next()
    desk.end(item)
    expect(next.done === true ? undefined : await next.value.result).toBe(`done ${item}`)
    expect(desk.begun).toEqual(begun)
  }
  expect((await results.next()).done).toBe(true)
})

test('heavy items are begun alone, light ones together', async () => {
  const desk = new Desk()
  const results = ahead([9, 1, 2, 3], desk.begin, { atOnce: 8, weigh: (item) => item, weightMax: 5 })
  await results.next()
  expect(desk.begun).toEqual([9])
  desk.end(9)
  await results.next()
  expect(desk.begun).toEqual([9, 1, 2])
  for (const item of [1, 2]) desk.end(item)
  await results.return(undefined)
})

test('a failure comes in its turn, and who stops there has nothing left under way', async () => {
  const desk = new Desk()
  const taking = (async () => {
    const taken: string[] = []
    for await (const { result } of ahead([1, 2, 3], desk.begin, { atOnce: 3, ...WEIGHTLESS })) taken.push(await result)
    return taken
  })()
  let hasEnded = false
  const ended = taking.finally(() => (hasEnded = true)).catch((error: unknown) => error)
  desk.end(2, 'badly')
  desk.end(1)
  await setImmediate()
  expect(hasEnded).toBe(false)
  desk.end(3)
  expect(await ended).toEqual(new Error('failed 2'))
})
