import type { CredentialKind } from '../secret-source.ts'
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

/** How a point is made that no plan asks for. */
export interface BackupWishes {
  readonly tags: readonly string[]
  /** What is left out, by patterns as of .gitignore. */
  readonly excludes: readonly string[]
}

/** What has changed, so that a face asks again. */
export type Topic = 'repositories' | 'points' | 'jobs' | 'plans' | 'notifications' | 'mounts' | 'health' | 'daemon'

/** A secret that was typed, or where a key file lies: its absolute path as UTF-8. The service wipes the bytes. */
export interface TypedSecret {
  readonly kind: 'password' | 'recovery-code' | 'key-file'
  readonly bytes: Uint8Array
}

/** What a new key of a repository is called, and what it may do. */
export interface NewKey {
  /** A word for people; may be empty. */
  readonly label: string
  /** It makes points, and reads and removes nothing. */
  readonly backupOnly: boolean
  /** Of a backup-only key: the realm that it writes into, made if need be; empty: one of its own. */
  readonly realm: string
}

/** A recovery code, told once, and the id of the slot that it opens. */
export interface NewRecoveryCode {
  readonly slot: Handle
  readonly code: string
}

/** What the server of a repository asks of its user; the service wipes its bytes, and keeps them sealed with the password. */
export interface TypedCredential {
  readonly kind: CredentialKind
  readonly bytes: Uint8Array
}

/** A key that a server showed, and by which it is known once somebody has accepted it. */
export interface HostKey {
  /** As it is called where such keys are kept. */
  readonly host: string
  readonly port: number
  /** In base64. */
  readonly key: string
}

/** What a wizard has gathered about a repository. */
export interface RepositoryForm {
  readonly name: string
  readonly url: string
  /** `true`: a new repository is made there; `false`: there is one. */
  readonly create: boolean
  readonly credentials?: readonly TypedCredential[]
  /** Of its server, on which nothing was known of it when it was asked the last time: somebody compared and accepted it. */
  readonly acceptedKey?: HostKey
}

/**
 * The one service that command line, daemon and dashboard share.
 *
 * Every function rejects with a `TidemarkError` whose message and hint may be shown as they are; `ABORTED` reasons of the
 * signal aside. What is asked of a locked repository rejects with a `KeyError` of code WRONG_KEY.
 */
export interface Application extends AsyncDisposable {
  /** Who runs jobs that are asked for now; the topic `daemon` tells that it is somebody else. */
  readonly host: HostData
  /** Is told what has changed; returns what ends that. */
  subscribe(listener: (topic: Topic) => void): () => void

  health(): Promise<HealthData>
  /** Past of a repository's size, oldest first, one for each of the points that are there now. */
  sizes(repository: string): Promise<readonly SizePoint[]>

  repositories(): Promise<readonly RepositoryData[]>
  /** Adds to the configuration, after the repository was made or opened. Returns the recovery code of a new one, once. */
  addRepository(
    form: RepositoryForm,
    secret: TypedSecret,
    signal: AbortSignal,
  ): Promise<{ recoveryCode: string | undefined }>
  /** Takes it out of the configuration; what it stores stays. */
  removeRepository(name: string): Promise<void>
  /** Yields each thing that the store was asked; of a repository that is known with what it is opened with. */
  testDriver(url: string, signal: AbortSignal): AsyncIterable<ProbeData>
  unlock(repository: string, secret: TypedSecret): Promise<void>
  lock(): Promise<void>
  slots(repository: string): Promise<readonly SlotData[]>
  /** Adds a password that opens the repository as well. Returns what is to be known of that, as all below. */
  addPassword(repository: string, password: TypedSecret, key: NewKey): Promise<readonly Shown[]>
  /** Writes a key file that opens the repository to a new file at an absolute path. */
  exportKey(repository: string, file: string, key: NewKey): Promise<readonly Shown[]>
  /** Makes new keys for new data, which those who have keys that were removed cannot read. */
  rotateKeys(repository: string): Promise<readonly Shown[]>
  /** Puts a password in the place of the one that opened the repository, also for what is sealed with it. */
  changePassword(repository: string, password: TypedSecret): Promise<readonly Shown[]>
  /** Makes another recovery code; `label`, which may be empty, is seen by whoever opens the repository with it. */
  addRecoveryCode(repository: string, label: string): Promise<NewRecoveryCode>
  /** Removes what opens a repository, but not what opened it now. */
  removeSlot(repository: string, slot: Handle): Promise<readonly Shown[]>

