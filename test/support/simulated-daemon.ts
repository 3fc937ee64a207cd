import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { Clock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import type { Scheduler } from '../../src/repository/run-object.ts'
import { KeptConfiguration } from '../../src/service/daemon/kept-configuration.ts'
import type { DaemonKeys } from '../../src/service/daemon/daemon.ts'
import { MainLoop, type MainLoopOptions } from '../../src/service/daemon/main-loop.ts'
import type { JobRunner, RunEnd, RunRequest } from '../../src/service/jobs/job-runner.ts'
import type { JobStore } from '../../src/service/jobs/job-store.ts'
import type { Json } from '../../src/service/jobs/job.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'
import type { Notification } from '../../src/service/notifications/notification.ts'
import { SqliteNotificationStore } from '../../src/service/notifications/sqlite-notification-store.ts'
import { seededRandomness } from './seeded-randomness.ts'
import { temporaryFolder, temporaryMemoryFolder } from './temporary-folder.ts'

export const INSTANCE = 'ad'.repeat(16) as InstanceId

/** Time that passes as fast as everybody who waits for it is done. */
export class SimulatedTime implements Clock, Scheduler {
  #nowMs: number
  readonly #tasks = new Set<{ atMs: number; readonly everyMs: number | undefined; readonly act: () => void }>()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  every(intervalMs: number, act: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + intervalMs, everyMs: intervalMs, act })
  }

  after(ms: number, act: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + ms, everyMs: undefined, act })
  }

  /** Lets time pass up to a moment; `settle` resolves when all that a task began waits for time again. */
  async passTo(endMs: number, settle: () => Promise<void>): Promise<void> {
    await settle()
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      if (next.everyMs === undefined) this.#tasks.delete(next)
      else next.atMs += next.everyMs
      next.act()
      await settle()
    }
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Sets the clock, as somebody does who corrects it; what waits has as long to wait as before. */
  jump(ms: number): void {
    this.#nowMs += ms
    for (const task of this.#tasks) task.atMs += ms
  }

  #next() {
    let first: { atMs: number; readonly everyMs: number | undefined; readonly act: () => void } | undefined
    for (const task of this.#tasks) if (first === undefined || task.atMs < first.atMs) first = task
    return first
  }

  #add(task: { atMs: number; readonly everyMs: number | undefined; readonly act: () => void }): () => void {
    this.#tasks.add(task)
    return () => void this.#tasks.delete(task)
  }
}

/** What a command did, as the simulation remembers it. */
export interface CommandCall {
  readonly atMs: number
  readonly words: readonly string[]
}

/** How a command that is run comes out. */
export interface CommandOutcome {
  readonly durationMs?: number
  readonly exitCode?: number
  /** Its last event. */
  readonly event?: Readonly<Record<string, Json>>
}

/** Runs commands that take simulated time and do nothing. */
class SimulatedRunner implements JobRunner {
  readonly calls: CommandCall[] = []
  outcome: (call: CommandCall) => CommandOutcome = () => ({})
  readonly #time: SimulatedTime

  constructor(time: SimulatedTime) {
    this.#time = time
  }

  async run({ command, onEvent, onStarted, signal }: RunRequest): Promise<RunEnd> {
    await onStarted({ pid: process.pid, started: '' })
    const words = command.kind === 'tidemark' ? command.words : command.command
    const call = { atMs: this.#time.nowMs(), words }
    this.calls.push(call)
    const { durationMs = 1000, exitCode = 0, event } = this.outcome(call)
    const isDone = await new Promise<boolean>((resolve) => {
      const cancel = this.#time.after(durationMs, () => resolve(true))
      const onAbort = (): void => {
        cancel()
        resolve(false)
      }
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
    })
    if (!isDone) return { exitCode: 130, signal: undefined, timedOut: false }
    if (event !== undefined) onEvent(event)
    return { exitCode, signal: undefined, timedOut: false }
  }

  async endLeftover(): Promise<void> {}

  endOf(): undefined {
    return undefined
  }

  forgetEnd(): void {}
}

export interface SimulatedDaemonOptions {
  readonly configuration: string
  readonly nowMs: number
  readonly timeZone?: string
  /** Where its stores lie; a new folder when absent. */
  readonly stateDirectory?: string
}

/** A daemon with real stores, schedule and worker, whose time and commands are simulated. */
export class SimulatedDaemon {
  readonly time: SimulatedTime
  readonly runner: SimulatedRunner
  readonly stateDirectory: string
  readonly configFile: string
  readonly jobs: JobStore
  readonly notifications: SqliteNotificationStore
  readonly problems: unknown[] = []
  /** Repositories that cannot be opened. */
  readonly locked = new Set<string>()
  bootId = 'first'
  space: MainLoopOptions['space'] = async () => undefined
  loop: MainLoop | undefined
  readonly #timeZone: string
  #isAsleep = false
  #hasEnded = false
  #running: Promise<void> | undefined
  #starts = 0

