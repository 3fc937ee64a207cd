import { expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { collect } from '../../src/base/collect.ts'
import { freshName } from '../support/objects.ts'

describeDriverContract('memory', async () => {
  const driver = new MemoryDriver()
  return { driver, reopen: async () => driver }
})

test('a put takes effect before its promise is awaited', async () => {
  const driver = new MemoryDriver()
  const object = freshName()
  const put = driver.put(object, [utf8('x')])
  expect((await driver.stat(object)).bytes).toBe(1)
  await put
})

test('listings are in the order of putting', async () => {
  const driver = new MemoryDriver()
  const objects = Array.from({ length: 20 }, () => freshName())
  for (const object of objects) await driver.put(object, [])
  const listed = await collect(driver.list('packs'))
  expect(listed.map((info) => info.name)).toEqual(objects)
})

test('disposing of it keeps the objects', async () => {
  const driver = new MemoryDriver()
  const object = freshName()
  await driver.put(object, [utf8('kept')])
  await driver[Symbol.asyncDispose]()
  expect(await driver.get(object)).toEqual(utf8('kept'))
})
