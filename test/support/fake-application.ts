import { dirname } from 'node:path/posix'
import { setTimeout } from 'node:timers/promises'

import { KeyError, type TidemarkError } from '../../src/base/errors.ts'
import type {
  Application,
  BackupWishes,
  NewKey,
  NewRecoveryCode,
  RepositoryForm,
  Topic,
  TypedSecret,
} from '../../src/service/application/port.ts'
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
  SizePoint,
  SlotData,
  StepForm,
  UndoData,
  VersionData,
} from '../../src/service/application/shown.ts'
import { newPlan } from '../../tui/screens/plans/plan-fields.ts'
import { quickOf } from '../../tui/screens/plans/quick-steps.ts'
import { actionOf, differences, modeOf } from './fake-comparisons.ts'
import { ALL_VERIFIED, missing, NEW_MOUNT, NEW_REPOSITORY, NEW_SLOT, STARTED_JOB } from './fake-answers.ts'
import { FakeTree } from './fake-tree.ts'

type Method = Exclude<keyof Application, 'host' | 'root' | symbol>

/**
 * The dashboard's port over values in memory: what a test puts in is what is shown, and what is done to it changes them.
 *
 * It can be slow or fail, function by function, and remembers what it was asked.
 */
export class FakeApplication implements Application {
  readonly root = '/'
  host: HostData = { kind: 'daemon' }
  healthData = ALL_VERIFIED
  repositoryList: RepositoryData[] = []
  /** Names of repositories whose keys are not there, and the password that opens them. */
  readonly passwords = new Map<string, string>()
  pointList: PointData[] = []
  sizeList: SizePoint[] = []
  jobList: JobData[] = []
  planList: PlanData[] = []
  notificationList: NotificationData[] = []
  mountList: MountData[] = []
  slotList: SlotData[] = []
  folderList: string[] = []
  /** What lies on the disk, for previews. */
  disk = new FakeTree()
  free: number | undefined = 100 * 2 ** 30
  /** What every job said; a few words when absent. */
  log: readonly string[] | undefined
  readonly restored: RestoreRequest[] = []
  /** The restore that can be taken back, and what that would do. */
  undone: UndoData | undefined
  undoItems: readonly PreviewItem[] = []
  readonly asked: { readonly method: Method; readonly given: readonly unknown[] }[] = []
  /** How long a function takes. */
  readonly delaysMs = new Map<Method, number>()
  /** What a function fails with, until it is taken out. */
  readonly failures = new Map<Method, TidemarkError>()
  readonly #trees = new Map<string, FakeTree>()
  readonly #listeners = new Set<(topic: Topic) => void>()

  /** Adds a point and what is in it, newest last. */
  addPoint(point: PointData, tree: FakeTree): void {
    this.pointList.push(point)
    this.#trees.set(point.id, tree)
  }

