import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import { checkObjects } from '../../../src/engine/check/check-objects.ts'
import type { Finding, ObjectsReport } from '../../../src/engine/check/check-types.ts'
import { putObject } from '../../../src/repository/stored-object.ts'
import type { Driver } from '../../../src/storage/driver.ts'
import { closeSharedPool, sharedPool } from '../../support/engine-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

afterAll(closeSharedPool)

async function run(driver: Driver): Promise<ObjectsReport & { readonly findings: Finding[] }> {
  const findings: Finding[] = []
  const events = { finding: (finding: Finding) => void findings.push(finding) }
  const signal = new AbortController().signal
  return { ...(await checkObjects({ driver, workers: sharedPool(), events, signal })), findings }
}

test('objects larger than what is read at once are hashed piece by piece, on any driver', async () => {
  const large = patternBytes(20_000_000, 1)
  const folder = temporaryFolder()
  for (const driver of [new MemoryDriver(), await openLocalDriver({ root: folder })]) {
    await putObject(driver, 'packs', [large])
    await putObject(driver, 'config', [])
    expect(await run(driver)).toEqual({
      objects: 2,
      bytes: large.byteLength,
      damage: 0,
      leftovers: { files: 0, bytes: 0 },
      findings: [],
    })
  }
})

test('what dead writers left behind is told, and is no damage', async () => {
  const folder = temporaryFolder()
  const driver = await openLocalDriver({ root: folder })
  await putObject(driver, 'config', [new Uint8Array(3)])
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  writeFileSync(join(folder, 'tmp', 'aa'), 'half')
  const { damage, leftovers, findings } = await run(driver)
  expect([damage, leftovers]).toEqual([0, { files: 1, bytes: 4 }])
  expect(findings.map(({ kind, problem }) => [kind, problem.context['path']])).toEqual([
    ['note', join(folder, 'tmp', 'aa')],
  ])
})

test('where there is not one object there is no repository', async () => {
  await expect(run(new MemoryDriver())).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
})
