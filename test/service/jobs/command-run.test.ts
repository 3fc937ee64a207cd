import { describe, expect, test } from 'vitest'

import { StorageError } from '../../../src/base/errors.ts'
import type { ProcessIdentity } from '../../../src/base/process-identity.ts'
import { ASKED_KIND, AskedHandler } from '../../../src/service/jobs/asked-handler.ts'
import type { KeptEnd } from '../../../src/service/jobs/command-ends.ts'
import { CommandHandler } from '../../../src/service/jobs/command-handler.ts'
import { COMMAND_KIND, type CommandMessage, encodeCommandMessage } from '../../../src/service/jobs/command-message.ts'
import type { JobRunner, RunEnd, RunRequest } from '../../../src/service/jobs/job-runner.ts'
import type { Job, NewJob } from '../../../src/service/jobs/job.ts'
import type { Worker } from '../../../src/service/jobs/worker.ts'
import { JobPlace, settled, withOther } from '../../support/job-fixture.ts'

const DONE: RunEnd = { exitCode: 0, signal: undefined, timedOut: false }
const HOOKS = {
  before: [hook('before-1'), hook('before-2')],
  after: [hook('after-1'), hook('after-2')],
  onFailure: [hook('failure-1')],
}

function hook(name: string): { command: string[]; limitMs: number } {
  return { command: [name, 'now'], limitMs: 5000 }
}

type Act = (request: RunRequest) => RunEnd | Promise<RunEnd>

/** Runs nothing, and remembers what it was asked to run. What is not told otherwise succeeds. */
class TestRunner implements JobRunner {
  readonly ran: string[] = []
  readonly requests = new Map<string, RunRequest>()
  readonly ended: unknown[] = []
  readonly acts: Record<string, Act> = {}
  /** What commands wrote as they ended, by their runs. */
  readonly ends = new Map<string, KeptEnd>()
  #pid = 1000

