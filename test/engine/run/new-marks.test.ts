import { expect, test } from 'vitest'
import { RepeatedLook } from '../../../src/engine/run/new-marks.ts'

test('renewals during a look are followed by one other, however many they are', async () => {
  const ends: (() => void)[] = []
  const looking = new RepeatedLook(async () => new Promise<void>((resolve) => ends.push(resolve)))
  const first = looking.again()
  for (let renewals = 0; renewals < 3; renewals++) await looking.again()
  expect(ends).toHaveLength(1)
  ends[0]?.()
  await expect.poll(() => ends.length).toBe(2)
  ends[1]?.()
  await first
  expect(ends).toHaveLength(2)
})

test('a renewal after a look begins another one', async () => {
  let looks = 0
  const looking = new RepeatedLook(async () => {
    looks++
  })
  await looking.again()
  await looking.again()
  expect(looks).toBe(2)
})
