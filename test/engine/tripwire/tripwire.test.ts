import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { forget } from '../../../src/engine/forget/forget.ts'
import { acknowledge } from '../../../src/engine/tripwire/acknowledge.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { careContext } from '../../support/care-fixture.ts'
import { EngineFixture, closeSharedPool } from '../../support/engine-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

afterAll(closeSharedPool)

const FILES = 80

/** Text, which compresses, different from file to file and version to version. */
function text(seed: number): string {
  return Array.from({ length: 60 }, (_, i) => `line ${i} of document ${seed * 7919 + i * seed}\n`).join('')
}

async function withDocuments(): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  mkdirSync(f.path('documents'))
  for (let i = 0; i < FILES; i++) writeFileSync(f.path('documents', `${i}.txt`), text(i))
  expect((await f.backup()).suspect).toEqual([])
  return f
}

function encrypt(f: EngineFixture, { suffix }: { readonly suffix: string }): void {
  for (const [i, name] of readdirSync(f.path('documents')).entries()) {
    writeFileSync(f.path('documents', name), patternBytes(3000, 1000 + i))
    renameSync(f.path('documents', name), f.path('documents', `${name}${suffix}`))
  }
}

async function pointsOf(f: EngineFixture): Promise<readonly PointInfo[]> {
  return (await f.repository.chain({ reload: true })).points
}

async function forgetAllButLast(f: EngineFixture): Promise<number[]> {
  const request = { policy: { last: 1 }, timeZone: 'UTC', allInstances: false }
  const options = { dryRun: false, estimate: false } as const
  await forget(careContext(f), request, options, {}, new AbortController().signal)
  return (await pointsOf(f)).map(({ record }) => record.sequence)
}

test.each(['', '.locked'])('a tree whose files were encrypted and named …%s makes a suspect point', async (suffix) => {
  const f = await withDocuments()
  encrypt(f, { suffix })
  const made = await f.backup()
  expect(made.suspect).toEqual([{ reason: 'incompressible', usual: 0, found: FILES }])
  const [first, last] = await pointsOf(f)
  expect(first?.tags).toEqual([])
  expect(last?.tags).toEqual(['suspect'])
  expect(last?.record.tripwire).toMatchObject({ suspicions: made.suspect })
  expect(first?.record.tripwire?.incompressibleBytes).toBe(0)
})

test('photos that weigh more than all documents do not hide that those were encrypted', async () => {
  const f = await EngineFixture.create()
  mkdirSync(f.path('documents'))
  for (let i = 0; i < FILES; i++) writeFileSync(f.path('documents', `${i}.txt`), text(i))
  writeFileSync(f.path('photo.jpg'), patternBytes(2 << 20, 1))
  await f.backup()
  encrypt(f, { suffix: '' })
  expect((await f.backup()).suspect).toEqual([{ reason: 'incompressible', usual: 0, found: FILES }])
})

test('a tree of which half the files are gone makes a suspect point, and so does the next one', async () => {
  const f = await withDocuments()
  for (let i = 0; i < 45; i++) rmSync(f.path('documents', `${i}.txt`))
  const suspect = [{ reason: 'fewer-files', usual: FILES, found: FILES - 45 }]
  expect((await f.backup()).suspect).toEqual(suspect)
  for (let night = 0; night < 3; night++) expect((await f.backup()).suspect).toEqual(suspect)
})

test('the last point before a suspect one is kept until somebody acknowledges that, and then nothing is', async () => {
  const f = await withDocuments()
  await f.backup()
  for (let i = 0; i < 45; i++) rmSync(f.path('documents', `${i}.txt`))
  await f.backup()
  await f.backup()
  expect(await forgetAllButLast(f)).toEqual([2, 3, 4])
  for (const point of (await pointsOf(f)).slice(1)) await acknowledge(f.repository, point, f.clock)
  expect(await forgetAllButLast(f)).toEqual([4])
  expect((await f.backup()).suspect).toEqual([])
  const [again] = await pointsOf(f)
  await expect(acknowledge(f.repository, again!, f.clock)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('photos that are imported are as they should be', async () => {
  const f = await withDocuments()
  mkdirSync(f.path('photos'))
  for (let i = 0; i < 120; i++) writeFileSync(f.path('photos', `${i}.jpg`), patternBytes(20_000, i))
  expect((await f.backup()).suspect).toEqual([])
})

test('a library that never compressed may change', async () => {
  const f = await EngineFixture.create()
  for (let i = 0; i < 60; i++) writeFileSync(f.path(`${i}.jpg`), patternBytes(20_000, i))
  await f.backup()
  for (let i = 0; i < 60; i++) writeFileSync(f.path(`${i}.jpg`), patternBytes(21_000, 500 + i))
  expect((await f.backup()).suspect).toEqual([])
})

test('documents that all change and still compress are as they should be', async () => {
  const f = await withDocuments()
  for (let i = 0; i < FILES; i++) writeFileSync(f.path('documents', `${i}.txt`), text(1000 + i))
  expect((await f.backup()).suspect).toEqual([])
})

test('a cache folder may be deleted, and a few files of a small tree', async () => {
  const f = await withDocuments()
  mkdirSync(f.path('cache'))
  for (let i = 0; i < 60; i++) writeFileSync(f.path('cache', `${i}`), text(2000 + i))
  await f.backup()
  await f.backup()
  rmSync(f.path('cache'), { recursive: true })
  expect((await f.backup()).suspect).toEqual([])
  const small = await EngineFixture.create()
  for (let i = 0; i < 15; i++) writeFileSync(small.path(`${i}`), text(i))
  await small.backup()
  for (let i = 0; i < 12; i++) rmSync(small.path(`${i}`))
  expect((await small.backup()).suspect).toEqual([])
})
