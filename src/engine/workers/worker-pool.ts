import { availableParallelism } from 'node:os'
import { type Transferable, Worker } from 'node:worker_threads'
import { assert, present } from '../../base/assert.ts'
import { decodeError } from './errors.ts'
import type { FromWorker, TeamKind, ToWorker } from './team-protocol.ts'

/** Jobs that a thread has at most: one to work on, one to go on with at once. */
const JOBS_PER_THREAD = 2
/** New objects of a job die young: a small nursery keeps them from spreading over memory. */
const YOUNG_GENERATION_MB = 2

interface Thread {
  readonly worker: Worker
  jobs: number
  /** Joins without an answer. */
  joins: number
  /** Called when the last join was answered. */
  onJoined: () => void
}

/** What the threads are at work for, and those that come later will be. */
interface Purpose {
  readonly team: Team
  readonly kind: TeamKind
  readonly setup: () => { readonly setup: unknown; readonly transfer?: readonly Transferable[] }
}

interface PendingJob {
  readonly team: Team
  readonly body: unknown
  readonly transfer: readonly Transferable[]
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

function workerScript(): URL {
  // Run from source, the script lies here; in the bundle, beside it.
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './worker-main.ts' : './worker.js', import.meta.url)
}

/**
 * The threads of a process, shared by all its repositories: started as work needs them, one team at a time.
 *
 * A team has all the threads and their memory to itself; others wait for their turn in the order they came.
 * The first thread starts with a team, another one when as many jobs wait as it would take: starting one costs more
 * than a few files do.
 */
export class WorkerPool implements AsyncDisposable {
  readonly threads: number
  readonly #threads: Thread[] = []
  readonly #queue: PendingJob[] = []
  readonly #running = new Map<number, PendingJob & { readonly thread: Thread }>()
  readonly #teams = new Map<number, Team>()
  #purpose: Purpose | undefined
  #turn: Promise<void> = Promise.resolve()
  #nextTeam = 1
  #nextJob = 1

  constructor({ threads = Math.max(1, availableParallelism()) }: { readonly threads?: number } = {}) {
    this.threads = threads
  }

  /**
   * Gathers all threads for one purpose, once no other team is at work. The team must be disposed.
   *
   * @param setup called for each thread, when it joins: what its member is given, and what of it goes over instead of
   *   being copied.
   * @param tell called with whatever a member says unasked.
   */
  async open(
    kind: TeamKind,
    setup: Purpose['setup'],
    tell: (message: unknown) => void = () => undefined,
  ): Promise<Team> {
    const before = this.#turn
    let release: () => void = () => undefined
    this.#turn = new Promise((resolve) => (release = resolve))
    await before
    const id = this.#nextTeam++
    const team: Team = new Team({
      submit: (body, transfer) => this.#submit(team, body, transfer),
      submitToAll: (body) => this.#submitToAll(team, body),
      leave: () => {
        this.#teams.delete(id)
        this.#purpose = undefined
        for (const { worker } of this.#threads) worker.postMessage({ type: 'leave', team: id } satisfies ToWorker)
        release()
      },
      tell,
      id,
    })
    this.#teams.set(id, team)
    this.#purpose = { team, kind, setup }
    for (const thread of this.#threads) this.#join(thread, this.#purpose)
    this.warm(1)
    return team
  }

  /** Starts so many threads before they are needed; for whoever knows that they will be. */
  warm(count = this.threads): void {
    while (this.#threads.length < count) this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(endThread))
  }

  /** Starts a thread, which joins the team that is at work. */
  #start(): void {
    const worker = new Worker(workerScript(), {
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    const thread: Thread = { worker, jobs: 0, joins: 0, onJoined: () => undefined }
    worker.on('message', (message: FromWorker) => this.#receive(thread, message))
    worker.on('error', (error) => this.#crashed(thread, error instanceof Error ? error : new Error(String(error))))
    // A pool that nobody uses does not keep the process alive.
    worker.unref()
    this.#threads.push(thread)
    if (this.#purpose !== undefined) this.#join(thread, this.#purpose)
  }

  #join(thread: Thread, { team, kind, setup }: Purpose): void {
    const { setup: own, transfer } = setup()
    thread.joins++
    thread.worker.postMessage({ type: 'join', team: team.id, kind, setup: own } satisfies ToWorker, transfer)
  }

  get #hasWorkForAnother(): boolean {
    return this.#queue.length >= JOBS_PER_THREAD && this.#threads.length < this.threads
  }

  #submit(team: Team, body: unknown, transfer: readonly Transferable[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ team, body, transfer, resolve, reject })
      this.#dispatch()
    })
  }

  #submitToAll(team: Team, body: unknown): Promise<unknown[]> {
    return Promise.all(
      this.#threads.map(
        (thread) => new Promise((resolve, reject) => this.#give(thread, { team, body, transfer: [], resolve, reject })),
      ),
    )
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      // The last one may have died.
      this.warm(1)
      const thread = this.#threads.reduce((least, other) => (other.jobs < least.jobs ? other : least))
      if (thread.jobs >= JOBS_PER_THREAD) {
        if (!this.#hasWorkForAnother) return
        this.#start()
        continue
      }
      this.#give(thread, present(this.#queue.shift(), 'a job'))
    }
  }

  #give(thread: Thread, pending: PendingJob): void {
    const job = this.#nextJob++
    this.#running.set(job, { ...pending, thread })
    if (thread.jobs++ === 0) thread.worker.ref()
    const message: ToWorker = { type: 'job', team: pending.team.id, job, body: pending.body }
    thread.worker.postMessage(message, pending.transfer)
  }