  async run(request: RunRequest): Promise<RunEnd> {
    const { command } = request
    const name = (command.kind === 'hook' ? command.command[0] : command.words.join(' ')) ?? ''
    await request.onStarted({ pid: this.#pid++, started: 'then' })
    this.ran.push(name)
    this.requests.set(name, request)
    return this.acts[name]?.(request) ?? DONE
  }

  async endLeftover(process: ProcessIdentity, kind: string): Promise<void> {
    this.ended.push([process.pid, kind])
  }

  endOf(run: string): KeptEnd | undefined {
    return this.ends.get(run)
  }

  forgetEnd(run: string): void {
    this.ends.delete(run)
  }

  /** What a hook found in its environment. */
  variables(name: string): Readonly<Record<string, string>> {
    const command = this.requests.get(name)?.command
    return command?.kind === 'hook' ? command.variables : {}
  }
}

class Place extends JobPlace {
  readonly runner = new TestRunner()
  readonly handlers = { [COMMAND_KIND]: new CommandHandler({ runner: this.runner, clock: this.time }) }
  readonly worker1: Worker = this.worker(this.handlers)

  async command(message: Partial<CommandMessage> = {}, job: Partial<NewJob> = {}): Promise<Job> {
    const all = { words: ['backup'], hooks: HOOKS, ...message }
    return this.add({ kind: COMMAND_KIND, message: encodeCommandMessage(all), plan: 'home', step: 'full', ...job })
  }

  /** Adds a job, runs it once and returns what has become of it. */
  async run(message: Partial<CommandMessage> = {}, job: Partial<NewJob> = {}): Promise<Job> {
    const { id } = await this.command(message, job)
    await this.worker1.turn()
    await this.worker1.idle()
    return this.get(id)
  }
}

const failing =
  (exitCode: number): Act =>
  () => ({ ...DONE, exitCode })
const ALL_WELL = ['before-1', 'before-2', 'backup', 'after-1', 'after-2']

describe('hooks', () => {
  test('stand around the command, and are told of what they are for and how it went', async () => {
    const at = new Place()
    const point = 'cc'.repeat(16)
    at.runner.acts['backup'] = ({ onEvent }) => {
      onEvent({ type: 'summary', point })
      return DONE
    }
    const job = await at.run()
    expect(job).toMatchObject({ state: 'done', result: { exitCode: 0, summary: { type: 'summary', point } } })
    expect(at.runner.ran).toEqual(ALL_WELL)
    const common = { TIDEMARK_JOB: `${job.id}`, TIDEMARK_PLAN: 'home', TIDEMARK_STEP: 'full', TIDEMARK_ERROR: '' }
    expect(at.runner.variables('before-1')).toEqual({ ...common, TIDEMARK_OUTCOME: 'begins', TIDEMARK_POINT: '' })
    expect(at.runner.variables('after-2')).toEqual({ ...common, TIDEMARK_OUTCOME: 'done', TIDEMARK_POINT: point })
    expect(at.runner.requests.get('before-1')?.timeLimitMs).toBe(5000)
  })

  test('of before, one that fails leaves the rest and the command out, and errors the job', async () => {
    const at = new Place()
    at.runner.acts['before-1'] = ({ onLine }) => {
      onLine('err', 'the database does not answer')
      return { ...DONE, exitCode: 7 }
    }
    const job = await at.run()
    expect(at.runner.ran).toEqual(['before-1', 'failure-1', 'after-1', 'after-2'])
    expect(job).toMatchObject({ state: 'errored', runs: 1, result: { error: { code: 'HOOK_FAILED' } } })
    expect(job.result?.error?.message).toBe('the command "before-1 now" (before) ended with exit code 7')
    expect(await at.log(job.id)).toContain('hook: the database does not answer')
    expect(at.runner.variables('failure-1')).toMatchObject({
      TIDEMARK_OUTCOME: 'failed',
      TIDEMARK_ERROR: job.result?.error?.message,
    })
  })

  test('on failure are run once no other try is left, after each time', async () => {
    const at = new Place()
    at.runner.acts['backup'] = failing(11)
    const job = await at.run({}, { retriesMax: 1 })
    expect(job).toMatchObject({ state: 'queued', failures: 1 })
    expect(at.runner.ran.splice(0)).toEqual(ALL_WELL)
    await at.time.pass(60_000)
    await at.worker1.turn()
    await at.worker1.idle()
    expect(at.runner.ran).toEqual([...ALL_WELL.slice(0, 3), 'failure-1', 'after-1', 'after-2'])
    expect((await at.get(job.id)).state).toBe('errored')
  })

  test('of after, all are run, and one that fails is told although the point was made', async () => {
    const at = new Place()
    at.runner.acts['after-1'] = () => ({ exitCode: undefined, signal: 'SIGTERM', timedOut: true })
    const job = await at.run()
    expect(at.runner.ran).toEqual(ALL_WELL)
    expect(job).toMatchObject({ state: 'errored', result: { exitCode: 0, error: { code: 'HOOK_FAILED' } } })
    expect(job.result?.error?.message).toBe('the command "after-1 now" (after) was not done within 5.0 s')
  })

  test('after a cancellation, what puts things right is run, and nothing else', async () => {
    const at = new Place()
    at.runner.acts['backup'] = async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { ...DONE, exitCode: 130 }
    }
    const { id } = await at.command()
    await at.worker1.turn()
    await settled()
    await at.worker1.cancel(id)
    await at.worker1.idle()
    expect(at.runner.ran).toEqual(ALL_WELL)
    expect(at.runner.requests.get('after-1')?.signal.aborted).toBe(false)
    expect(at.runner.variables('after-1')).toMatchObject({ TIDEMARK_OUTCOME: 'cancelled' })
    expect(await at.get(id)).toMatchObject({ state: 'cancelled' })
  })

  test('on a full disk nothing begins that could not be noted, and what began comes to its end', async () => {
    const at = new Place()
    let notes = 0
    const note: typeof at.store.note = async (...values) => {
      if (++notes > 2) throw new StorageError('STORE_FULL', 'no room', { retry: 'transient' })
      return at.store.note(...values)
    }
    const { id } = await at.command()
    const worker = at.worker(at.handlers, withOther(at.store, { note }))
    await worker.turn()
    await worker.idle()
    expect(at.runner.ran).toEqual(['before-1', 'before-2', 'after-1', 'after-2'])
    expect(await at.get(id)).toMatchObject({ state: 'queued', result: { error: { code: 'STORE_FULL' } } })
  })
})

describe('after a crash', () => {
  test.each([
    ['before-2', 'hook', ['after-1', 'after-2']],
    ['backup', 'tidemark', ['after-1', 'after-2']],
    ['failure-1', 'hook', ['after-1', 'after-2']],
    ['after-1', 'hook', ['after-1', 'after-2']],
  ])(
    'in the middle of %s, what still runs is ended, and after is run before it begins anew',
    async (name, kind, ran) => {
      const at = new Place()
      let isDead = false
      if (name === 'failure-1') at.runner.acts['backup'] = () => ({ ...DONE, exitCode: isDead ? 0 : 2 })
      at.runner.acts[name] = () => (isDead ? DONE : new Promise<never>(() => undefined))
      const { id } = await at.command()
      await at.dyingWorker(at.handlers).turn()
      await settled()
      const pid = 999 + at.runner.ran.length
      expect(at.runner.ran.splice(0).at(-1)).toBe(name)
      isDead = true
      await at.time.pass(60_000)
      await at.worker1.turn()
      await at.worker1.idle()
      expect(at.runner.ended).toEqual([[pid, kind]])
      expect(at.runner.ran.splice(0)).toEqual(ran)
      expect(at.runner.variables('after-1')).toMatchObject({ TIDEMARK_OUTCOME: 'interrupted' })
      await at.worker1.turn()
      await at.worker1.idle()
      expect(at.runner.ran).toEqual(ALL_WELL)
      expect(await at.get(id)).toMatchObject({ state: 'done', runs: 2 })
    },
  )

  test('of a run that had not begun anything, nothing is to be put right', async () => {
    const at = new Place()
    const { id } = await at.command()
    await at.store.claim({
      instance: (await at.get(id)).instance,
      worker: 'dead',
      kinds: [COMMAND_KIND],
      nowMs: at.time.nowMs(),
      leaseMs: 1,
    })
    await at.time.pass(10)
    await at.worker1.turn()
    await at.worker1.idle()
    expect(at.runner.ran).toEqual([])
    expect(await at.get(id)).toMatchObject({ state: 'queued' })
  })

  const summary = { type: 'summary', point: 'cc'.repeat(16) }
  const damaged = { type: 'error', code: 'MALFORMED', message: 'it is torn', hint: null, transient: false }
  const away = { ...damaged, code: 'STORE_UNAVAILABLE', transient: true }
  test.each<[string, KeptEnd, { isCancelled?: true; outcome: string; job: object; ran?: string[] }]>([
    ['done', { exitCode: 0, events: [summary] }, { outcome: 'done', job: { state: 'done', result: { summary } } }],
    ['done', { exitCode: 3, events: [] }, { isCancelled: true, outcome: 'done', job: { state: 'done' } }],
    [
      'failed',
      { exitCode: 1, events: [damaged] },
      {
        outcome: 'failed',
        job: { state: 'errored', result: { error: { code: 'MALFORMED' } } },
        ran: ['failure-1', 'after-1', 'after-2'],
      },
    ],
    [
      'failed in a way that may pass',
      { exitCode: 1, events: [away] },
      { outcome: 'failed', job: { state: 'queued', failures: 1 } },
    ],
    [
      'ended as it was told to',
      { exitCode: 130, events: [] },
      { outcome: 'interrupted', job: { state: 'queued', interruptions: 1 } },
    ],
    [
      'cancelled',
      { exitCode: 130, events: [] },
      { isCancelled: true, outcome: 'interrupted', job: { state: 'cancelled' } },
    ],
  ])(
    'what a command came to that outlived its worker counts: %s (%j)',
    async (_, end, { isCancelled, outcome, job, ran }) => {
      const at = new Place()
      at.runner.acts['backup'] = () => new Promise<never>(() => undefined)
      const { id } = await at.command()
      await at.dyingWorker(at.handlers).turn()
      await settled()
      at.runner.ran.splice(0)
      at.runner.ends.set(`${id}-1`, end)
      if (isCancelled) await at.store.cancel(id, at.time.nowMs())
      await at.time.pass(60_000)
      await at.worker1.turn()
      await at.worker1.idle()
      expect(at.runner.ran).toEqual(ran ?? ['after-1', 'after-2'])
      expect(at.runner.variables('after-1')).toMatchObject({ TIDEMARK_OUTCOME: outcome })
      expect(await at.get(id)).toMatchObject({ runs: 1, ...job })
      expect(at.runner.ends.size).toBe(0)
    },
  )

  test('a command whose worker was killed after its end is not run again, only what was to follow', async () => {
    const at = new Place()
    at.runner.acts['after-1'] = () => new Promise<never>(() => undefined)
    const { id } = await at.command()
    await at.dyingWorker(at.handlers).turn()
    await settled()
    expect(at.runner.ran.splice(0)).toEqual(ALL_WELL.slice(0, 4))
    delete at.runner.acts['after-1']
    at.runner.ends.set(`${id}-1`, { exitCode: 0, events: [summary] })
    await at.time.pass(60_000)
    await at.worker1.turn()
    await at.worker1.idle()
    expect(at.runner.ran).toEqual(['after-1', 'after-2'])
    expect(at.runner.variables('after-1')).toMatchObject({ TIDEMARK_OUTCOME: 'done', TIDEMARK_POINT: summary.point })
    expect(await at.get(id)).toMatchObject({ state: 'done', runs: 1 })
  })

  test.each([
    [0, 'INTERRUPTED', 'the program that ran it ended'],
    [7, 'HOOK_FAILED', 'the command "after-1 now" (after) ended with exit code 7'],
  ])('one that is not begun anew says so, unless what follows it fails (%i)', async (exitCode, code, message) => {
    const at = new Place()
    const handlers = { [ASKED_KIND]: new AskedHandler(at.handlers[COMMAND_KIND]) }
    at.runner.acts['backup'] = () => new Promise<never>(() => undefined)
    at.runner.acts['after-1'] = failing(exitCode)
    const { id } = await at.command({}, { kind: ASKED_KIND, retriesMax: 0 })
    await at.dyingWorker(handlers).turn()
    await settled()
    await at.time.pass(60_000)
    const worker = at.worker(handlers)
    await worker.turn()
    await worker.idle()
    expect(await at.get(id)).toMatchObject({ state: 'errored', runs: 1, result: { error: { code, message } } })
  })

  test('one that was cancelled meanwhile is put right and not begun anew', async () => {
    const at = new Place()
    at.runner.acts['backup'] = () => new Promise<never>(() => undefined)
    const { id } = await at.command()
    await at.dyingWorker(at.handlers).turn()
    await settled()
    at.runner.ran.splice(0)
    await at.store.cancel(id, at.time.nowMs())
    await at.time.pass(60_000)
    await at.worker1.turn()
    await at.worker1.idle()
    expect(at.runner.ran).toEqual(['after-1', 'after-2'])
    expect(await at.get(id)).toMatchObject({ state: 'cancelled' })
  })
})

describe('exit codes', () => {
  const error =
    (transient: boolean, exitCode = 1, code = 'STORE_UNAVAILABLE'): Act =>
    ({ onEvent }) => {
      onEvent({ type: 'error', code, message: 'no answer', hint: null, exitCode, transient })
      return { ...DONE, exitCode }
    }

  test.each<[string, Act, string, string | undefined]>([
    ['0 is done', failing(0), 'done', undefined],
    ['3 is done, in part', failing(3), 'done', undefined],
    ['1 with an error that may pass is tried again', error(true), 'queued', 'STORE_UNAVAILABLE'],
    ['1 with another error is not', error(false), 'errored', 'STORE_UNAVAILABLE'],
    ['1 without a word is not', failing(1), 'errored', 'FAILED'],
    ['2 is not', failing(2), 'errored', 'FAILED'],
    ['4 is damage', failing(4), 'errored', 'DAMAGE_FOUND'],
    ['10 is not', failing(10), 'errored', 'FAILED'],
    ['10 of a folder that is gone is tried again', error(true, 10, 'NO_REPOSITORY'), 'queued', 'NO_REPOSITORY'],
    ['11 is tried again', failing(11), 'queued', 'FAILED'],
    ['12 is not', failing(12), 'errored', 'FAILED'],
    ['127 is not', failing(127), 'errored', 'NOT_STARTED'],
    ['130 is tried again when nobody cancelled it', failing(130), 'queued', 'INTERRUPTED'],
    ['a signal is tried again', () => ({ ...DONE, exitCode: undefined, signal: 'SIGKILL' }), 'queued', 'KILLED'],
    ['the end of its time is not', () => ({ ...DONE, exitCode: 130, timedOut: true }), 'errored', 'TIME_LIMIT'],
  ])('%s', async (_, act, state, code) => {
    const at = new Place()
    at.runner.acts['backup'] = act
    const job = await at.run()
    expect(job.state).toBe(state)
    expect(job.result?.error?.code).toBe(code)
  })

  test('how much time there was is said in a unit that fits it', async () => {
    const at = new Place()
    at.runner.acts['backup'] = () => ({ ...DONE, exitCode: 130, timedOut: true })
    const messageOf = async (timeLimitMs: number): Promise<string | undefined> => {
      return (await at.run({}, { timeLimitMs })).result?.error?.message
    }
    expect(await messageOf(30_000)).toBe('it was not done within its time (30 s), and was stopped')
    expect(await messageOf(5_400_000)).toBe('it was not done within its time (1 h 30 min), and was stopped')
  })

  test('where there is no event, what was said last tells why', async () => {
    const at = new Place()
    at.runner.acts['backup'] = ({ onLine }) => {
      for (const line of ['tidemark: warning: slow', 'tidemark: unknown option --ful', 'hint: Did you mean --full?']) {
        onLine('err', line)
      }
      return { ...DONE, exitCode: 2 }
    }
    expect((await at.run()).result?.error?.message).toBe('unknown option --ful')
  })
})

describe('what a command says', () => {
  test('its progress is kept apart from its log, and what is said of each entry left out', async () => {
    const at = new Place()
    at.runner.acts['backup'] = ({ onEvent, onLine }) => {
      onEvent({ type: 'progress', filesDone: 3, filesFound: 9, bytesDone: 5, bytesFound: 7, scanned: true, path: '/ä' })
      onEvent({ type: 'skipped', path: '/x' })
      onEvent({ type: 'trouble', path: '/y' })
      onLine('err', 'tidemark: warning: y')
      return DONE
    }
    const job = await at.run({ hooks: { before: [], after: [], onFailure: [] } })
    expect(job.progress).toMatchObject({
      step: 'backup',
      bytesDone: 5,
      bytesTotal: 7,
      itemsDone: 3,
      itemsTotal: 9,
      path: '/ä',
    })
    expect(await at.log(job.id)).toEqual(['out: {"type":"trouble","path":"/y"}', 'err: tidemark: warning: y'])
  })

  test('a summary that is too long is not kept, and nothing fails for it', async () => {
    const at = new Place()
    at.runner.acts['backup'] = ({ onEvent }) => {
      onEvent({ type: 'summary', points: Array(5000).fill('dd'.repeat(16)) })
      return DONE
    }
    const job = await at.run()
    expect(job.state).toBe('done')
    expect(job.result?.summary).toBeUndefined()
  })
})

test.each([null, {}, { words: [] }, { words: ['a\0b'] }, { words: [7] }, { words: ['x'], hooks: {} }])(
  'a message that another program wrote (%j) errors the job, and runs nothing',
  async (message) => {
    const at = new Place()
    const { id } = await at.add({ kind: COMMAND_KIND, message })
    await at.worker1.turn()
    await at.worker1.idle()
    expect(await at.get(id)).toMatchObject({ state: 'errored', result: { error: { code: 'BAD_ARGUMENT' } } })
    expect(at.runner.ran).toEqual([])
  },
)
