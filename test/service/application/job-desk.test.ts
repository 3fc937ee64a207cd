import { expect, onTestFinished, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { ownIdentity, type ProcessIdentity } from '../../../src/base/process-identity.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import type { Scheduler } from '../../../src/repository/run-object.ts'
import { ASKED_KIND } from '../../../src/service/jobs/asked-handler.ts'
import { JobDesk, type JobDeskOptions } from '../../../src/service/application/job-desk.ts'
import type { HostData, JobData } from '../../../src/service/application/shown.ts'
import type { KeptEnd } from '../../../src/service/jobs/command-ends.ts'
import { COMMAND_KIND, encodeCommandMessage } from '../../../src/service/jobs/command-message.ts'
import type { JobId, Json } from '../../../src/service/jobs/job.ts'
import type { JobRunner, RunRequest } from '../../../src/service/jobs/job-runner.ts'
import { SqliteJobStore } from '../../../src/service/jobs/sqlite-job-store.ts'
import { newWorkerName } from '../../../src/service/jobs/worker-name.ts'
import { INSTANCE } from '../../support/job-fixture.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

/** Runs nothing: says what it was asked to run, and waits to be told how it ends. */
class HandRunner implements JobRunner {
  readonly asked: RunRequest[] = []
  readonly leftovers: ProcessIdentity[] = []
  /** What commands wrote as they ended, by their runs. */
  readonly ends = new Map<string, KeptEnd>()
  exitCode = 0
  summary: Record<string, Json> | undefined

  async run(request: RunRequest): ReturnType<JobRunner['run']> {
    this.asked.push(request)
    await request.onStarted({ pid: 1, started: '' })
    request.onEvent({
      type: 'progress',
      step: 'backup',
      bytesDone: 5,
      bytesFound: 10,
      scanned: true,
      path: '/a\u001b[2J',
    })
    if (this.summary !== undefined) request.onEvent({ type: 'summary', ...this.summary })
    await new Promise<void>((resolve) => {
      if (this.exitCode === 0) resolve()
      request.signal.addEventListener('abort', () => resolve())
    })
    return { exitCode: request.signal.aborted ? 130 : 0, signal: undefined, timedOut: false }
  }

  async endLeftover(process: ProcessIdentity): Promise<void> {
    this.leftovers.push(process)
  }

  endOf(run: string): KeptEnd | undefined {
    return this.ends.get(run)
  }

  forgetEnd(run: string): void {
    this.ends.delete(run)
  }
}

interface Desk {
  readonly desk: JobDesk
  readonly store: SqliteJobStore
  readonly runner: HandRunner
}

/** What is done every now and then is done here when it is asked for alone. */
const STILL: Scheduler = { every: () => () => undefined }

/** A desk whose daemon is known to be there or not once it has been looked for. */
function openDesk(host: HostData = { kind: 'this-process' }): Desk {
  const daemon: { -readonly [Part in keyof JobDeskOptions['daemon']]: JobDeskOptions['daemon'][Part] } = {
    client: undefined,
    host: { kind: 'this-process' },
    look: async () => void (daemon.host = host),
  }
  const stateDirectory = temporaryMemoryFolder()
  const store = SqliteJobStore.open({ stateDirectory, clock: systemClock, onDamaged: () => undefined })
  const runner = new HandRunner()
  const ports = { clock: systemClock, randomness: systemRandomness, scheduler: STILL }
  const desk = new JobDesk({
    ...{ ...ports, store, runner, daemon, instance: INSTANCE },
    onChange: () => undefined,
  })
  onTestFinished(() => desk[Symbol.asyncDispose]())
  return { desk, store, runner }
}

async function until(desk: JobDesk, state: JobData['state']): Promise<JobData | undefined> {
  await expect.poll(async () => (await desk.list())[0]?.state).toBe(state)
  return (await desk.list())[0]
}

test('a command that is asked for runs with its options in their place, shows how far it is, and can be cancelled', async () => {
  const { desk, runner } = openDesk()
  runner.exitCode = 1
  const job = await desk.ask({ words: ['restore', '--yes', '--', 'p'], repository: 'home', input: '{}' })
  const running = await until(desk, 'running')
  expect(running).toMatchObject({ kind: 'restore', repository: 'home', progress: { part: 0.5, at: '/a\\x1b[2J' } })
  expect(runner.asked[0]?.command).toEqual({
    kind: 'tidemark',
    words: ['restore', '--json', '--repository=home', '--yes', '--', 'p'],
    run: `${job}-1`,
    input: '{}',
  })
  await desk.cancel(job)
  expect(await until(desk, 'cancelled')).toMatchObject({ progress: undefined })
})

/** A job that a dashboard was asked for, which has said nothing of it for a while. */
async function leaveAsked(store: SqliteJobStore, worker: string): Promise<JobId> {
  const message = encodeCommandMessage({ words: ['restore', '--json', '--repository=home'] })
  const longAgoMs = Date.now() - 600_000
  const { id } = await store.add({ instance: INSTANCE, kind: ASKED_KIND, message, retriesMax: 0 }, longAgoMs)
  const claim = { instance: INSTANCE, worker, kinds: [ASKED_KIND], nowMs: longAgoMs, leaseMs: 1000 }
  expect((await store.claim(claim))?.id).toBe(id)
  return id
}

test('a job whose process ended without a word is not begun again by itself, but when somebody wants it', async () => {
  const { desk, store, runner } = openDesk()
  const id = await leaveAsked(store, 'dead')
  await desk.begin()
  const left = await until(desk, 'errored')
  expect([left?.outcome, runner.asked]).toEqual([expect.stringContaining('the program that ran it ended'), []])
  // It is not queued in between, as if it were to wait for somebody.
  expect(left?.attempt).toBe(1)
  await desk.retry(String(id))
  expect(await until(desk, 'done')).toMatchObject({ outcome: undefined })
  expect(runner.asked).toHaveLength(1)
})

test('a job of another dashboard that was stopped for a while is left to it, and goes on when that does', async () => {
  const { desk, store, runner } = openDesk()
  const worker = newWorkerName(systemRandomness)
  const job = await leaveAsked(store, worker)
  await desk.begin()
  expect(await desk.list()).toMatchObject([{ state: 'running', left: undefined, isHere: false, attempt: 1 }])
  await desk.cancel(String(job))
  expect(runner.asked).toEqual([])
  expect(await store.renew({ job, worker, untilMs: Date.now() + 1000 })).toBe('cancel')
})

test('a restore is undone from the point that it made itself, and one that made none from no other', async () => {
  const { desk, runner } = openDesk()
  const restored = async (summary: Record<string, Json>): Promise<string> => {
    runner.summary = summary
    const job = await desk.ask({ words: ['restore', '--yes', '--', 'p'], repository: 'home' })
    await expect.poll(async () => (await desk.list()).find(({ id }) => id === job)?.state).toBe('done')
    return job
  }
  const overwriting = await restored({ undo: 'u1' })
  const creating = await restored({ undo: null })
  const silent = await restored({})
  expect(await desk.undoPointOf(overwriting)).toBe('u1')
  const nothing = { code: 'UNKNOWN_POINT', message: expect.stringContaining('nothing to undo') as string }
  await expect(desk.undoPointOf(creating)).rejects.toMatchObject(nothing)
  await expect(desk.undoPointOf(silent)).rejects.toMatchObject({ code: 'UNKNOWN_POINT' })
  await expect(desk.undoPointOf('99')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

const GONE: HostData = { kind: 'daemon-gone', sinceMs: 1 }
const ALONE = ownIdentity()
/** Of another process of the same number. */
const OVER = { ...ALONE, started: 'another/1' }

/** A job of a daemon that was killed a while ago, while a process did its command. */
async function leave(store: SqliteJobStore, process: typeof ALONE, worker = 'dead'): Promise<JobId> {
  const message = encodeCommandMessage({ words: ['backup', '--json', '--repository=home'] })
  const longAgoMs = Date.now() - 600_000
  const { id } = await store.add({ instance: INSTANCE, kind: COMMAND_KIND, message, plan: 'home' }, longAgoMs)
  await store.claim({ instance: INSTANCE, worker, kinds: [COMMAND_KIND], nowMs: longAgoMs, leaseMs: 1000 })
  await store.note({ job: id, worker, untilMs: longAgoMs + 1000 }, { stage: 'command', process })
  return id
}

test('a job of a killed daemon is told to go on while its command does, and is recorded as what that came to', async () => {
  const { desk, store, runner } = openDesk(GONE)
  const id = await leave(store, ALONE)
  await desk.begin()
  expect(await desk.list()).toMatchObject([{ state: 'running', left: 'goes-on', isHere: false }])
  await store.note({ job: id, worker: 'dead', untilMs: Date.now() - 1 }, { stage: 'command', process: OVER })
  expect(await desk.list()).toMatchObject([{ state: 'running', left: 'has-ended' }])
  runner.ends.set(`${id}-1`, { exitCode: 0, events: [{ type: 'summary', bytesStored: 2048 }] })
  await desk.begin()
  expect(await until(desk, 'done')).toMatchObject({ outcome: '2.0 KiB stored', attempt: 1, left: undefined })
  expect([runner.asked, runner.leftovers]).toEqual([[], [OVER]])
})

test('a job of a killed daemon that did not come to its end is queued for the next one; one that is cancelled is ended', async () => {
  const { desk, store, runner } = openDesk(GONE)
  await leave(store, OVER)
  await desk.begin()
  const wait = { for: 'daemon', repository: undefined, job: undefined, untilMs: undefined }
  expect(await until(desk, 'queued')).toMatchObject({ wait, attempt: 1 })
  const [first] = await desk.list()
  await desk.cancel(first?.id ?? '')
  const id = await leave(store, ALONE)
  await desk.cancel(String(id))
  expect(await until(desk, 'cancelled')).toMatchObject({ id: String(id), outcome: undefined })
  expect([runner.asked, runner.leftovers]).toEqual([[], [OVER, ALONE]])
})

test.each<HostData>([{ kind: 'daemon' }, { kind: 'other-daemon', why: 'it is another' }])(
  'what a killed daemon left is left to the next one that is there (%j)',
  async (host) => {
    const { desk, store, runner } = openDesk(host)
    await leave(store, OVER)
    await desk.begin()
    expect(await desk.list()).toMatchObject([{ state: 'running', left: 'has-ended' }])
    expect(runner.leftovers).toEqual([])
  },
)

test('what a daemon runs that does not answer is left to it, even one that is cancelled and whose lease has lapsed', async () => {
  const { desk, store, runner } = openDesk(GONE)
  const id = await leave(store, ALONE, newWorkerName(systemRandomness))
  await desk.begin()
  await desk.cancel(String(id))
  expect(await store.get(id)).toMatchObject({ state: 'running', cancelRequested: true, interruptions: 0 })
  expect(runner.leftovers).toEqual([])
})

test('a log is read on from where it was read, at most a thousand of its lines at a time', async () => {
  const { desk, store } = openDesk()
  const id = await leave(store, OVER)
  const line = { timeMs: 1, from: 'err' } as const
  const lines = Array.from({ length: 999 }, (_, at) => ({ ...line, text: `line ${at}` }))
  const summary = { ...line, from: 'out', text: '{"type":"summary","filesNew":2,"bytesStored":2048}' } as const
  await store.log(id, 1, [...lines, summary])
  const first = await desk.log(String(id), undefined)
  expect(first).toMatchObject({ place: { run: 1, line: 1000 }, isEnd: false })
  expect(first.lines.slice(-4)).toEqual([
    'line 998',
    'summary',
    expect.stringContaining('2'),
    expect.stringContaining('KiB'),
  ])
  expect(await desk.log(String(id), first.place)).toEqual({ lines: [], place: first.place, isEnd: true })
  // What is no longer kept does not move what comes.
  await store.log(id, 1, [{ ...line, text: 'more\u001b[2J' }])
  expect(await desk.log(String(id), first.place)).toEqual({
    lines: ['more\\x1b[2J'],
    place: { run: 1, line: 1001 },
    isEnd: true,
  })
})

test("jobs of a daemon's plans are shown, and left to it", async () => {
  const { desk, store, runner } = openDesk()
  const message = encodeCommandMessage({ words: ['check', '--json', '--repository=home'] })
  await store.add({ instance: INSTANCE, kind: COMMAND_KIND, plan: 'nightly', message }, Date.now())
  await desk.begin()
  expect(await desk.list()).toMatchObject([{ kind: 'check', plan: 'nightly', state: 'queued', repository: 'home' }])
  expect(runner.asked).toEqual([])
  expect(await desk.lastDoneSinceMs('check', 'home')).toBeUndefined()
})