  points(repository: string): Promise<readonly PointData[]>
  entries(repository: string, point: string, directory: Handle, signal: AbortSignal): Promise<readonly EntryData[]>
  /** The path of the root directory of every point. */
  readonly root: Handle
  /** Returns the entry at a typed absolute path, or `undefined`. */
  lookup(repository: string, point: string, path: string): Promise<EntryData | undefined>
  /** Returns at most `length` bytes of a file from `offset`. */
  content(
    repository: string,
    point: string,
    file: Handle,
    range: { readonly offset: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<Uint8Array>
  /** Versions of what lies at a path, over all points of the instance that made `point`. */
  history(repository: string, point: string, path: Handle, signal: AbortSignal): Promise<readonly VersionData[]>
  /** As `tidemark find`: at most 10,000 entries. */
  find(repository: string, point: string, pattern: string, signal: AbortSignal): Promise<readonly EntryData[]>
  diff(repository: string, before: string, after: string, signal: AbortSignal): Promise<readonly DifferenceData[]>

  /**
   * Yields what a restore would do, folder by folder, parents before what they hold; writes nothing.
   *
   * With a target each selection lies below it as it lay below the deepest folder that holds all selections.
   */
  preview(request: RestoreRequest, signal: AbortSignal): AsyncIterable<PreviewItem>
  /** Bytes free where a restore would write: at `target` or, in place, where `inPlace` lies or would lie. */
  freeBytes(target: string | undefined, inPlace?: Handle): Promise<number | undefined>
  restore(request: RestoreRequest): Promise<Handle>
  /** Tells what can be undone: the last restore of this machine, or that job. @throws {UsageError} UNKNOWN_POINT: nothing. */
  undoable(repository: string, restore: Handle | undefined): Promise<UndoData>
  /** Yields what undoing a restore would do, as `preview`; `undo` is the id of what `undoable` told. */
  previewUndo(repository: string, undo: string, signal: AbortSignal): AsyncIterable<PreviewItem>
  undo(repository: string, undo: string): Promise<Handle>
  forget(repository: string, points: readonly string[]): Promise<Handle>
  check(repository: string, readPercent: number): Promise<Handle>
  /** A point of these folders, without a plan. */
  backup(repository: string, sources: readonly string[], how?: BackupWishes): Promise<Handle>

  jobs(): Promise<readonly JobData[]>
  /** Reads on in the log of a job, a thousand of its lines at most; from its beginning without a place. */
  jobLog(job: Handle, after: LogPlace | undefined): Promise<LogData>
  cancelJob(job: Handle): Promise<void>
  retryJob(job: Handle): Promise<void>

  plans(): Promise<readonly PlanData[]>
  planForm(plan: string): Promise<PlanForm>
  /** Says what a plan as typed means; changes nothing. */
  explainPlan(form: PlanForm): Promise<PlanMeaning>
  savePlan(form: PlanForm, replaces: string | undefined): Promise<void>
  removePlan(plan: string): Promise<void>
  runPlan(plan: string): Promise<void>
  pausePlan(plan: string, paused: boolean): Promise<void>

  notifications(): Promise<readonly NotificationData[]>
  acknowledge(notification: Handle): Promise<void>

  mounts(): Promise<readonly MountData[]>
  /** Mounts all points, or one. */
  mount(repository: string, point: string | undefined, directory: string): Promise<void>
  unmount(mount: Handle): Promise<void>

  /** Names of the folders in a folder of this machine, for pickers; links to folders are among them. */
  folders(directory: string): Promise<readonly string[]>
  /** Tells what lies at absolute paths of this machine as typed, in their order; of at most 64. */
  placesAt(paths: readonly string[]): Promise<readonly PlaceData[]>
}
