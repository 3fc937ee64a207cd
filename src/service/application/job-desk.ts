import type { Clock } from '../../base/clock.ts'
import { StorageError, UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import { type AskedCommand, messageOf, ONCE_KIND } from '../jobs/asked-command.ts'
import { ASKED_KIND, AskedHandler } from '../jobs/asked-handler.ts'
import { CommandHandler } from '../jobs/command-handler.ts'
import { COMMAND_KIND, type CommandMessage, encodeCommandMessage } from '../jobs/command-message.ts'
import type { JobHandler } from '../jobs/job-handler.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import { JOBS_PER_PAGE_MAX, type JobStore, LOG_LINES_MAX } from '../jobs/job-store.ts'
import type { Job, JobId, JobProgress, NewJob } from '../jobs/job.ts'
import { isActive, leftOf, type Wait, waitOf } from '../jobs/job-standing.ts'
import { Worker } from '../jobs/worker.ts'
import { isWorkerRunning } from '../jobs/worker-name.ts'
import type { ControlClient } from '../control/client.ts'
import { progressOf, waitOfDocument } from '../control/show.ts'
import { isGone } from './daemon-link.ts'
import { logLines } from './log-text.ts'
import { RateMeter } from './rate-meter.ts'
import { repositoryOf, showJob, undoPointOf, wordsOf } from './show-job.ts'
import type { Handle, HostData, JobData, LogData, LogPlace } from './shown.ts'
import { shownText } from './shown-text.ts'

/** Jobs that a face is shown. */
const JOBS_SHOWN = 500
/** How often faces are told how far jobs are. */
const TELL_MS = 1000
/** How often it is looked whether another process left a job behind. */
const LOOK_MS = 15_000

export interface JobDeskOptions {
  readonly store: JobStore
  readonly runner: JobRunner
  readonly instance: InstanceId
  readonly clock: Clock
  readonly randomness: Randomness
  readonly scheduler: Scheduler
  /** The daemon, whenever there is one: it runs what is asked for. */
  readonly daemon: {
    readonly client: DaemonJobs | undefined
    readonly host: HostData
    /** Resolves once it is known whether there is one. */
    look(): Promise<void>
  }
  /** Told that a job began, ended, or is further on. */
  readonly onChange: (hasEnded: boolean) => void
}

/** What of a daemon the desk asks. */
export type DaemonJobs = Pick<ControlClient, 'ask' | 'cancelJob' | 'jobs' | 'resumeJob'>

/**
 * Takes jobs that somebody asks for, and tells of all that there are. A daemon runs them, and they go on when this process
 * ends; without one this process does, as long as it lives.
 */
export class JobDesk implements AsyncDisposable {
  readonly #options: JobDeskOptions
  readonly #worker: Worker
  readonly #rates = new RateMeter()
  readonly #ends: readonly (() => void)[]
  #running = 0

  constructor(options: JobDeskOptions) {
    const { clock, instance, onChange, randomness, runner, scheduler, store } = options
    this.#options = options
    const commands = new CommandHandler({ runner, clock })
    const once = new AskedHandler(commands)
    this.#worker = new Worker({
      store,
      instance,
      handlers: new Map([[ASKED_KIND, once]]),
      inherited: new Map<string, JobHandler>([
        [COMMAND_KIND, commands],
        [ONCE_KIND, once],
      ]),
      isLeft: (job) => this.#isLeft(job),
      clock,
      randomness,
      scheduler,
      onChanged: () => {
        onChange(true)
        this.#turn()
      },
      // What the store does not take now, it is asked to take again; its own failures are told by whoever asks it.
      onProblem: (problem) => {
        if (!(problem instanceof StorageError)) throw problem
      },
    })
    this.#ends = [
      scheduler.every(TELL_MS, () => {
        if (this.#running > 0) onChange(false)
      }),
      scheduler.every(LOOK_MS, () => this.#turn()),
    ]
  }

  /** Begins what is due, and puts right what other processes left behind, once it is known whether a daemon is there. */
  async begin(): Promise<void> {
    await this.#options.daemon.look()
    await this.#worker.turn()
  }

  /** Queues a command, and begins it at once where not too much is running. @throws {StorageError} @throws {DaemonError} */
  async ask(command: AskedCommand): Promise<Handle> {
    const asked = await this.#options.daemon.client?.ask(command)
    return asked === undefined ? this.#add(messageOf(command), {}) : String(asked.id)
  }

  /** Queues a step of a plan for this process. @throws {StorageError} */
  async askForStep(command: CommandMessage, of: { readonly plan: string; readonly step: string }): Promise<Handle> {
    return this.#add(command, of)
  }

  async #add(command: CommandMessage, of: Pick<NewJob, 'plan' | 'step'>): Promise<Handle> {
    const { store, instance, clock } = this.#options
    const message = encodeCommandMessage(command)
    const job = await store.add(
      { instance, kind: ASKED_KIND, message, priority: 1, retriesMax: 0, ...of },
      clock.nowMs(),
    )
    await this.#worker.turn()
    this.#options.onChange(false)
    return String(job.id)
  }

  /** Returns the last jobs, the newest first. */
  async list(): Promise<JobData[]> {
    const { store, instance } = this.#options
    const { jobs } = await store.list({ instance, limit: JOBS_SHOWN })
    this.#running = jobs.filter(({ state }) => state === 'running').length
    this.#rates.keep(jobs.map(({ id }) => id))
    const elsewhere = await this.#toldOf(jobs)
    const active = jobs.filter(isActive)
    return jobs.map((job) => this.#show(job, { active, elsewhere }))
  }

  /** Somebody else began or ended a job. @throws {StorageError} */
  async changed(job: number): Promise<void> {
    const { onChange, store } = this.#options
    const found = await store.get(job as JobId)
    onChange(found?.state !== 'queued' && found?.state !== 'running')
  }

  /** Returns when a command that was last done for a repository, asked for or run by a plan, began: what came later it did not see. */
  async lastDoneSinceMs(command: string, repository: string): Promise<number | undefined> {
    const { store, instance } = this.#options
    const { jobs } = await store.list({ instance, states: ['done'], limit: JOBS_PER_PAGE_MAX })
    const isWanted = (words: readonly string[]): boolean => words[0] === command && repositoryOf(words) === repository
    return jobs.find((job) => isWanted(wordsOf(job)))?.startedMs
  }

  /** Returns what a job said behind a place: at most LOG_LINES_MAX lines of its log, which may be more as they are shown. */
  async log(handle: Handle, after: LogPlace | undefined): Promise<LogData> {
    const from = after === undefined ? {} : { after: { run: after.run, number: after.line } }
    const page = await this.#options.store.readLog(idOf(handle), { ...from, limit: LOG_LINES_MAX })
    const last = page.at(-1)
    return {
      lines: page.flatMap(({ from, text }) => logLines(from, text)).map(shownText),
      place: last === undefined ? after : { run: last.run, line: last.number },
      isEnd: page.length < LOG_LINES_MAX,
    }
  }

  /** Returns the point that a restore can be undone from. @throws {UsageError} UNKNOWN_POINT: it made none. BAD_ARGUMENT */
  async undoPointOf(handle: Handle): Promise<string> {
    const job = await this.#options.store.get(idOf(handle))
    if (job === undefined) throw noJob(handle)
    return undoPointOf(job)
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is no such job. */
  async cancel(handle: Handle): Promise<void> {
    const id = idOf(handle)
    await this.#tellDaemon((daemon) => daemon.cancelJob(id))
    if ((await this.#worker.cancel(id)) === undefined) throw noJob(handle)
    // One that a daemon left is ended from here.
    await this.#worker.turn()
    this.#options.onChange(true)
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is no such job. */
  async retry(handle: Handle): Promise<void> {
    const { store, clock } = this.#options
    const id = idOf(handle)
    if ((await store.resume(id, clock.nowMs())) === undefined) throw noJob(handle)
    await this.#tellDaemon((daemon) => daemon.resumeJob(id))
    await this.#worker.turn()
    this.#options.onChange(false)
  }

  /** Ends what runs here, with all that is stored kept; resolves when nothing does any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end()
    await this.#worker.stop()
    await this.#options.store[Symbol.asyncDispose]()
  }

  #show(job: Job, { active, elsewhere }: { readonly active: readonly Job[]; readonly elsewhere: ToldOf }): JobData {
    const nowMs = this.#options.clock.nowMs()
    const told = elsewhere.get(job.id)
    if (job.state !== 'running') {
      const wait = told?.wait ?? waitOf(job, { active, nowMs, hasDaemon: !this.#hasNoDaemon, lockedFor: undefined })
      return showJob(job, { isHere: false, left: undefined, progress: undefined, wait, nowMs })
    }
    const isHere = this.#worker.isRunning(job.id)
    const progress = this.#worker.progressOf(job.id) ?? told?.progress ?? job.progress
    return showJob(job, {
      ...{ isHere, nowMs, wait: undefined },
      left: isHere || told !== undefined ? undefined : leftOf(job, nowMs),
      progress: progress && { ...progress, bytesPerSecond: this.#rates.of(job.id, progress) },
    })
  }

  /** Returns what the daemon knows of its jobs: how far they are, fresher than the store, and what they wait for. */
  async #toldOf(jobs: readonly Job[]): Promise<ToldOf> {
    const isElsewhere = jobs.some((job) => isActive(job) && !this.#worker.isRunning(job.id))
    if (!isElsewhere) return new Map()
    const states = ['queued', 'running'] as const
    const answer = await this.#tellDaemon((daemon) => daemon.jobs({ states, limit: JOBS_SHOWN }))
    const nowMs = this.#options.clock.nowMs()
    const told = (answer?.jobs ?? []).filter(({ state, interrupted }) => state === 'queued' || !interrupted)
    return new Map(
      told.map((job) => [job.id, { progress: progressOf(job.progress), wait: waitOfDocument(job, nowMs) }] as const),
    )
  }

  /**
   * Tells whether a job is left to whoever has it: while his process is there, be it stopped or asleep, with a lease that has
   * lapsed. What a daemon left is left to the next one, while one is there, and while its command goes on, unless somebody
   * wants that to end.
   */
  #isLeft(job: Job): boolean {
    if (job.lease !== undefined && isWorkerRunning(job.lease.worker)) return true
    if (job.kind === ASKED_KIND) return false
    if (!this.#hasNoDaemon) return true
    return !job.cancelRequested && leftOf(job, this.#options.clock.nowMs()) === 'goes-on'
  }

  get #hasNoDaemon(): boolean {
    const { kind } = this.#options.daemon.host
    return kind === 'this-process' || kind === 'daemon-gone'
  }

  /** Asks the daemon, if there is one. One that ends before it answers has nothing to say: the store knows the rest. */
  async #tellDaemon<T>(ask: (daemon: DaemonJobs) => Promise<T>): Promise<T | undefined> {
    const { client } = this.#options.daemon
    if (client === undefined) return undefined
    return ask(client).catch((error: unknown) => {
      if (isGone(error)) return undefined
      throw error
    })
  }

  #turn(): void {
    this.#worker.turn().catch((error: unknown) => {
      // It is tried again soon, and whoever asks the store is told.
      if (!(error instanceof StorageError)) throw error
    })
  }
}

/** What a daemon told of jobs, by their ids. */
type ToldOf = ReadonlyMap<number, { readonly progress: JobProgress | undefined; readonly wait: Wait | undefined }>

function idOf(handle: Handle): JobId {
  const id = Number(handle)
  if (Number.isSafeInteger(id) && id > 0) return id as JobId
  throw noJob(handle)
}

function noJob(handle: Handle): UsageError {
  return new UsageError('BAD_ARGUMENT', `there is no job ${shownText(handle).slice(0, 20)}`, {
    hint: 'It is history by now: look at the list of jobs again.',
  })
}
