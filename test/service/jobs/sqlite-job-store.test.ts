import { execFile } from 'node:child_process'
import { readdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'

import { afterAll, describe, expect, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { StorageError } from '../../../src/base/errors.ts'
import type { InstanceId } from '../../../src/base/ids.ts'
import { SqliteJobStore } from '../../../src/service/jobs/sqlite-job-store.ts'
import { describeJobStoreContract } from '../../contract/job-store-contract.ts'
import { memoryFolder } from '../../simulation/memory-folder.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryMemoryFolder, temporaryVolume } from '../../support/temporary-folder.ts'

const INSTANCE = 'aa'.repeat(16) as InstanceId
const WORKER = join(import.meta.dirname, '../../support/claiming-jobs-worker.ts')

function open(stateDirectory: string, damages: string[] = []): SqliteJobStore {
  const onDamaged = (movedTo: string): void => void damages.push(movedTo)
  return SqliteJobStore.open({ stateDirectory, clock: systemClock, onDamaged })
}

const folder = mkdtempSync(join(memoryFolder(), 'tidemark-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
let stores = 0

describeJobStoreContract('SQLite', async () => open(join(folder, `state-${stores++}`)))

async function addJobs(store: SqliteJobStore, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await store.add({ instance: INSTANCE, kind: 'work', message: { n } }, 1000)
}

describe('the file', () => {
  test('is its owner’s alone, and what was told to be done is in it for the next process', async () => {
    const state = join(temporaryMemoryFolder(), 'deep', 'state')
    const store = open(state)
    await addJobs(store, 1)
    for (const name of readdirSync(state)) expect(statSync(join(state, name)).mode & 0o777).toBe(0o600)
    // The first process has not closed it: it may be killed at any time.
    const other = open(state)
    expect((await other.list({ instance: INSTANCE, limit: 10 })).jobs.length).toBe(1)
    await other[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  })

  test('processes that open it at once make one store, add each job once, and never claim one both', async () => {
    const state = temporaryMemoryFolder()
    const args = [WORKER, state, INSTANCE, `${Date.now() + 800}`, '30']
    const processes = [1, 2, 3].map(() => promisify(execFile)(process.execPath, args))
    const claimed = (await Promise.all(processes)).flatMap(({ stdout }) =>
      stdout.split('\n').filter(Boolean).map(Number),
    )
    expect(claimed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
  })

  test('10,000 jobs of history are listed within 100 ms', async () => {
    const state = temporaryMemoryFolder()
    const store = open(state)
    fillHistory(join(state, 'jobs.sqlite'), 10_000)
    const times = []
    for (let round = 0; round < 5; round++) {
      const began = process.cpuUsage()
      const page = await store.list({ instance: INSTANCE, limit: 100, states: ['errored'] })
      await store.histories(INSTANCE, ['plan-1', 'plan-2'], 1)
      await store.list({ instance: INSTANCE, limit: 100, plan: 'plan-1', step: 'step-6' })
      const { user, system } = process.cpuUsage(began)
      times.push((user + system) / 1000)
      expect(page.jobs.length).toBe(100)
    }
    // What disturbs one of them is not its own time.
    expect(Math.min(...times)).toBeLessThan(100)
    await store[Symbol.asyncDispose]()
  })
})

/** Puts `count` jobs that have ended into the store, all in one transaction. */
function fillHistory(path: string, count: number): void {
  const database = new DatabaseSync(path)
  const insert = database.prepare(`
    INSERT INTO job (instance, kind, message, plan, step, priority, state, added_ms, due_ms, started_ms, finished_ms,
      retries_max, runs, result)
    VALUES (?, 'work', ?, ?, ?, 0, ?, ?, ?, ?, ?, 3, 1, ?)`)
  const summary = JSON.stringify({ exitCode: 0, summary: { type: 'summary', text: 'x'.repeat(800) } })
  database.exec('BEGIN')
  for (let n = 0; n < count; n++) {
    const state = n % 10 === 0 ? 'errored' : 'done'
    insert.run(INSTANCE, '{"words":["backup"]}', `plan-${n % 20}`, `step-${n % 7}`, state, n, n, n, n + 1, summary)
  }
  database.exec('COMMIT')
  database.close()
}

describe('a file that is not what was written', () => {
  /** Makes a store with three jobs, closed. */
  async function storeWithJobs(): Promise<{ state: string; path: string }> {
    const state = temporaryMemoryFolder()
    const store = open(state)
    await addJobs(store, 3)
    await store[Symbol.asyncDispose]()
    return { state, path: join(state, 'jobs.sqlite') }
  }

  /** Opens it, and expects that it was put aside and that a new store works. */
  async function expectPutAside(state: string, bytes: Buffer): Promise<void> {
    const damages: string[] = []
    const store = open(state, damages)
    expect(damages.length).toBe(1)
    expect(readFileSync(damages[0]!).equals(bytes)).toBe(true)
    expect((await store.list({ instance: INSTANCE, limit: 10 })).jobs).toEqual([])
    await addJobs(store, 1)
    await store[Symbol.asyncDispose]()
    const again = open(state, damages)
    expect((await again.list({ instance: INSTANCE, limit: 10 })).jobs.length).toBe(1)
    expect(damages.length).toBe(1)
    await again[Symbol.asyncDispose]()
  }

  test('is put aside when it is no database', async () => {
    const { state, path } = await storeWithJobs()
    writeFileSync(path, 'hello, I am a text file\n'.repeat(500))
    await expectPutAside(state, readFileSync(path))
  })

  test('is put aside when it was cut off', async () => {
    const { state, path } = await storeWithJobs()
    truncateSync(path, statSync(path).size / 2)
    await expectPutAside(state, readFileSync(path))
  })

  test('is put aside when pages of it are noise', async () => {
    const { state, path } = await storeWithJobs()
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 4096, 12_288)
    writeFileSync(path, bytes)
    await expectPutAside(state, bytes)
  })

  test.each([
    ['a state that there is not', "UPDATE job SET state = 'sleeping' WHERE id = 2"],
    ['a message that is not JSON', "UPDATE job SET message = '{' WHERE id = 2"],
    ['a time beyond what can be read', 'UPDATE job SET due_ms = 9223372036854775807 WHERE id = 2'],
    ['a running job that nobody runs', "UPDATE job SET state = 'running' WHERE id = 2"],
    ['tables that do something else', 'ALTER TABLE job ADD COLUMN more TEXT'],
    ['something that acts by itself', 'CREATE TRIGGER t AFTER INSERT ON job BEGIN DELETE FROM run; END'],
  ])('is put aside when it holds %s', async (_, sql) => {
    const { state, path } = await storeWithJobs()
    const database = new DatabaseSync(path)
    database.exec(`PRAGMA ignore_check_constraints = ON; ${sql}`)
    database.close()
    await expectPutAside(state, readFileSync(path))
  })

  test('is put aside when it is another program’s', async () => {
    const state = temporaryMemoryFolder()
    const path = join(state, 'jobs.sqlite')
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE job (id INTEGER)')
    database.close()
    await expectPutAside(state, readFileSync(path))
  })

  test('is left alone when a later version wrote it', async () => {
    const { state, path } = await storeWithJobs()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    const bytes = readFileSync(path)
    expect(() => open(state)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }))
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('does not take a call down that does not understand what another program wrote', async () => {
    const { state, path } = await storeWithJobs()
    const database = new DatabaseSync(path)
    database.exec(`UPDATE job SET result = '{"exitCode":"none"}', progress = '[1]', note = '7' WHERE id = 1`)
    database.close()
    const store = open(state)
    const job = (await store.list({ instance: INSTANCE, limit: 10 })).jobs.at(-1)
    expect(job).toMatchObject({ id: 1, message: { n: 0 } })
    expect(job?.result).toBeUndefined()
    await store[Symbol.asyncDispose]()
  })
})

rootTest('a disk that is full is told, harms nothing, and is forgotten once there is room', async () => {
  const { path } = temporaryVolume(1 << 20)
  const store = open(join(path, 'state'))
  await addJobs(store, 3)
  const ballast = join(path, 'ballast')
  expect(() => {
    for (;;) writeFileSync(ballast, new Uint8Array(4096), { flag: 'a' })
  }).toThrow('ENOSPC')
  await expect(addJobs(store, 1000)).rejects.toMatchObject({ code: 'STORE_FULL', retry: 'transient' })
  const { length } = (await store.list({ instance: INSTANCE, limit: 1000 })).jobs
  expect(length).toBeGreaterThanOrEqual(3)
  rmSync(ballast)
  await addJobs(store, 1)
  expect((await store.list({ instance: INSTANCE, limit: 1000 })).jobs.length).toBe(length + 1)
  await store[Symbol.asyncDispose]()
})

test('what is no folder is told', () => {
  const state = join(temporaryMemoryFolder(), 'file')
  writeFileSync(state, '')
  expect(() => open(state)).toThrow(StorageError)
})
