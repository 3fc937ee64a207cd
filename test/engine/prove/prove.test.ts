import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { present } from '../../../src/base/assert.ts'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { collect } from '../../../src/base/collect.ts'
import { chooseSample, type Sample } from '../../../src/engine/prove/choose-sample.ts'
import { type Proof, prove } from '../../../src/engine/prove/prove.ts'
import { closeSharedPool, EngineFixture, sharedPool } from '../../support/engine-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'

afterAll(closeSharedPool)

const { signal } = new AbortController()
const BYTES_MAX = 1 << 20
const PER_FOLDER = 20
/** When files were made, in seconds since 1970. */
const MADE_S = 1_600_000_000

/** A point of some folders of files, a folder that holds nothing, and one that holds too much. */
async function filled(): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  for (const folder of ['a', 'b', 'c/deep']) {
    mkdirSync(f.path(folder), { recursive: true })
    for (let i = 0; i < PER_FOLDER; i++) {
      writeFileSync(f.path(folder, `file ${i}`), patternBytes(100 + i, i))
      utimesSync(f.path(folder, `file ${i}`), MADE_S, MADE_S)
    }
    symlinkSync('file 1', f.path(folder, 'link'))
  }
  mkdirSync(f.path('empty'))
  mkdirSync(f.path('huge'))
  writeFileSync(f.path('huge', 'one'), patternBytes(2 * BYTES_MAX, 1))
  await f.backup()
  return f
}

async function placeOf(f: EngineFixture) {
  const view = await f.view()
  const path = byteStringOf(f.source)
  return { view, path, entry: present(await view.lookup(path), 'the source') }
}

async function sampleOf(f: EngineFixture, seed: string, files = 10): Promise<Sample> {
  const { view, path, entry } = await placeOf(f)
  const randomness = seededRandomness(seed)
  return chooseSample(view, { path, entry, files, bytesMax: BYTES_MAX, randomness, signal })
}

async function proofOf(f: EngineFixture, seed = 'proof', files = 10): Promise<Proof & { readonly scratch: string }> {
  const { view, path, entry } = await placeOf(f)
  const scratch = mkdtempSync(join(f.folder, 'scratch-'))
  const proof = await prove({
    ...{ view, path, entry, files, bytesMax: BYTES_MAX, signal, clock: systemClock, workers: sharedPool() },
    ...{ repository: f.repository, randomness: seededRandomness(seed), scratch: byteStringOf(scratch) },
  })
  return { ...proof, scratch }
}

describe('a sample', () => {
  test('has different files as asked for, one folder within the bounds, and knows how much there is', async () => {
    const f = await filled()
    const { files, folder, total } = await sampleOf(f, 'one')
    expect(new Set(files.map(({ path }) => path)).size).toBe(10)
    expect(files.every(({ bytes }) => bytes <= BYTES_MAX)).toBe(true)
    expect(present(folder, 'a folder').bytes).toBeLessThanOrEqual(BYTES_MAX)
    // 61 files, 3 links, 6 folders.
    expect(total.entries).toBe(3 * PER_FOLDER + 1 + 3 + 6)
    expect(total.bytes).toBe(2 * BYTES_MAX + 3 * (PER_FOLDER * 100 + 190))
  })

  test('is another one with other random numbers, and the same with the same', async () => {
    const f = await filled()
    expect(await sampleOf(f, 'one')).toEqual(await sampleOf(f, 'one'))
    expect(await sampleOf(f, 'two')).not.toEqual(await sampleOf(f, 'one'))
  })

  test('chooses every file and every folder that it may, about as often as it should', async () => {
    const f = await filled()
    const files = new Map<ByteString, number>()
    const folders = new Map<string, number>()
    for (let i = 0; i < 200; i++) {
      const sample = await sampleOf(f, `seed ${i}`, 6)
      for (const { path } of sample.files) files.set(path, (files.get(path) ?? 0) + 1)
      const name = sample.folder?.path.slice(f.source.length + 1) ?? ''
      folders.set(name, (folders.get(name) ?? 0) + 1)
    }
    // Each of 60 files 20 times on average.
    expect(files.size).toBe(3 * PER_FOLDER)
    expect(Math.max(...files.values())).toBeLessThan(45)
    expect([...folders.keys()].sort()).toEqual(['a', 'b', 'c', 'c/deep'])
    expect(Math.min(...folders.values())).toBeGreaterThan(25)
  })

  test('of one file is that file', async () => {
    const f = await filled()
    const { view } = await placeOf(f)
    const path = byteStringOf(f.path('a', 'file 1'))
    const entry = present(await view.lookup(path), 'the file')
    const options = { path, entry, files: 5, bytesMax: BYTES_MAX, randomness: seededRandomness('x'), signal }
    expect(await chooseSample(view, options)).toEqual({
      ...{ files: [{ path, bytes: 101 }], folder: undefined, total: { entries: 1, bytes: 101 } },
    })
  })
})

describe('a proof', () => {
  test('restores the sample, compares all of it with point and source, and projects the time of a whole restore', async () => {
    const f = await filled()
    const proof = await proofOf(f)
    expect(proof.failures).toEqual([])
    expect(proof.unlikeSource).toEqual([])
    const folder = present(proof.sample.folder, 'a folder')
    const outside = proof.sample.files.filter(({ path }) => !path.startsWith(`${folder.path}/`))
    // A folder of 20 files holds a link as well.
    expect(proof.comparedWithSource).toBe(outside.length + PER_FOLDER)
    expect(proof.restored.entries).toBeGreaterThan(folder.entries)
    expect(proof.wouldTakeMs).toBeGreaterThan(10 * proof.durationMs)
    expect(readdirSync(proof.scratch).length).toBeGreaterThan(0)
  })

  test('finds a source that holds something else though it looks the same; one that changed says nothing', async () => {
    const f = await filled()
    for (const folder of ['a', 'b', 'c/deep']) {
      for (let i = 0; i < PER_FOLDER; i += 2) writeFileSync(f.path(folder, `file ${i}`), 'changed since')
      rmSync(f.path(folder, 'file 0'))
      const path = f.path(folder, 'file 1')
      writeFileSync(path, patternBytes(101, 99))
      utimesSync(path, MADE_S, MADE_S)
    }
    const proof = await proofOf(f, 'changed', 60)
    expect(proof.failures).toEqual([])
    expect(proof.comparedWithSource).toBe((3 * PER_FOLDER) / 2)
    expect([...proof.unlikeSource].sort()).toEqual(['a', 'b', 'c/deep'].map((folder) => f.path(folder, 'file 1')))
  })

  test('names what the store has damaged, and compares the rest', async () => {
    const f = await filled()
    const packs = await collect(f.driver.list('packs'))
    const largest = present(packs.toSorted((a, b) => b.bytes - a.bytes)[0], 'the pack of contents')
    f.driver.replace(largest.name, new Uint8Array(largest.bytes))
    const proof = await proofOf(f)
    expect(proof.failures.length).toBeGreaterThan(0)
    expect(proof.failures.length + proof.comparedWithSource).toBeGreaterThanOrEqual(PER_FOLDER)
  })

  test('of an empty folder says that there is nothing', async () => {
    const f = await EngineFixture.create()
    await f.backup()
    expect(await proofOf(f)).toMatchObject({ restored: { entries: 0, bytes: 0 }, wouldTakeMs: 0 })
  })
})
