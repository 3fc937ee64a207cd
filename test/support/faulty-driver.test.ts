import { expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { StorageError } from '../../src/base/errors.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { FaultyDriver } from './faulty-driver.ts'
import { freshName, listAll, listIds } from './objects.ts'

describeDriverContract('a faulty driver without faults', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  return { driver, reopen: async () => driver }
})

test('the nth matching call fails, before or after it takes effect, and calls and bytes are counted', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  const [first, second, third] = [freshName(), freshName(), freshName()]
  const error = new StorageError('STORE_FULL', 'full')
  driver.fail({ nth: 2, method: 'put', kind: 'packs', when: 'before', error })
  driver.fail({ nth: 3, method: 'put', when: 'after', error })
  await driver.put(first, [utf8('1')])
  await expect(driver.put(second, [utf8('22')])).rejects.toBe(error)
  await expect(driver.put(third, [utf8('333')])).rejects.toBe(error)
  expect(await listIds(driver, 'packs')).toEqual([first.id, third.id].sort())
  await driver.get(third, { offset: 0, length: 2 })
  expect(driver.calls.map((call) => call.method)).toEqual(['put', 'put', 'put', 'list', 'get'])
  expect([driver.bytesWritten, driver.bytesRead]).toEqual([4, 2])
})

test('objects can be hidden, replaced, invented, truncated and swapped, until it is healed', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  const [a, b, c, invented] = [freshName(), freshName(), freshName(), freshName()]
  await driver.put(a, [utf8('a')])
  await driver.put(b, [utf8('bb')])
  await driver.put(c, [utf8('ccc')])
  await driver.swap(a, b)
  await driver.truncate(c, 1)
  driver.replace(invented, utf8('new'))
  expect(await Promise.all([a, b, c, invented].map((name) => driver.get(name)))).toEqual(
    ['bb', 'a', 'c', 'new'].map(utf8),
  )
  await expect(driver.get(c, { offset: 1, length: 1 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
  expect((await listAll(driver, 'packs')).map((info) => info.bytes).sort()).toEqual([1, 1, 2, 3])
  driver.hide(a)
  await expect(driver.stat(a)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await listIds(driver, 'packs')).not.toContain(a.id)
  driver.heal()
  expect(await driver.get(a)).toEqual(utf8('a'))
  expect(await listIds(driver, 'packs')).toEqual([a.id, b.id, c.id].sort())
})
