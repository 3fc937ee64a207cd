import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { createStore } from '../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { KDF_DEFAULT, KDF_MEMORY_KIB_MIN } from '../../src/crypto/kdf.ts'
import { openInstance } from '../../src/repository/instance-key.ts'
import { type Scheduler, systemScheduler } from '../../src/repository/run-object.ts'
import { passwordSecret, type SlotSecret } from '../../src/repository/slot-key.ts'
import { DaemonKeys, type DaemonKeysOptions } from '../../src/service/application/daemon-keys.ts'
import { DaemonLink, type DaemonLinkOptions } from '../../src/service/application/daemon-link.ts'
import { JobDesk } from '../../src/service/application/job-desk.ts'
import { LocalApplication } from '../../src/service/application/local-application.ts'
import type { Mounting } from '../../src/service/application/mount-desk.ts'
import { notificationDesk } from '../../src/service/application/notification-desk.ts'
import { ConfiguredPlans } from '../../src/service/application/plan-desk.ts'
import type { Topic, TypedSecret } from '../../src/service/application/port.ts'
import { Repositories, type Stores } from '../../src/service/application/repositories.ts'
import { RepositoryDesk } from '../../src/service/application/repository-desk.ts'
import { otherRepositoryOf, repositoryOf } from '../../src/service/application/show-job.ts'
import type { JobData } from '../../src/service/application/shown.ts'
import { SlotDesk } from '../../src/service/application/slot-desk.ts'
import { Topics } from '../../src/service/application/topics.ts'
import { InstanceFile } from '../../src/service/instance-file.ts'
import { ChildRunner } from '../../src/service/jobs/child-runner.ts'
import type { JobStore } from '../../src/service/jobs/job-store.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'
import { SqliteNotificationStore } from '../../src/service/notifications/sqlite-notification-store.ts'
import { PROGRAM } from './cli.ts'

/** The built program starts faster, where it was built. */
const SOURCE = join(import.meta.dirname, '../../src/cli/bin.ts')
const describeInstance = (): { name: string; host: string; user: string } => ({ name: 'me', host: 'h', user: 'u' })

/** What retries of repositories wait for: nothing comes by itself. */
export class ManualTimers {
  readonly waiting: { readonly ms: number; readonly act: () => void }[] = []

  readonly after = (ms: number, act: () => void): (() => void) => {
    const timer = { ms, act }
    this.waiting.push(timer)
    return () => {
      const at = this.waiting.indexOf(timer)
      if (at >= 0) this.waiting.splice(at, 1)
    }
  }

  /** Lets the next one come; returns how long it would have been waited for. */
  fire(): number | undefined {
    const timer = this.waiting.shift()
    timer?.act()
    return timer?.ms
  }
}

/** Says what was mounted. */
export class NotedMounts implements Mounting {
  readonly mounted: { readonly repository: string; readonly directory: string; readonly password: string }[] = []

  async mount({ repository, directory, secret }: Parameters<Mounting['mount']>[0]): Promise<void> {
    this.mounted.push({ repository, directory, password: Buffer.from(secret?.bytes ?? []).toString('utf8') })
  }

  async unmount(): Promise<void> {
    this.mounted.pop()
  }
}

export interface ApplicationPlace {
  readonly folder: string
  readonly application: LocalApplication
  readonly timers: ManualTimers
  readonly mounts: NotedMounts
  readonly told: Topic[]
  readonly store: JobStore
  readonly instance: InstanceId
}

