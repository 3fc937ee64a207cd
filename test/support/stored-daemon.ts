import { systemClock } from '../../src/base/clock.ts'
import { UsageError } from '../../src/base/errors.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import { storedDaemon } from '../../src/service/control/stored-daemon.ts'
import type { Daemon, DaemonEvent } from '../../src/service/daemon/daemon.ts'
import { askedJob } from '../../src/service/jobs/asked-command.ts'
import { COMMAND_KIND } from '../../src/service/jobs/command-message.ts'
import type { NewJob } from '../../src/service/jobs/job.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'
import { SqliteNotificationStore } from '../../src/service/notifications/sqlite-notification-store.ts'

export const INSTANCE = 'ab'.repeat(16) as InstanceId

/** A daemon over real stores, whose loop stands still: nothing of what it is asked runs. */
export class StoredDaemon implements AsyncDisposable {
  readonly jobs: SqliteJobStore
  readonly notifications: SqliteNotificationStore
  readonly stopped = Promise.withResolvers<undefined>()
  readonly events: string[] = []
  readonly listeners = new Set<(event: DaemonEvent) => void>()
  keyChanges = 0
  /** What it says of itself. */
  about = { version: '0', configFile: '/config.yaml' }
  isStopping = false
  readonly daemon: Daemon

  constructor(stateDirectory: string) {
    const options = { stateDirectory, clock: systemClock, onDamaged: (_: string, why: string) => expectNone(why) }
    this.jobs = SqliteJobStore.open(options)
    this.notifications = SqliteNotificationStore.open(options)
    const parts = { instance: INSTANCE, jobs: this.jobs, notifications: this.notifications, clock: systemClock }
    const stored = storedDaemon({ ...parts, plans: async () => [], timeZone: 'UTC' })
    const isStopping = (): boolean => this.isStopping
    this.daemon = {
      ...stored,
      runsJobs: true,
      get isStopping() {
        return isStopping()
      },
      status: async () => ({
        ...{
          pid: process.pid,
          ...this.about,
          startedMs: 0,
          plans: 0,
          jobsRunning: 0,
          jobsQueued: 0,
          locked: [],
        },
        ...{ nextMs: undefined, notificationsActive: 0, mistake: undefined, isStopping: false },
      }),
      runPlan: async (plan) => {
        if (plan !== 'nightly') throw new UsageError('BAD_ARGUMENT', `no plan is called "${plan}"`)
        return [await this.jobs.add(jobFor(plan), 1000)]
      },
      ask: async (command) => this.jobs.add(askedJob(command, INSTANCE), 1000),
      pausePlan: async (plan) => {
        if (plan !== 'nightly') throw new UsageError('BAD_ARGUMENT', `no plan is called "${plan}"`)
      },
      raiseEvent: async (name) => {
        this.events.push(name)
        return ['nightly']
      },
      reload: async () => undefined,
      keysChanged: () => {
        this.keyChanges++
      },
      stop: () => this.stopped.resolve(undefined),
      subscribe: (listener) => {
        this.listeners.add(listener)
        return () => void this.listeners.delete(listener)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs[Symbol.asyncDispose]()
    await this.notifications[Symbol.asyncDispose]()
  }
}

export function jobFor(plan: string): NewJob {
  const words = ['backup', '--json', '--repository=escapepod', '--', '/home/me']
  return { instance: INSTANCE, kind: COMMAND_KIND, message: { words }, plan, step: 'incremental' }
}

function expectNone(why: string): never {
  throw new Error(`a new store is damaged: ${why}`)
}
