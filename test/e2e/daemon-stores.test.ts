import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { ChildRunner } from '../../src/service/jobs/child-runner.ts'
import type { Job } from '../../src/service/jobs/job.ts'
import { DaemonPlace } from '../support/daemon-place.ts'
import { eventually } from '../support/eventually.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { PROGRAM } from '../support/program.ts'
import { rootTest } from '../support/root-test.ts'
import { INSTANCE, SimulatedDaemon } from '../support/simulated-daemon.ts'
import { startSshServer } from '../support/ssh-server.ts'
import { temporaryVolume } from '../support/temporary-folder.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** What the fourth attempt waits for, at most. */
const RETRIES_MS = [MINUTE_MS, 4 * MINUTE_MS, 16 * MINUTE_MS]

/** A daemon whose time is simulated, and whose commands are real. */
class StoreDaemon extends SimulatedDaemon {
  readonly #place: DaemonPlace

  constructor(place: DaemonPlace) {
    const plan = { sources: place.source, repository: 'store', trigger: '@at 2:00', steps: ['incremental'] }
    super({
      configuration: `${readFileSync(place.configFile, 'utf8')}plans: ${JSON.stringify({ home: plan })}\n`,
      nowMs: Date.UTC(2026, 5, 1, 12),
      timeZone: 'UTC',
    })
    this.#place = place
  }

  async begin(): Promise<void> {
    const { environment, folder } = this.#place
    await this.start({
      runner: new ChildRunner({ program: [process.execPath, PROGRAM], environment, workingDirectory: folder }),
    })
  }

  /** Lets time pass, and the command come to its end that runs then; returns all jobs, the oldest first. */
  async passAndWait(ms: number): Promise<readonly Job[]> {
    await this.pass(ms)
    const all = async () => (await this.jobs.list({ instance: INSTANCE, limit: 10 })).jobs
    const jobs = await eventually(all, (found) => found.every(({ state }) => state !== 'running'))
    await this.settle()
    return jobs.toReversed()
  }

  async titles(): Promise<string[]> {
    const kept = await this.notifications.list({ instance: INSTANCE, limit: 100 })
    return kept.map(({ title }) => title).toReversed()
  }
}

test('a server that is away has its backup tried again as long as that may help, is told once, and its return is told', async () => {
  const ssh = await startSshServer()
  onTestFinished(() => ssh[Symbol.asyncDispose]())
  const place = new DaemonPlace()
  await place.init()
  const folder = join(place.home, '.ssh')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'id_ed25519'), readFileSync(ssh.keyFile), { mode: 0o600 })
  writeFileSync(join(folder, 'known_hosts'), ssh.knownHosts)
  writeFileSync(join(place.source, 'file'), 'content')
  place.configure({ store: `sftp://127.0.0.1:${ssh.port}${place.repository}` }, '')
  const daemon = new StoreDaemon(place)
  await daemon.begin()
  await ssh.kill()

  expect(await daemon.passAndWait(14 * 60 * MINUTE_MS)).toMatchObject([{ state: 'queued', failures: 1 }])
  for (const [index, ms] of RETRIES_MS.entries()) {
    expect(await daemon.titles()).toEqual([])
    const [job] = await daemon.passAndWait(ms)
    expect(job?.runs).toBe(index + 2)
  }
  const [given] = await daemon.passAndWait(0)
  expect(given).toMatchObject({ state: 'errored', runs: 4, result: { error: { code: 'STORE_UNAVAILABLE' } } })
  expect(await daemon.titles()).toEqual(['home: incremental failed'])

  await ssh.start()
  expect(await daemon.passAndWait(DAY_MS)).toMatchObject([{ state: 'errored' }, { state: 'done', runs: 1 }])
  expect(await daemon.titles()).toEqual(['home: incremental failed', 'Over: home: incremental failed'])
  expect(await daemon.holding()).toEqual([])
  expect(daemon.problems).toEqual([])
})

rootTest(
  'a store that is full fails its backup clearly and at once; with room again the next one succeeds',
  async () => {
    const volume = temporaryVolume(4 << 20)
    const place = new DaemonPlace()
    await place.init()
    const store = join(volume.path, 'repository')
    cpSync(place.repository, store, { recursive: true })
    place.configure({ store }, '')
    writeFileSync(join(place.source, 'large'), patternBytes(8 << 20, 1))
    const daemon = new StoreDaemon(place)
    await daemon.begin()

    const [failed] = await daemon.passAndWait(14 * 60 * MINUTE_MS)
    expect(failed).toMatchObject({ state: 'errored', runs: 1, result: { error: { code: 'STORE_FULL' } } })
    expect(failed?.result?.error?.hint).toContain('tidemark prune')
    expect(await daemon.titles()).toEqual(['home: incremental failed'])

    volume.remount(`size=${32 << 20}`)
    expect(await daemon.passAndWait(DAY_MS)).toMatchObject([{ state: 'errored' }, { state: 'done', runs: 1 }])
    expect(await daemon.holding()).toEqual([])
    expect(daemon.problems).toEqual([])
  },
)
