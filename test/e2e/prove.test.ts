import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, sharedPlace, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** Writes a file that always looks as if it had been written at the same time. */
function write(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}

async function makePoint(place: CliPlace): Promise<void> {
  for (const folder of ['a', 'b']) {
    mkdirSync(join(place.source, folder))
    for (let n = 0; n < 10; n++) write(join(place.source, folder, `${n}`), patternBytes(20_000 + n, n))
  }
  await place.init()
  await place.succeed(['backup', place.source])
}

const shared = sharedPlace(makePoint)

test('prove restores a sample and one folder, leaves nothing behind, and says how long all would take', async () => {
  const place = shared()
  const scratch = join(place.folder, 'scratch')
  mkdirSync(scratch)
  const result = await place.succeed(['prove', '--files', '3', '--scratch', scratch, '--json'])
  const summary = summaryOf(result.stdout)
  expect(summary).toMatchObject({ proven: true, errors: 0, unlikeSource: [] })
  expect(summary['folder']).not.toBe(null)
  expect(summary['wouldTakeMs']).toBeGreaterThanOrEqual(0)
  expect(summary['comparedWithSource']).toBeGreaterThanOrEqual(3)
  expect(summary['total']).toMatchObject({ bytes: expect.any(Number) as number })
  expect(readdirSync(scratch)).toEqual([])
  // A newer point of something else is not what was asked for.
  await place.succeed(['backup', join(place.source, 'a')])
  const { stdout } = await place.succeed(['prove', '--source', 'source', '--files', '0'])
  expect(stdout).toContain(String(summary['point']).slice(0, 8))
  expect(stdout).toContain('all read back from the disk and equal to the point')
  expect(stdout).toContain('Back in about')
})

test('a file that holds something else than the point, though it looks the same, is found and named', async () => {
  const place = new CliPlace()
  await makePoint(place)
  const path = join(place.source, 'a', '3')
  const bytes = patternBytes(20_003, 3)
  bytes[1000]! ^= 1
  write(path, bytes)
  const result = await place.run(['prove', '--files', '100', '--json'])
  expect(result.code).toBe(4)
  expect(summaryOf(result.stdout)).toMatchObject({ proven: false, unlikeSource: [{ path }] })
  expect(summaryOf(result.stdout)['comparedWithSource']).toBe(20)
  expect(result.stderr).toContain(path)
})

test('a pack that is damaged proves nothing', async () => {
  const place = new CliPlace()
  await makePoint(place)
  for (const folder of readdirSync(join(place.repository, 'packs'))) {
    for (const name of readdirSync(join(place.repository, 'packs', folder))) {
      const pack = join(place.repository, 'packs', folder, name)
      const { size } = statSync(pack)
      if (size > 100_000) writeFileSync(pack, patternBytes(size, 9))
    }
  }
  const result = await place.run(['prove', '--files', '100', '--json'])
  expect(result.code).toBe(4)
  expect(summaryOf(result.stdout)).toMatchObject({ proven: false })
})

test('what cannot be is told: a number that is none, a point that is not there', async () => {
  const place = shared()
  expect(await place.run(['prove', '--files', 'many'])).toMatchObject({ code: 2 })
  expect(await place.run(['prove', 'ffffffff'])).toMatchObject({ code: 2 })
})

test('what proves nothing is not called proven: bounds that nothing fits into, a folder that is not there', async () => {
  const place = shared()
  const nothing = await place.run(['prove', '--max-size', '0', '--json'])
  expect(nothing.code).toBe(2)
  expect(nothing.stdout).not.toContain('proven')
  expect(nothing.stderr).toMatch(/nothing can be restored as a sample/)
  const nowhere = await place.run(['prove', '--scratch', join(place.folder, 'missing')])
  expect(nowhere.code).toBe(2)
  expect(nowhere.stderr).toMatch(/nothing can be restored to .*missing \(ENOENT\)/)
})
