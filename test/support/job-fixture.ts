import { onTestFinished } from 'vitest'

import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import type { Scheduler } from '../../src/repository/run-object.ts'
import type { JobHandler } from '../../src/service/jobs/job-handler.ts'
import type { JobStore } from '../../src/service/jobs/job-store.ts'
import type { Job, JobId, LogLine, NewJob } from '../../src/service/jobs/job.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'
import { Worker } from '../../src/service/jobs/worker.ts'
import { seededRandomness } from './seeded-randomness.ts'
import { temporaryMemoryFolder } from './temporary-folder.ts'

export const INSTANCE = 'aa'.repeat(16) as InstanceId

/** Time that passes when it is told to; tasks run when their time has come. */
export class ManualTime implements Clock, Scheduler {
  #nowMs = 1_700_000_000_000
  readonly #tasks = new Set<{ readonly intervalMs: number; nextMs: number; readonly task: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  every(intervalMs: number, task: () => void): () => void {
    const entry = { intervalMs, nextMs: this.#nowMs + intervalMs, task }
    this.#tasks.add(entry)
    return () => this.#tasks.delete(entry)
  }

  /** Lets time pass, and what is asked of the store meanwhile be answered. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      const next = [...this.#tasks].sort((a, b) => a.nextMs - b.nextMs)[0]
      if (next === undefined || next.nextMs > endMs) break
      this.#nowMs = Math.max(this.#nowMs, next.nextMs)
      next.nextMs += next.intervalMs
      next.task()
      await settled()
    }
    this.#nowMs = endMs
    await settled()
  }

  /** Sets the wall clock, as somebody does who corrects it. */
  jump(ms: number): void {
    this.#nowMs += ms
    for (const entry of this.#tasks) entry.nextMs += ms
  }
}

/** Resolves when nothing is left that goes on without waiting for the world. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A store of jobs, and workers that share it. */
export class JobPlace {
  readonly time = new ManualTime()
  readonly stateDirectory = temporaryMemoryFolder()
  readonly store: JobStore = this.open()
  readonly problems: unknown[] = []
  #workers = 0

  /** Opens the store, as another process would, until the test has finished. */
  open(): JobStore {
    const onDamaged = (_: string, why: string): never => {
      throw new Error(why)
    }
    const store = SqliteJobStore.open({ stateDirectory: this.stateDirectory, clock: systemClock, onDamaged })
    onTestFinished(async () => store[Symbol.asyncDispose]())
    return store
  }

  worker(handlers: Readonly<Record<string, JobHandler>>, store: JobStore = this.store): Worker {
    return this.#worker(handlers, store, this.time)
  }

  /** Makes a worker as it is for others after it was killed: it has claimed and noted, and nothing more comes of it. */
  dyingWorker(handlers: Readonly<Record<string, JobHandler>>): Worker {
    const nothing = async (): Promise<never> => new Promise<never>(() => undefined)
    const store = withOther(this.store, { renew: nothing, settle: nothing, log: nothing })
    return this.#worker(handlers, store, { every: () => () => undefined })
  }

  #worker(handlers: Readonly<Record<string, JobHandler>>, store: JobStore, scheduler: Scheduler): Worker {
    return new Worker({
      ...{ store, instance: INSTANCE, handlers: new Map(Object.entries(handlers)) },
      ...{ clock: this.time, scheduler, randomness: seededRandomness(`worker ${this.#workers++}`) },
      onChanged: () => undefined,
      onProblem: (problem) => this.problems.push(problem),
    })
  }

  async add(job: Partial<NewJob> = {}): Promise<Job> {
    return this.store.add({ instance: INSTANCE, kind: 'work', message: null, ...job }, this.time.nowMs())
  }

  async get(id: JobId): Promise<Job> {
    const job = await this.store.get(id)
    if (job === undefined) throw new Error(`there is no job ${id}`)
    return job
  }

  async log(id: JobId): Promise<string[]> {
    const lines: readonly LogLine[] = await this.store.readLog(id, { limit: 10_000 })
    return lines.map(({ from, text }) => `${from}: ${text}`)
  }
}

/** A store that does some things otherwise. */
export function withOther(store: JobStore, others: Partial<JobStore>): JobStore {
  return new Proxy(store, {
    get: (target, name: keyof JobStore) =>
      others[name] ?? (target[name] as (...values: unknown[]) => unknown).bind(target),
  })
}
