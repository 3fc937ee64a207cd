import { expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import type { RepositoryId } from '../../src/base/ids.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { TreePackCache } from '../../src/repository/tree-pack-cache.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { objectNamed } from '../support/objects.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the oldest packs make room for new ones, and all of them within the bound', async () => {
  const repository = '00'.repeat(16) as RepositoryId
  const cache = LocalCache.open({ directory: temporaryFolder(), repository, machineKey: new Uint8Array(32) })
  const driver = new FaultyDriver(new MemoryDriver())
  const packs = new TreePackCache(driver, cache, { bytesMax: 250 })
  const names = ['one', 'two', 'three'].map((text) => objectNamed(text))
  for (const name of names) await driver.put(name, [new Uint8Array(100)])
  for (const { id } of names) {
    await packs.read(id, 100)
    // Files within one tick of the clock have no order.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(
    cache
      .list('packs-')
      .map(({ name }) => name.slice(6))
      .sort(),
  ).toEqual(
    names
      .slice(1)
      .map(({ id }) => id)
      .sort(),
  )
  driver.calls.length = 0
  await Promise.all([packs.read(names[1]!.id, 100), packs.read(names[0]!.id, 100), packs.read(names[0]!.id, 100)])
  expect(driver.calls.length).toBe(1)
})
