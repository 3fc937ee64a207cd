import { resolve } from 'node:path'

import { present } from '../../base/assert.ts'
import { byteStringOf } from '../../base/byte-string.ts'
import type { Clock } from '../../base/clock.ts'
import type { Randomness } from '../../base/random.ts'
import { wipe } from '../../crypto/secret.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import type { Paths } from '../directories.ts'
import { normalizeLocation } from '../resolve-repository.ts'
import { rememberStoreTest } from '../store-tests.ts'
import { comparePoints, findEntries, listEntries, lookUp, pathOf, readRange, versionsOf } from './browsing.ts'
import { CommandDesk } from './command-desk.ts'
import type { DaemonKeys } from './daemon-keys.ts'
import type { DaemonLink } from './daemon-link.ts'
import type { NotificationDesk, PlanDesk } from './desks.ts'
import { healthOf, type RepositoryHealth } from './health.ts'
import type { JobDesk } from './job-desk.ts'
import type { KnownRepository } from './known-repository.ts'
import { MountDesk, type Mounting } from './mount-desk.ts'
import { foldersIn, freeBytesAt, placesAt } from './places.ts'
import type { Application, BackupWishes, NewKey, NewRecoveryCode, RepositoryForm, Topic, TypedSecret } from './port.ts'
import { previewRestore } from './previewing.ts'
import type { Repositories, Stores } from './repositories.ts'
import { type RepositoryDesk, typedSecret } from './repository-desk.ts'
import type {
  DifferenceData,
  EntryData,
  Handle,
  HealthData,
  HostData,
  JobData,
  LogData,
  LogPlace,
  MountData,
  NotificationData,
  PlaceData,
  PlanData,
  PlanForm,
  PlanMeaning,
  PointData,
  PreviewItem,
  ProbeData,
  RepositoryData,
  RestoreRequest,
  Shown,
  SizePoint,
  SlotData,
  UndoData,
  VersionData,
} from './shown.ts'
import type { SlotDesk } from './slot-desk.ts'
import { probeInSteps } from './store-probe.ts'
import type { Topics } from './topics.ts'
import { previewUndo, undoData } from './undoing.ts'

/** How often what health says of the age of something is told anew. */
const AGING_MS = 60_000

export interface LocalApplicationOptions {
  readonly repositories: Repositories
  readonly desk: RepositoryDesk
  readonly slots: SlotDesk
  readonly daemon: DaemonLink
  readonly keys: DaemonKeys
  readonly jobs: JobDesk
  readonly plans: PlanDesk
  readonly notifications: NotificationDesk
  readonly mounting: Mounting
  readonly stores: Stores
  readonly topics: Topics
  readonly paths: Paths
  readonly workingDirectory: string
  /** The number of the user that this process belongs to. */
  readonly user: number
  /** Of this program. */
  readonly version: string
  readonly clock: Clock
  readonly randomness: Randomness
  readonly scheduler: Scheduler
}

/**
 * The application service in the process of a face. What is shown is read here; what somebody wants done is done by the
 * daemon, or without one by this process as long as it lives.
 */
export class LocalApplication implements Application {
  readonly root: Handle = '/'
  readonly #options: LocalApplicationOptions
  readonly #commands: CommandDesk
  readonly #mounts: MountDesk
  readonly #endAging: () => void

  constructor(options: LocalApplicationOptions) {
    this.#options = options
    this.#commands = new CommandDesk(options)
    this.#mounts = new MountDesk({ ...options, stateDirectory: options.paths.stateDirectory })
    this.#endAging = options.scheduler.every(AGING_MS, () => options.topics.tell('health'))
  }

  get host(): HostData {
    return this.#options.daemon.host
  }

  subscribe(listener: (topic: Topic) => void): () => void {
    return this.#options.topics.subscribe(listener)
  }

