import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { BitSet } from '../../../src/base/bit-set.ts'
import { display } from '../../../src/base/byte-string.ts'
import { reach, type ReachProblem } from '../../../src/engine/reach/reach.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

afterAll(closeSharedPool)

interface Reached {
  readonly needed: BitSet
  readonly problems: readonly ReachProblem[]
  /** Entries of the index that hold a blob. */
  readonly known: readonly number[]
}

async function reached(
  f: EngineFixture,
  choose?: (points: readonly PointInfo[]) => readonly PointInfo[],
): Promise<Reached> {
  await f.reopen()
  const index = await f.repository.index()
  const blobs = f.repository.blobsIn(index)
  const { points } = await f.repository.chain({ reload: true })
  const problems: ReachProblem[] = []
  const needed = await reach({
    index,
    blobs,
    points: choose === undefined ? points : choose(points),
    onProblem: (problem) => problems.push(problem),
  })
  const known: number[] = []
  for (let entry = 0; entry < index.blobs.entryBound; entry++) {
    if ((index.blobs.location(entry)?.length ?? 0) > 0) known.push(entry)
  }
  return { needed, problems, known }
}

function fill(f: EngineFixture): void {
  mkdirSync(f.path('a/b'), { recursive: true })
  writeFileSync(f.path('a/one'), 'one')
  writeFileSync(f.path('a/b/two'), 'two')
  // So many chunks that their ids stand in lists.
  writeFileSync(f.path('a/large'), patternBytes(24_000_000, 1))
  mkdirSync(f.path('wide'))
  for (let i = 0; i < 1500; i++) writeFileSync(f.path('wide', `file ${i}`), `content ${i}`)
}

test('a point alone in its repository needs every blob there is', async () => {
  const f = await EngineFixture.create()
  fill(f)
  await f.backup()
  const { needed, problems, known } = await reached(f)
  expect(problems).toEqual([])
  expect(known.length).toBeGreaterThan(1540)
  expect(known.every((entry) => needed.has(entry))).toBe(true)
  expect(needed.count).toBe(known.length)
})

test('what only another point needs is not reached, what both share is reached once', async () => {
  const f = await EngineFixture.create()
  fill(f)
  await f.backup()
  rmSync(f.path('a/large'))
  writeFileSync(f.path('a/new'), 'new')
  await f.backup()
  const both = await reached(f)
  const [first, second] = [
    await reached(f, (points) => points.slice(0, 1)),
    await reached(f, (points) => points.slice(1)),
  ]
  expect(both.needed.count).toBe(both.known.length)
  // The new file, the four directories above it and its own, at the least; the lists and chunks of the large one.
  expect(both.needed.count - first.needed.count).toBeGreaterThan(2)
  expect(both.needed.count - second.needed.count).toBeGreaterThan(30)
  for (const entry of both.known) {
    expect(both.needed.has(entry)).toBe(first.needed.has(entry) || second.needed.has(entry))
  }
  const none = await reached(f, () => [])
  expect(none.needed.count).toBe(0)
})

test('each damaged or missing blob is told with its point and path, and the rest is reached', async () => {
  const f = await EngineFixture.create()
  fill(f)
  await f.backup()
  const before = await reached(f)
  const index = await f.repository.index()
  const trees = Array.from({ length: index.packs.size }, (_, row) => index.packs.row(row)).filter(
    ({ kind }) => kind === 'tree',
  )
  expect(trees.length).toBe(1)
  await f.repository.driver.remove({ kind: 'packs', id: trees[0]!.id })
  await f.loseCache()
  const { needed, problems } = await reached(f)
  expect(problems.length).toBe(1)
  expect(problems[0]).toMatchObject({ path: '/', error: { code: 'BLOB_MISSING' } })
  expect(needed.count).toBeLessThan(before.needed.count)
})

test('a file whose blobs no index names is told by its path', async () => {
  const f = await EngineFixture.create()
  fill(f)
  await f.backup()
  const [indexOfFirst] = (await f.repository.index()).indexIds
  writeFileSync(f.path('a/b/two'), 'another two')
  await f.backup()
  await f.repository.driver.remove({ kind: 'index', id: indexOfFirst! })
  const { problems } = await reached(f, (points) => points.slice(1))
  const paths = problems.map(({ path }) => display(path).slice(f.source.length))
  expect(problems.every(({ error }) => error.code === 'BLOB_MISSING')).toBe(true)
  expect(paths).toContain('/a/one')
  expect(paths).toContain('/a/large')
  expect(paths).not.toContain('/a/b/two')
  expect(paths).toContain('/wide')
})