  /** Tells the faces that something has changed. */
  tell(topic: Topic): void {
    for (const listener of this.#listeners) listener(topic)
  }

  /** Puts a job in or in the place of the one with its id, and tells. */
  putJob(job: JobData): void {
    this.jobList = [...this.jobList.filter(({ id }) => id !== job.id), job]
    this.tell('jobs')
  }

  subscribe(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async health(): Promise<HealthData> {
    await this.#ask('health', [])
    return this.healthData
  }

  async sizes(repository: string): Promise<readonly SizePoint[]> {
    await this.#askOf(repository, 'sizes', [repository])
    return this.sizeList
  }

  async repositories(): Promise<readonly RepositoryData[]> {
    await this.#ask('repositories', [])
    return this.repositoryList.map((data) =>
      this.passwords.has(data.name) ? { ...data, state: { kind: 'locked' } } : data,
    )
  }

  async addRepository(
    form: RepositoryForm,
    secret: TypedSecret,
    signal: AbortSignal,
  ): Promise<{ recoveryCode: string | undefined }> {
    for (const { bytes } of [secret, ...(form.credentials ?? [])]) bytes.fill(0)
    await this.#ask('addRepository', [form], signal)
    const isDefault = this.repositoryList.length === 0
    const { name, url } = form
    this.repositoryList.push({ ...NEW_REPOSITORY, name, url, isDefault })
    this.tell('repositories')
    return { recoveryCode: form.create ? 'ABCDE-FGHJK-LMNPQ-RSTUV' : undefined }
  }

  async removeRepository(name: string): Promise<void> {
    await this.#ask('removeRepository', [name])
    this.repositoryList = this.repositoryList.filter((repository) => repository.name !== name)
    this.tell('repositories')
  }

  async *testDriver(url: string, signal: AbortSignal): AsyncGenerator<ProbeData> {
    for (const name of ['write', 'read', 'list', 'remove']) {
      await this.#ask('testDriver', [url], signal)
      yield { name, answer: 'as promised', state: 'good' }
    }
  }

  async unlock(repository: string, secret: TypedSecret): Promise<void> {
    const text = Buffer.from(secret.bytes).toString('utf8')
    secret.bytes.fill(0)
    await this.#ask('unlock', [repository, secret.kind])
    if (this.passwords.get(repository) !== text) throw new KeyError('WRONG_PASSWORD', 'the password is wrong')
    this.passwords.delete(repository)
    this.tell('repositories')
  }

  async lock(): Promise<void> {
    await this.#ask('lock', [])
  }

  async slots(repository: string): Promise<readonly SlotData[]> {
    await this.#askOf(repository, 'slots', [repository])
    return this.slotList
  }

  async addPassword(repository: string, password: TypedSecret, key: NewKey): Promise<readonly string[]> {
    password.bytes.fill(0)
    await this.#askOf(repository, 'addPassword', [repository, key])
    return this.#addSlot('password', key)
  }

  async exportKey(repository: string, file: string, key: NewKey): Promise<readonly string[]> {
    await this.#askOf(repository, 'exportKey', [repository, file, key])
    return this.#addSlot('key-file', key)
  }

  async rotateKeys(repository: string): Promise<readonly string[]> {
    await this.#askOf(repository, 'rotateKeys', [repository])
    return ['It takes nothing back of what they could read.']
  }

  async changePassword(repository: string, password: TypedSecret): Promise<readonly string[]> {
    password.bytes.fill(0)
    await this.#askOf(repository, 'changePassword', [repository])
    return ['Whoever knew the old one may have kept its keys.']
  }

  async addRecoveryCode(repository: string, label: string): Promise<NewRecoveryCode> {
    await this.#askOf(repository, 'addRecoveryCode', [repository, label])
    return { slot: 'c0de5107', code: 'ABCDE-FGHJK-LMNPQ-RSTUV' }
  }

  async removeSlot(repository: string, slot: Handle): Promise<readonly string[]> {
    await this.#askOf(repository, 'removeSlot', [repository, slot])
    this.slotList = this.slotList.filter(({ id }) => id !== slot)
    return ['Whoever has it may have kept its keys.']
  }

  async points(repository: string): Promise<readonly PointData[]> {
    await this.#askOf(repository, 'points', [repository])
    return this.pointList
  }

  async entries(
    repository: string,
    point: string,
    directory: Handle,
    signal: AbortSignal,
  ): Promise<readonly EntryData[]> {
    await this.#askOf(repository, 'entries', [repository, point, directory], signal)
    return this.#treeOf(point).list(directory) ?? missing(directory)
  }

  async lookup(repository: string, point: string, path: string): Promise<EntryData | undefined> {
    await this.#askOf(repository, 'lookup', [repository, point, path])
    return this.#treeOf(point).at(path)
  }

  async content(
    repository: string,
    point: string,
    file: Handle,
    range: { readonly offset: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    await this.#askOf(repository, 'content', [repository, point, file, range], signal)
    const content = this.#treeOf(point).contentAt(file) ?? missing(file)
    return content.slice(range.offset, range.offset + range.length)
  }

  async history(repository: string, point: string, path: Handle, signal: AbortSignal): Promise<readonly VersionData[]> {
    await this.#askOf(repository, 'history', [repository, point, path], signal)
    const instance = this.pointList.find(({ id }) => id === point)?.instance
    const versions: { entry: EntryData; points: { id: string; startedMs: number }[]; content: string }[] = []
    for (const { id, startedMs } of this.pointList.filter((each) => each.instance === instance)) {
      const entry = this.#treeOf(id).at(path)
      if (entry === undefined) continue
      const content = Buffer.from(this.#treeOf(id).contentAt(path) ?? []).toString('latin1')
      const last = versions.at(-1)
      if (last?.content === content) last.points.push({ id, startedMs })
      else versions.push({ entry, points: [{ id, startedMs }], content })
    }
    return versions
  }

  async find(repository: string, point: string, pattern: string, signal: AbortSignal): Promise<readonly EntryData[]> {
    await this.#askOf(repository, 'find', [repository, point, pattern], signal)
    return [...this.#treeOf(point).walk('/')].filter(({ name }) => name.includes(pattern))
  }

  async diff(
    repository: string,
    before: string,
    after: string,
    signal: AbortSignal,
  ): Promise<readonly DifferenceData[]> {
    await this.#askOf(repository, 'diff', [repository, before, after], signal)
    return differences(this.#treeOf(before), this.#treeOf(after))
  }

  async *preview(request: RestoreRequest, signal: AbortSignal): AsyncGenerator<PreviewItem> {
    await this.#askOf(request.repository, 'preview', [request], signal)
    const seen = new Set<Handle>()
    for (const { path } of request.selections) {
      for (const after of this.#treeOf(request.point).walk(path)) {
        if (seen.has(after.path) || !seen.add(after.path)) continue
        if (request.without.some((out) => after.path === out || after.path.startsWith(`${out}/`))) continue
        const before = this.disk.at(after.path)
        const { path: handle, shownPath, kind, bytes } = after
        yield {
          path: handle,
          shownPath,
          kind,
          bytes,
          after,
          before,
          action: actionOf(before, after, modeOf(after, request)),
        }
      }
    }
  }

  async freeBytes(target: string | undefined): Promise<number | undefined> {
    await this.#ask('freeBytes', [target])
    return this.free
  }

  async restore(request: RestoreRequest): Promise<Handle> {
    await this.#askOf(request.repository, 'restore', [request])
    this.restored.push(request)
    return this.#startJob('restore', request.repository)
  }

  async undoable(repository: string, restore: Handle | undefined): Promise<UndoData> {
    await this.#askOf(repository, 'undoable', [repository, restore])
    return this.undone ?? missing('anything to undo')
  }

  async *previewUndo(repository: string, undo: string, signal: AbortSignal): AsyncGenerator<PreviewItem> {
    await this.#askOf(repository, 'previewUndo', [repository, undo], signal)
    yield* this.undoItems
  }

  async undo(repository: string, undo: string): Promise<Handle> {
    await this.#askOf(repository, 'undo', [repository, undo])
    return this.#startJob('undo', repository)
  }

  async forget(repository: string, points: readonly string[]): Promise<Handle> {
    await this.#askOf(repository, 'forget', [repository, points])
    this.pointList = this.pointList.filter(({ id }) => !points.includes(id))
    this.tell('points')
    return this.#startJob('forget', repository)
  }

  async check(repository: string, readPercent: number): Promise<Handle> {
    await this.#askOf(repository, 'check', [repository, readPercent])
    return this.#startJob('check', repository)
  }

  async backup(repository: string, sources: readonly string[], how?: BackupWishes): Promise<Handle> {
    await this.#askOf(repository, 'backup', [repository, sources, ...(how === undefined ? [] : [how])])
    return this.#startJob('backup', repository)
  }

  async jobs(): Promise<readonly JobData[]> {
    await this.#ask('jobs', [])
    return this.jobList
  }

  async jobLog(job: Handle, after: LogPlace | undefined): Promise<LogData> {
    await this.#ask('jobLog', [job, after])
    const all = this.log ?? [`${job}: first line`, `${job}: second line`]
    return { lines: all.slice(after?.line), place: { run: 1, line: all.length }, isEnd: true }
  }

  async cancelJob(job: Handle): Promise<void> {
    await this.#ask('cancelJob', [job])
    this.#changeJob(job, { state: 'cancelled' })
  }

  async retryJob(job: Handle): Promise<void> {
    await this.#ask('retryJob', [job])
    this.#changeJob(job, { state: 'queued' })
  }

  async plans(): Promise<readonly PlanData[]> {
    await this.#ask('plans', [])
    return this.planList
  }

  async planForm(plan: string): Promise<PlanForm> {
    await this.#ask('planForm', [plan])
    const { name, sources, repository, trigger } = this.planList.find((data) => data.name === plan) ?? missing(plan)
    const step: StepForm = { kind: 'incremental', settings: {} }
    const keep: StepForm = { kind: 'forget', settings: { 'keep-last': ['3'], 'keep-daily': ['7'] } }
    const verify: StepForm = { kind: 'verify', settings: { value: ['5'], after: ['incremental'] } }
    return { ...newPlan(repository), name, sources, trigger, steps: [step, verify, keep] }
  }

  async explainPlan(form: PlanForm): Promise<PlanMeaning> {
    await this.#ask('explainPlan', [form])
    const mistakes: Record<string, string> = form.name === '' ? { name: 'a plan needs a name' } : {}
    const nextMs = [1, 2, 3, 4, 5].map((days) => 1_795_000_000_000 + days * 86_400_000)
    const keep = Number(quickOf(form.steps).keepLast)
    const forgotten = keep > 0 ? this.pointList.slice(0, -keep).map(({ id }) => id) : []
    return { mistakes, remarks: {}, trigger: `at ${form.trigger}`, nextMs, forgotten }
  }

  async savePlan(form: PlanForm, replaces: string | undefined): Promise<void> {
    await this.#ask('savePlan', [form, replaces])
    const { name, sources, repository, trigger } = form
    const plan = { name, sources, repository, trigger, isPaused: false, steps: [], proven: undefined }
    this.planList = [...this.planList.filter((data) => data.name !== replaces), plan]
    this.tell('plans')
  }

  async removePlan(plan: string): Promise<void> {
    await this.#ask('removePlan', [plan])
    this.planList = this.planList.filter(({ name }) => name !== plan)
    this.tell('plans')
  }

  async runPlan(plan: string): Promise<void> {
    await this.#ask('runPlan', [plan])
    this.#startJob('backup', this.planList.find(({ name }) => name === plan)?.repository ?? missing(plan))
  }

  async pausePlan(plan: string, paused: boolean): Promise<void> {
    await this.#ask('pausePlan', [plan, paused])
    this.planList = this.planList.map((data) => (data.name === plan ? { ...data, isPaused: paused } : data))
    this.tell('plans')
  }

  async notifications(): Promise<readonly NotificationData[]> {
    await this.#ask('notifications', [])
    return this.notificationList
  }

  async acknowledge(notification: Handle): Promise<void> {
    await this.#ask('acknowledge', [notification])
    this.notificationList = this.notificationList.map((data) =>
      data.id === notification ? { ...data, isAcknowledged: true } : data,
    )
    this.tell('notifications')
  }

  async mounts(): Promise<readonly MountData[]> {
    await this.#ask('mounts', [])
    return this.mountList
  }

  async mount(repository: string, point: string | undefined, directory: string): Promise<void> {
    await this.#askOf(repository, 'mount', [repository, point, directory])
    this.mountList = [...this.mountList, { ...NEW_MOUNT, id: directory, directory, repository, point }]
    this.tell('mounts')
  }

  async unmount(mount: Handle): Promise<void> {
    await this.#ask('unmount', [mount])
    this.mountList = this.mountList.filter(({ id }) => id !== mount)
    this.tell('mounts')
  }

  async folders(directory: string): Promise<readonly string[]> {
    await this.#ask('folders', [directory])
    return this.folderList
  }

  async placesAt(paths: readonly string[]): Promise<readonly PlaceData[]> {
    await this.#ask('placesAt', [paths])
    return paths.map((path) => ({ kind: 'folder', isHeld: true, upTo: dirname(path) }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
  }

  async #ask(method: Method, given: readonly unknown[], signal?: AbortSignal): Promise<void> {
    this.asked.push({ method, given })
    const delayMs = this.delaysMs.get(method)
    if (delayMs !== undefined) await setTimeout(delayMs, undefined, signal === undefined ? {} : { signal })
    signal?.throwIfAborted()
    const failure = this.failures.get(method)
    if (failure !== undefined) throw failure
  }

  async #askOf(repository: string, method: Method, given: readonly unknown[], signal?: AbortSignal): Promise<void> {
    await this.#ask(method, given, signal)
    if (this.passwords.has(repository)) throw new KeyError('WRONG_KEY', `${repository} is locked`)
  }

  #addSlot(kind: SlotData['kind'], { backupOnly, realm }: NewKey): readonly string[] {
    const scope = backupOnly ? 'backup-only' : 'full'
    const slot = { ...NEW_SLOT, kind, scope, realm: backupOnly ? realm : undefined } as const
    this.slotList = [...this.slotList, { ...slot, id: `slot-${this.slotList.length}` }]
    return backupOnly ? ['It reads nothing back.'] : []
  }

  #treeOf(point: string): FakeTree {
    return this.#trees.get(point) ?? missing(point)
  }

  #startJob(kind: string, repository: string): Handle {
    const id = `job-${this.jobList.length + 1}`
    this.putJob({ ...STARTED_JOB, id, kind, repository, isHere: this.host.kind !== 'daemon' })
    return id
  }

  #changeJob(id: Handle, change: Partial<JobData>): void {
    const job = this.jobList.find((data) => data.id === id) ?? missing(id)
    this.putJob({ ...job, ...change })
  }
}
