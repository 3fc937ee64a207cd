import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { recallStoreTest, rememberStoreTest, type StoreTest } from '../../src/service/store-tests.ts'
import { PROBE_CHECKS } from '../../src/storage/probe.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOW_MS = Date.UTC(2026, 10, 21)
const DAY_MS = 86_400_000

function testOf(url: string, change: Partial<StoreTest> = {}): StoreTest {
  const checks = new Map(PROBE_CHECKS.map((check) => [check, check !== 'lists-what-was-just-put']))
  const figures = { exclusivePut: true, latencyMs: 2.5, uploadRate: 1e7, downloadRate: 2e7, speedupAtOnce: 3 }
  return { url, testedMs: NOW_MS, version: '1.2.3', report: { checks, ...figures }, ...change }
}

function onlyFile(state: string): string {
  const folder = join(state, 'store-tests')
  const [name = ''] = readdirSync(folder)
  return join(folder, name)
}

describe('the result of a test of a store', () => {
  test('is remembered for its location alone, in a file that only its owner reads', async () => {
    const state = temporaryFolder()
    await rememberStoreTest(state, testOf('s3://bucket/a'))
    expect(recallStoreTest(state, 's3://bucket/a', NOW_MS)).toMatchObject(testOf('s3://bucket/a'))
    expect(recallStoreTest(state, 's3://bucket/b', NOW_MS)).toBeUndefined()
    expect(statSync(onlyFile(state)).mode & 0o777).toBe(0o600)
  })

  test('gives way to a newer one', async () => {
    const state = temporaryFolder()
    await rememberStoreTest(state, testOf('/srv'))
    const newer = testOf('/srv', { testedMs: NOW_MS + 1, version: '1.2.4' })
    await rememberStoreTest(state, newer)
    expect(recallStoreTest(state, '/srv', NOW_MS + 1)).toMatchObject(newer)
  })

  test('is forgotten after 30 days, and when its date lies in the future', async () => {
    const state = temporaryFolder()
    await rememberStoreTest(state, testOf('/srv'))
    expect(recallStoreTest(state, '/srv', NOW_MS + 30 * DAY_MS - 1)).toBeDefined()
    expect(recallStoreTest(state, '/srv', NOW_MS + 30 * DAY_MS)).toBeUndefined()
    expect(recallStoreTest(state, '/srv', NOW_MS - 1)).toBeUndefined()
    await rememberStoreTest(state, testOf('/other', { testedMs: NOW_MS + 31 * DAY_MS }))
    expect(readdirSync(join(state, 'store-tests'))).toHaveLength(1)
  })

  test('counts for nothing when its file is not as this version writes it', async () => {
    const state = temporaryFolder()
    await rememberStoreTest(state, testOf('/srv'))
    const file = onlyFile(state)
    const good = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    const bad: unknown[] = [
      { ...good, format: 2 },
      { ...good, url: '/elsewhere' },
      { ...good, latencyMs: -1 },
      { ...good, uploadRate: 'fast' },
      { ...good, checks: { 'does-my-homework': true } },
      { ...good, checks: { 'gives-ranges': 'yes' } },
      { ...good, testedMs: 1.5 },
      { ...good, more: 1 },
      [],
      null,
    ]
    for (const text of ['', '{', '\0'.repeat(100), ...bad.map((value) => JSON.stringify(value))]) {
      writeFileSync(file, text)
      expect(recallStoreTest(state, '/srv', NOW_MS), text).toBeUndefined()
    }
    writeFileSync(file, JSON.stringify(good))
    expect(recallStoreTest(state, '/srv', NOW_MS)).toBeDefined()
  })

  test('in a file of a size that nobody wrote is told', async () => {
    const state = temporaryFolder()
    await rememberStoreTest(state, testOf('/srv'))
    writeFileSync(onlyFile(state), ' '.repeat(1 << 20))
    expect(() => recallStoreTest(state, '/srv', NOW_MS)).toThrow(/is not a file of at most/)
  })

  test('says how many connections suit the store', async () => {
    const state = temporaryFolder()
    const of = async (speedupAtOnce: number): Promise<number | undefined> => {
      await rememberStoreTest(state, testOf('/srv', { report: { ...testOf('/srv').report, speedupAtOnce } }))
      return recallStoreTest(state, '/srv', NOW_MS)?.connections
    }
    const found: unknown[] = []
    for (const speedup of [0.5, 1.4, 1.5, 5.9, 6, 8]) found.push(await of(speedup))
    expect(found).toEqual([2, 2, undefined, undefined, 16, 16])
  })
})