  #receive(thread: Thread, message: FromWorker): void {
    if (message.type === 'joined') {
      if (--thread.joins === 0) thread.onJoined()
      return
    }
    if (message.type === 'tell') {
      this.#teams.get(message.team)?.told(message.message)
      return
    }
    const job = this.#running.get(message.job)
    assert(job !== undefined, 'an answer belongs to a job')
    this.#running.delete(message.job)
    if (--job.thread.jobs === 0) job.thread.worker.unref()
    this.#dispatch()
    if (message.type === 'done') job.resolve(message.result)
    else job.reject(decodeError(message.error))
  }

  /** A thread that died takes its jobs with it; the others go on. Where there are none, what waits fails with it. */
  #crashed(thread: Thread, error: Error): void {
    const at = this.#threads.indexOf(thread)
    if (at >= 0) this.#threads.splice(at, 1)
    for (const [id, job] of this.#running) {
      if (job.thread !== thread) continue
      this.#running.delete(id)
      job.reject(error)
    }
    if (this.#threads.length > 0) return
    for (const job of this.#queue.splice(0)) job.reject(error)
  }
}

/** Ends a thread, but not while it joins: an addon of Node's that is loading then takes the whole process with it. */
async function endThread(thread: Thread): Promise<void> {
  const { worker } = thread
  if (thread.joins > 0) {
    worker.ref()
    await new Promise<void>((resolve) => {
      thread.onJoined = resolve
      worker.once('exit', resolve)
    })
  }
  await worker.terminate()
}

interface TeamLink {
  readonly id: number
  readonly submit: (body: unknown, transfer: readonly Transferable[]) => Promise<unknown>
  readonly submitToAll: (body: unknown) => Promise<unknown[]>
  readonly leave: () => void
  readonly tell: (message: unknown) => void
}

/** All threads of a pool, at work for one purpose. */
export class Team implements AsyncDisposable {
  readonly id: number
  readonly #link: TeamLink
  readonly #open = new Set<Promise<unknown>>()

  constructor(link: TeamLink) {
    this.id = link.id
    this.#link = link
  }

  /** Jobs given and not yet answered. */
  get pending(): number {
    return this.#open.size
  }

  /** Gives a job to whichever thread is free first. Resolves with what its member returned. */
  async run(body: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    return this.#track(this.#link.submit(body, transfer))
  }

  /** Gives a job to every thread, behind those that it has. */
  async runOnAll(body: unknown): Promise<unknown[]> {
    return this.#track(this.#link.submitToAll(body))
  }

  told(message: unknown): void {
    this.#link.tell(message)
  }

  /** Waits for all jobs, then sends the members home. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#open)
    this.#link.leave()
  }

  async #track<T>(job: Promise<T>): Promise<T> {
    this.#open.add(job)
    try {
      return await job
    } finally {
      this.#open.delete(job)
    }
  }
}
