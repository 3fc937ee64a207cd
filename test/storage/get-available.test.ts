import { expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import type { ObjectInfo, ObjectName } from '../../src/storage/driver.ts'
import { getAvailable } from '../../src/storage/get-available.ts'
import { freshName } from '../support/objects.ts'

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i)

async function stored(driver: MemoryDriver): Promise<ObjectName> {
  const name = freshName()
  await driver.put(name, [BYTES])
  return name
}

test.each([
  [{ offset: 0, length: 100 }, BYTES],
  [{ offset: 90, length: 10 }, BYTES.subarray(90)],
  [{ offset: 90, length: 11 }, BYTES.subarray(90)],
  [{ offset: 0, length: 2 ** 40 }, BYTES],
  [{ offset: 100, length: 1 }, new Uint8Array()],
  [{ offset: 2 ** 40, length: 1 }, new Uint8Array()],
])('of %o there is what lies in the object', async (range, bytes) => {
  const driver = new MemoryDriver()
  expect(await getAvailable(driver, await stored(driver), range)).toEqual(bytes)
})

test('an object that is not there is not an empty one', async () => {
  const nothing = getAvailable(new MemoryDriver(), freshName(), { offset: 0, length: 1 })
  await expect(nothing).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a store that says it has more than it gives is told so, not asked for ever', async () => {
  class Boastful extends MemoryDriver {
    override async stat(name: ObjectName): Promise<ObjectInfo> {
      return { name, bytes: 1000 }
    }
  }
  const driver = new Boastful()
  const reading = getAvailable(driver, await stored(driver), { offset: 0, length: 200 })
  await expect(reading).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
})