/** Opens the application over the local driver, with everything of its own in `folder`. Disposing of it is the caller's. */
export async function openTestApplication(
  folder: string,
  options: {
    readonly givenSecret?: SlotSecret
    readonly given?: string
    /** Of what is told again from time to time. */
    readonly scheduler?: Scheduler
    readonly connect?: DaemonLinkOptions['connect']
    readonly derive?: DaemonKeysOptions['derive']
  } = {},
): Promise<ApplicationPlace> {
  const paths = {
    configFile: join(folder, 'config.yaml'),
    stateDirectory: join(folder, 'state'),
    cacheDirectory: join(folder, 'cache'),
  }
  mkdirSync(folder, { recursive: true })
  const [clock, randomness] = [systemClock, systemRandomness]
  const [topics, timers, mounts, stores] = [new Topics(), new ManualTimers(), new NotedMounts(), localStores()]
  const { givenSecret: secret } = options
  const repositories = new Repositories({
    ...{ clock, describeInstance, paths, randomness, stores, workingDirectory: folder },
    given: options.given,
    after: timers.after,
    givenSecret: async () => secret && { kind: secret.kind, bytes: secret.bytes.slice() },
    onChange: () => topics.tell('repositories'),
  })
  const saved = new InstanceFile(paths.stateDirectory)
  const { id: instance } = await openInstance(saved, { describe: describeInstance, clock, randomness })
  const onDamaged = (): void => undefined
  const store = SqliteJobStore.open({ stateDirectory: paths.stateDirectory, clock, onDamaged })
  const daemon = new DaemonLink({
    ...{ clock, configFile: paths.configFile, version: 'test', scheduler: systemScheduler },
    connect: options.connect ?? (async () => undefined),
    onChange: (change) => change.type === 'job' && void jobs.changed(change.job),
    onHost: () => topics.tell('daemon'),
    onBug: (error) => {
      throw error
    },
  })
  await daemon.look()
  const keys = new DaemonKeys({ daemon, derive: options.derive ?? (async () => notDerived()) })
  const jobs = new JobDesk({
    ...{ store, daemon, instance, clock, randomness, scheduler: systemScheduler },
    runner: new ChildRunner({
      program: [process.execPath, existsSync(PROGRAM) ? PROGRAM : SOURCE],
      environment: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        TIDEMARK_CONFIG: paths.configFile,
        TIDEMARK_STATE_DIR: paths.stateDirectory,
        TIDEMARK_CACHE_DIR: paths.cacheDirectory,
      },
      workingDirectory: folder,
      secretsFor: (words) => {
        const named = [
          { option: '--secret-fd', name: repositoryOf(words) },
          { option: '--to-secret-fd', name: otherRepositoryOf(words) },
        ] as const
        return named.flatMap(({ option, name }) => {
          const secret = name === undefined ? undefined : repositories.find(name)?.secret()
          return secret === undefined ? [] : [{ option, secret }]
        })
      },
    }),
    onChange: () => topics.tell('jobs'),
  })
  const common = { clock, paths, randomness, repositories, stores }
  const planning = {
    configFile: paths.configFile,
    home: folder,
    repositories,
    jobs,
    store,
    clock,
    timeZone: 'UTC',
    daemon,
    keys,
  }
  const application = new LocalApplication({
    ...common,
    ...{
      jobs,
      daemon,
      keys,
      topics,
      workingDirectory: folder,
      mounting: mounts,
      user: process.getuid?.() ?? 0,
      version: 'test',
    },
    scheduler: options.scheduler ?? systemScheduler,
    desk: new RepositoryDesk({
      ...{ ...common, kdf: { ...KDF_DEFAULT, memoryKib: KDF_MEMORY_KIB_MIN } },
      onChange: () => topics.tell('repositories', 'health'),
    }),
    slots: new SlotDesk({
      ...{ repositories, configFile: paths.configFile, clock, randomness },
      kdf: { ...KDF_DEFAULT, memoryKib: KDF_MEMORY_KIB_MIN },
    }),
    plans: new ConfiguredPlans({ ...planning, instance }),
    notifications: notificationsOf(paths.stateDirectory, instance),
  })
  const told: Topic[] = []
  application.subscribe((topic) => told.push(topic))
  return { folder, application, timers, mounts, told, store, instance }
}

function notDerived(): never {
  throw new Error('nobody derives keys here')
}

function notificationsOf(stateDirectory: string, instance: InstanceId): ReturnType<typeof notificationDesk> {
  const onDamaged = (): void => undefined
  return notificationDesk(SqliteNotificationStore.open({ stateDirectory, clock: systemClock, onDamaged }), instance)
}

export function typed(password: string): TypedSecret {
  return { kind: 'password', bytes: new Uint8Array(Buffer.from(password, 'utf8')) }
}

/** Returns a secret that costs little to derive, where the repository was made cheaply. */
export function secretOf(password: string): SlotSecret {
  return passwordSecret(password)
}

/** Waits for the end of a job, and fails where that is no success. */
export async function ended(application: LocalApplication, job: string): Promise<JobData> {
  for (;;) {
    const found = (await application.jobs()).find(({ id }) => id === job)
    if (found === undefined) throw new Error(`there is no job ${job}`)
    if (found.state === 'done') return found
    if (found.state !== 'queued' && found.state !== 'running') {
      const { lines } = await application.jobLog(job, undefined)
      throw new Error(`the job ${found.kind} is ${found.state}: ${found.outcome ?? ''}\n${lines.join('\n')}`)
    }
    await setTimeout(20)
  }
}

function localStores(): Stores {
  return {
    driverName: () => 'local',
    open: async ({ url }) => openLocalDriver({ root: url }),
    openToTest: async ({ url }) => openLocalDriver({ root: url }),
    create: async ({ url }) => createStore(url),
    acceptHostKey: async () => Promise.reject(new Error('folders have none')),
  }
}
