import type { Clock } from '../../base/clock.ts'
import { StorageError, UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import { CommandHandler } from '../jobs/command-handler.ts'
import { type CommandMessage, encodeCommandMessage } from '../jobs/command-message.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import { JOBS_PER_PAGE_MAX, type JobStore } from '../jobs/job-store.ts'
import type { Job, JobId, LogLine, NewJob } from '../jobs/job.ts'
import { Worker } from '../jobs/worker.ts'
import { ASKED_KIND, AskedHandler } from './asked-handler.ts'
import { RateMeter } from './rate-meter.ts'
import { showJob } from './show-job.ts'
import type { Handle, JobData, Shown } from './shown.ts'
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
  /** Told that a job began, ended, or is further on. */
  readonly onChange: (hasEnded: boolean) => void
}

/** A command of this program that somebody wants run. */
export interface AskedCommand {
  /** The command and its options, without `--json`. */
  readonly words: readonly string[]
  /** The repository that it is about: its name, or its location. */
  readonly repository: string
  /** What it reads on standard input. */
  readonly input?: string
}

/** Takes jobs that somebody asks for, runs them as long as this process lives, and tells of all that there are. */
export class JobDesk implements AsyncDisposable {
  readonly #options: JobDeskOptions
  readonly #worker: Worker
  readonly #rates = new RateMeter()
  readonly #ends: readonly (() => void)[]
  #running = 0

  constructor(options: JobDeskOptions) {
    const { clock, instance, onChange, randomness, runner, scheduler, store } = options
    this.#options = options
    this.#worker = new Worker({
      store,
      instance,
      handlers: new Map([[ASKED_KIND, new AskedHandler(new CommandHandler({ runner, clock }))]]),
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

  /** Begins what is due, and puts right what other processes left behind. */
  async begin(): Promise<void> {
    await this.#worker.turn()
  }

  /** Queues a command, and begins it at once where not too much is running. @throws {StorageError} */
  async ask({ words, repository, input }: AskedCommand): Promise<Handle> {
    const [command = '', ...rest] = words
    const line = [command, '--json', `--repository=${repository}`, ...rest]
    return this.#add({ words: line, ...(input === undefined ? {} : { input }) }, {})
  }

  /** Queues a step of a plan. @throws {StorageError} */
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
    return jobs.map((job) => this.#show(job))
  }

  /** Returns when a command that was asked for, or that a plan ran, was last done for a repository. */
  async lastDoneMs(command: string, repository: string): Promise<number | undefined> {
    const { store, instance } = this.#options
    const { jobs } = await store.list({ instance, states: ['done'], limit: JOBS_PER_PAGE_MAX })
    const found = jobs
      .map((job) => showJob(job, undefined))
      .find((job) => {
        return job.kind === command && job.repository === repository
      })
    return found?.endedMs
  }

  async log(handle: Handle, line: number): Promise<Shown[]> {
    const job = idOf(handle)
    const lines: LogLine[] = []
    for (;;) {
      const last = lines.at(-1)
      const after = last === undefined ? {} : { after: { run: last.run, number: last.number } }
      const page = await this.#options.store.readLog(job, { ...after, limit: JOBS_PER_PAGE_MAX })
      if (page.length === 0) break
      lines.push(...page)
    }
    return lines.slice(line).map(({ text }) => shownText(text))
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is no such job. */
  async cancel(handle: Handle): Promise<void> {
    if ((await this.#worker.cancel(idOf(handle))) === undefined) throw noJob(handle)
    this.#options.onChange(true)
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is no such job. */
  async retry(handle: Handle): Promise<void> {
    const { store, clock } = this.#options
    if ((await store.resume(idOf(handle), clock.nowMs())) === undefined) throw noJob(handle)
    await this.#worker.turn()
    this.#options.onChange(false)
  }

  /** Ends what runs here, with all that is stored kept; resolves when nothing does any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end()
    await this.#worker.stop()
    await this.#options.store[Symbol.asyncDispose]()
  }

  #show(job: Job): JobData {
    const progress = job.state === 'running' ? (this.#worker.progressOf(job.id) ?? job.progress) : undefined
    return showJob(job, progress && { ...progress, bytesPerSecond: this.#rates.of(job.id, progress) })
  }

  #turn(): void {
    this.#worker.turn().catch((error: unknown) => {
      // It is tried again soon, and whoever asks the store is told.
      if (!(error instanceof StorageError)) throw error
    })
  }
}

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
