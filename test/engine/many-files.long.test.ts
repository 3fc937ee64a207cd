import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { diskLines, pointLines } from '../support/point-content.ts'

afterAll(closeSharedPool)

test('a folder of 200,000 different files is backed up though the index must grow under the threads', async () => {
  const f = await EngineFixture.create()
  for (let i = 0; i < 200_000; i++) writeFileSync(f.path(`file-${i}`), `content ${i}`)
  const made = await f.backup()
  expect(made).toMatchObject({ filesNew: 200_000, told: [] })
  expect(await f.backup()).toMatchObject({ filesUnchanged: 200_000, bytesRead: 0, bytesStored: 0 })
  writeFileSync(f.path('file-77777'), 'changed')
  // One blob of the directory is written again, not all of them.
  expect((await f.backup()).bytesStored).toBeLessThan(1 << 20)
  await f.reopen()
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
})