  constructor({ configuration, nowMs, stateDirectory, timeZone = 'Europe/Berlin' }: SimulatedDaemonOptions) {
    this.time = new SimulatedTime(nowMs)
    this.runner = new SimulatedRunner(this.time)
    this.stateDirectory = stateDirectory ?? temporaryMemoryFolder()
    this.configFile = join(temporaryFolder(), 'config.yaml')
    this.#timeZone = timeZone
    writeFileSync(this.configFile, configuration)
    const onDamaged = (_: string, why: string): never => {
      throw new Error(why)
    }
    const { stateDirectory: folder, time: clock } = this
    this.jobs = SqliteJobStore.open({ stateDirectory: folder, clock, onDamaged })
    this.notifications = SqliteNotificationStore.open({ stateDirectory: folder, clock, onDamaged })
    onTestFinished(async () => {
      await this.stop()
      await this.jobs[Symbol.asyncDispose]()
      await this.notifications[Symbol.asyncDispose]()
    })
  }

  /** Starts the daemon; resolves when it waits for time to pass. `changes`: what of its surroundings is otherwise. */
  async start(changes: Partial<MainLoopOptions> = {}): Promise<MainLoop> {
    const { jobs, notifications, runner, time } = this
    const keys: DaemonKeys = { canOpen: async (repository) => !this.locked.has(repository) }
    const loop = new MainLoop({
      ...{ jobs, notifications, runner, keys, instance: INSTANCE, clock: time, scheduler: time },
      randomness: seededRandomness(`daemon ${this.#starts++}`),
      ...{ configFile: this.configFile, home: '/home/ada', timeZone: this.#timeZone, bootId: this.bootId },
      ...{ version: '0', pid: 1, lookMs: 400 * 86_400_000, disksFolder: '/nowhere' },
      kept: new KeptConfiguration({
        ...{ stateDirectory: this.stateDirectory, file: this.configFile },
        onProblem: (problem) => this.problems.push(problem),
      }),
      volumeState: async () => 'absent',
      space: async (repository) => this.space(repository),
      openChannel: () => ({ send: async () => undefined }),
      after: (ms, act) => {
        this.#isAsleep = true
        const cancel = time.after(ms, () => {
          this.#isAsleep = false
          act()
        })
        return () => {
          this.#isAsleep = false
          cancel()
        }
      },
      onProblem: (problem) => this.problems.push(problem),
      onTurn: () => undefined,
      ...changes,
    })
    this.loop = loop
    this.#hasEnded = false
    this.#running = loop.run(new AbortController().signal).finally(() => (this.#hasEnded = true))
    await this.settle()
    return loop
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.passTo(this.time.nowMs() + ms)
  }

  async passTo(ms: number): Promise<void> {
    await this.time.passTo(ms, () => this.settle())
  }

  /** Stops the daemon in order. */
  async stop(): Promise<void> {
    this.loop?.stop()
    await this.#running
    this.loop = undefined
  }

  /** Resolves when the daemon waits for time to pass. @throws what it ended with, if it did. */
  async settle(): Promise<void> {
    const isBusy = (): boolean => !this.#isAsleep && !this.#hasEnded && this.loop !== undefined
    do await new Promise((resolve) => setImmediate(resolve))
    while (isBusy())
    if (this.#hasEnded) await this.#running
  }

  /** Returns what it was said and holds, the oldest first. */
  async holding(): Promise<readonly Notification[]> {
    return (await this.notifications.list({ instance: INSTANCE, states: ['active'], limit: 1000 })).toReversed()
  }

  /** Returns what was run of a command, by its first word. */
  callsOf(name: string): readonly CommandCall[] {
    return this.runner.calls.filter(({ words }) => words[0] === name)
  }
}