  async health(): Promise<HealthData> {
    const { clock, desk, jobs, notifications, plans } = this.#options
    const repositories = await desk.list()
    const known = await Promise.all(repositories.map((data) => this.#healthOf(data)))
    const [list, knownLess, findings] = await Promise.all([jobs.list(), notifications.knownLess(), plans.findings()])
    return healthOf(known, { plans: findings, jobs: list, knownLess, nowMs: clock.nowMs() })
  }

  async #healthOf(data: RepositoryData): Promise<RepositoryHealth> {
    const { desk, jobs } = this.#options
    if (data.state.kind !== 'open') return { data, points: [], alarms: [], checkedMs: undefined }
    const [{ backups, alarms, sharesDisk }, checkedMs] = await Promise.all([
      desk.points(data.name),
      jobs.lastDoneSinceMs('check', data.name),
    ])
    return { data: { ...data, sharesDisk }, points: backups, alarms, checkedMs }
  }

  async sizes(repository: string): Promise<readonly SizePoint[]> {
    return this.#options.desk.sizes(repository)
  }

  async repositories(): Promise<readonly RepositoryData[]> {
    return this.#options.desk.list()
  }

  async addRepository(
    form: RepositoryForm,
    secret: TypedSecret,
    signal: AbortSignal,
  ): Promise<{ recoveryCode: string | undefined }> {
    const { desk, topics } = this.#options
    try {
      const recoveryCode = await desk.add(form, await typedSecret(secret), signal)
      topics.tell('repositories', 'health')
      return { recoveryCode }
    } finally {
      wipe(...(form.credentials ?? []).map(({ bytes }) => bytes))
    }
  }

  async removeRepository(name: string): Promise<void> {
    await this.#options.desk.remove(name)
    this.#options.topics.tell('repositories', 'health')
  }

  async *testDriver(url: string, signal: AbortSignal): AsyncGenerator<ProbeData> {
    const { clock, paths, randomness, repositories, stores, topics, version } = this.#options
    const unknown = { name: undefined, url: normalizeLocation(url, '/'), configured: undefined }
    const known = repositories.find(unknown.url)
    const place = known?.place ?? unknown
    // Of a place that nobody knows, nothing is sealed.
    await using driver = await stores.openToTest(place, async () => present(known, 'what is sealed is known').given())
    yield* probeInSteps(driver, {
      randomness,
      signal,
      onReport: async (report) => {
        await rememberStoreTest(paths.stateDirectory, { url: place.url, testedMs: clock.nowMs(), version, report })
        topics.tell('repositories')
      },
    })
  }

  async unlock(repository: string, secret: TypedSecret): Promise<void> {
    const { known, typed } = await this.#withTyped(repository, secret)
    await known.unlock(typed)
    // What it was unlocked with before may open it no more.
    await this.#options.keys.hold(known, { isNew: true })
  }

  async lock(): Promise<void> {
    const { desk, keys } = this.#options
    desk.lock()
    await keys.forget()
  }

  async slots(repository: string): Promise<readonly SlotData[]> {
    return this.#options.slots.list(await this.#repository(repository))
  }

  async addPassword(repository: string, password: TypedSecret, key: NewKey): Promise<readonly Shown[]> {
    const { known, typed } = await this.#withTyped(repository, password)
    return this.#options.slots.addPassword(known, typed, key)
  }

  async exportKey(repository: string, file: string, key: NewKey): Promise<readonly Shown[]> {
    const path = resolve(this.#options.workingDirectory, file)
    return this.#options.slots.exportKey(await this.#repository(repository), path, key)
  }

  async rotateKeys(repository: string): Promise<readonly Shown[]> {
    return this.#options.slots.rotate(await this.#repository(repository))
  }

  async changePassword(repository: string, password: TypedSecret): Promise<readonly Shown[]> {
    const { keys, slots } = this.#options
    const { known, typed } = await this.#withTyped(repository, password)
    const notices = await slots.changePassword(known, typed)
    await keys.hold(await this.#repository(repository), { isNew: true })
    return notices
  }

  async addRecoveryCode(repository: string, label: string): Promise<NewRecoveryCode> {
    return this.#options.slots.addRecoveryCode(await this.#repository(repository), label)
  }

  async removeSlot(repository: string, slot: Handle): Promise<readonly Shown[]> {
    return this.#options.slots.remove(await this.#repository(repository), slot)
  }

  async points(repository: string): Promise<readonly PointData[]> {
    return (await this.#options.desk.points(repository)).points
  }

  async entries(
    repository: string,
    point: string,
    directory: Handle,
    signal: AbortSignal,
  ): Promise<readonly EntryData[]> {
    return listEntries({ repository: await this.#repository(repository), point }, directory, signal)
  }

  async lookup(repository: string, point: string, path: string): Promise<EntryData | undefined> {
    return lookUp({ repository: await this.#repository(repository), point }, path)
  }

  async content(
    repository: string,
    point: string,
    file: Handle,
    range: { readonly offset: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    return readRange({ repository: await this.#repository(repository), point }, file, { range, signal })
  }

  async history(repository: string, point: string, path: Handle, signal: AbortSignal): Promise<readonly VersionData[]> {
    return versionsOf({ repository: await this.#repository(repository), point }, path, signal)
  }

  async find(repository: string, point: string, pattern: string, signal: AbortSignal): Promise<readonly EntryData[]> {
    return findEntries({ repository: await this.#repository(repository), point }, pattern, signal)
  }

  async diff(
    repository: string,
    before: string,
    after: string,
    signal: AbortSignal,
  ): Promise<readonly DifferenceData[]> {
    return comparePoints(await this.#repository(repository), [before, after], signal)
  }

  async *preview(request: RestoreRequest, signal: AbortSignal): AsyncGenerator<PreviewItem> {
    const { paths, workingDirectory } = this.#options
    yield* previewRestore(await this.#repository(request.repository), request, { paths, workingDirectory, signal })
  }

  async freeBytes(target: string | undefined, inPlace?: Handle): Promise<number | undefined> {
    if (target !== undefined) return freeBytesAt(byteStringOf(resolve(this.#options.workingDirectory, target)))
    return inPlace === undefined ? undefined : freeBytesAt(pathOf(inPlace))
  }

  async restore(request: RestoreRequest): Promise<Handle> {
    return this.#commands.restore(request)
  }

  async undoable(repository: string, restore: Handle | undefined): Promise<UndoData> {
    const point = restore === undefined ? undefined : await this.#options.jobs.undoPointOf(restore)
    return undoData(await this.#repository(repository), point)
  }

  async *previewUndo(repository: string, undo: string, signal: AbortSignal): AsyncGenerator<PreviewItem> {
    yield* previewUndo(await this.#repository(repository), undo, signal)
  }

  async undo(repository: string, undo: string): Promise<Handle> {
    return this.#commands.undo(repository, undo)
  }

  async forget(repository: string, points: readonly string[]): Promise<Handle> {
    return this.#commands.forget(repository, points)
  }

  async check(repository: string, readPercent: number): Promise<Handle> {
    return this.#commands.check(repository, readPercent)
  }

  async backup(repository: string, sources: readonly string[], how?: BackupWishes): Promise<Handle> {
    return this.#commands.backup(repository, sources, how)
  }

  async jobs(): Promise<readonly JobData[]> {
    return this.#options.jobs.list()
  }

  async jobLog(job: Handle, after: LogPlace | undefined): Promise<LogData> {
    return this.#options.jobs.log(job, after)
  }

  async cancelJob(job: Handle): Promise<void> {
    await this.#options.jobs.cancel(job)
  }

  async retryJob(job: Handle): Promise<void> {
    await this.#options.jobs.retry(job)
  }

  async plans(): Promise<readonly PlanData[]> {
    return this.#options.plans.plans()
  }

  async planForm(plan: string): Promise<PlanForm> {
    return this.#options.plans.planForm(plan)
  }

  async explainPlan(form: PlanForm): Promise<PlanMeaning> {
    return this.#options.plans.explainPlan(form)
  }

  async savePlan(form: PlanForm, replaces: string | undefined): Promise<void> {
    await this.#options.plans.savePlan(form, replaces)
    this.#options.topics.tell('plans')
  }

  async removePlan(plan: string): Promise<void> {
    await this.#options.plans.removePlan(plan)
    this.#options.topics.tell('plans')
  }

  async runPlan(plan: string): Promise<void> {
    await this.#options.plans.runPlan(plan)
  }

  async pausePlan(plan: string, paused: boolean): Promise<void> {
    await this.#options.plans.pausePlan(plan, paused)
    this.#options.topics.tell('plans')
  }

  async notifications(): Promise<readonly NotificationData[]> {
    return this.#options.notifications.notifications()
  }

  async acknowledge(notification: Handle): Promise<void> {
    await this.#options.notifications.acknowledge(notification)
    this.#options.topics.tell('notifications')
  }

  async mounts(): Promise<readonly MountData[]> {
    return this.#mounts.mounts()
  }

  async mount(repository: string, point: string | undefined, directory: string): Promise<void> {
    await this.#mounts.mount(repository, point, directory)
    this.#options.topics.tell('mounts')
  }

  async unmount(mount: Handle): Promise<void> {
    await this.#mounts.unmount(mount)
    this.#options.topics.tell('mounts')
  }

  async folders(directory: string): Promise<readonly string[]> {
    return foldersIn(directory, this.#options.workingDirectory)
  }

  async placesAt(paths: readonly string[]): Promise<readonly PlaceData[]> {
    return placesAt(paths)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { daemon, jobs, notifications, repositories, topics } = this.#options
    this.#endAging()
    topics.clear()
    await daemon[Symbol.asyncDispose]()
    await jobs[Symbol.asyncDispose]()
    await notifications[Symbol.asyncDispose]()
    await repositories[Symbol.asyncDispose]()
  }

  /** Returns a repository, and what was typed for it, which is wiped where there is none of that name. */
  async #withTyped(name: string, secret: TypedSecret): Promise<{ known: KnownRepository; typed: SlotSecret }> {
    const typed = await typedSecret(secret)
    try {
      return { known: await this.#repository(name), typed }
    } catch (error) {
      wipe(typed.bytes)
      throw error
    }
  }

  async #repository(name: string): Promise<KnownRepository> {
    return this.#options.desk.get(name)
  }
}
