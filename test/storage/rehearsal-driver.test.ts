import { expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { RehearsalDriver } from '../../src/storage/rehearsal-driver.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { freshName, listIds } from '../support/objects.ts'

describeDriverContract('a rehearsal', async () => {
  const driver = new RehearsalDriver(new MemoryDriver())
  return { driver, reopen: async () => driver }
})

test('it shows what would be, and the store below stays as it is', async () => {
  const below = new MemoryDriver()
  const [kept, removed, put] = [freshName('index'), freshName('index'), freshName('index')]
  await below.put(kept, [utf8('kept')])
  await below.put(removed, [utf8('removed')])
  const driver = new RehearsalDriver(below)
  await driver.remove(removed)
  await driver.put(put, [utf8('put')])
  expect(await listIds(driver, 'index')).toEqual([kept.id, put.id].sort())
  await expect(driver.get(removed)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(driver.put(kept, [utf8('other')])).rejects.toMatchObject({ code: 'EXISTS' })
  await driver.put(removed, [utf8('again')])
  expect(await driver.get(removed)).toEqual(utf8('again'))
  expect(await listIds(below, 'index')).toEqual([kept.id, removed.id].sort())
  expect(await below.get(removed)).toEqual(utf8('removed'))
})
