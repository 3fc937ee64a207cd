import type { MountAnswer } from '../../base/posix/mount-answers.ts'

/**
 * Values that the application service gives to its faces: plain data, which crosses a socket as JSON unchanged.
 *
 * Text of type `Shown` comes from outside (names of files, tags, hosts, messages of servers) and has been made fit for a
 * terminal: no control characters. Times are milliseconds since 1970, sizes are bytes, ids lower-case hexadecimal.
 */
export type Shown = string

/** Names something for the service and is not looked into by faces: a path's bytes, a job, a mount. */
export type Handle = string

/** Where a repository is on its way between its URL and being read. */
export type RepositoryState =
  /** Nobody has asked for it yet, or its keys were forgotten. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly pointCount: number }
  /** Since when, and what to do. */
  | {
      readonly kind: 'unreachable'
      readonly sinceMs: number
      readonly message: Shown
      readonly hint: Shown | undefined
    }

export interface RepositoryData {
  /** As the configuration calls it. */
  readonly name: string
  readonly url: Shown
  readonly driver: string
  readonly isDefault: boolean
  readonly state: RepositoryState
  /** On the disk that a source lies on: lost together with it. `undefined`: its points were not looked at yet. */
  readonly sharesDisk: boolean | undefined
  /** When its store was tested last, by whichever face, and whether a repository is safe there; `undefined`: not within 30 days. */
  readonly lastTest: { readonly atMs: number; readonly isSafe: boolean } | undefined
}

export interface PointData {
  readonly id: string
  readonly chain: string
  readonly instance: string
  readonly instanceName: Shown
  readonly type: 'full' | 'incremental'
  readonly parents: readonly string[]
  readonly startedMs: number
  readonly finishedMs: number
  readonly files: number
  readonly dirs: number
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesRemoved: number
  readonly bytes: number
  readonly bytesStored: number
  readonly tags: readonly Shown[]
  readonly description: Shown
  /** Why it looks unlike those before it; empty for most. */
  readonly suspect: readonly Shown[]
  /** `undefined` where the keys cannot read them. */
  readonly sources: readonly Shown[] | undefined
  /** It holds what a restore was about to change, to undo that; it is nobody's backup. */
  readonly isUndo: boolean
}

export type EntryKind = 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block'

export interface EntryData {
  readonly name: Shown
  readonly path: Handle
  /** The path as text. */
  readonly shownPath: Shown
  readonly kind: EntryKind
  readonly bytes: number
  readonly modifiedMs: number
  /** Permission bits. */
  readonly mode: number
  readonly owner: Shown
  readonly group: Shown
  /** Where a symbolic link leads. */
  readonly target: Shown | undefined
}

/** One distinct state of a path, and the points that hold it, oldest first. */
export interface VersionData {
  readonly entry: EntryData
  readonly points: readonly { readonly id: string; readonly startedMs: number }[]
}

export interface DifferenceData {
  readonly kind: 'added' | 'removed' | 'renamed' | 'type' | 'content' | 'metadata'
  readonly shownPath: Shown
  readonly from: Shown | undefined
  readonly before: EntryData | undefined
  readonly after: EntryData | undefined
}

export type OverwriteMode = 'never' | 'if-changed' | 'if-newer' | 'always'
export type RestoreAction = 'create' | 'overwrite' | 'unchanged' | 'delete' | 'keep' | 'fail'

/** One path of a point that shall come back, with all below it. */
export interface RestoreSelection {
  readonly path: Handle
  readonly overwrite: OverwriteMode
}

/** What is to be restored, and where to. */
export interface RestoreRequest {
  readonly repository: string
  readonly point: string
  readonly selections: readonly RestoreSelection[]
  /** Paths below selections that stay out. */
  readonly without: readonly Handle[]
  /** An absolute path as typed; `undefined`: in place. */
  readonly target: string | undefined
  readonly deleteOthers: boolean
}

export interface PreviewItem {
  /** In the point, also of what is only in the target: what `selections` and `without` of the request take. */
  readonly path: Handle
  /** Where it is, or comes to be. */
  readonly shownPath: Shown
  readonly action: RestoreAction
  /** Why it would fail. */
  readonly problem?: Shown
  readonly kind: string
  readonly bytes: number
  /** What it becomes, and what is there. */
  readonly after: EntryData | undefined
  readonly before: EntryData | undefined
}

/** A restore that can be taken back. */
export interface UndoData {
  /** The point that was made before it, from which it is undone. */
  readonly id: string
  /** The point that was restored; of an undo that is itself undone, the one that was undone. */
  readonly restored: string
  /** The folder that it was restored into, or in place. */
  readonly target: Shown
  readonly atMs: number
}

export interface JobProgress {
  /** 0 to 1; `undefined` while the whole is not known. */
  readonly part: number | undefined
  readonly bytesDone: number
  readonly bytesPerSecond: number
  readonly entriesDone: number
  /** What it is at: a path, a step. */
  readonly at: Shown
}

export type JobState = 'queued' | 'running' | 'done' | 'errored' | 'cancelled'

/** Who runs jobs. */
export type HostData =
  | { readonly kind: 'daemon' }
  /** No daemon runs. */
  | { readonly kind: 'this-process' }
  /** There was one; until it is back, this process runs jobs. */
  | { readonly kind: 'daemon-gone'; readonly sinceMs: number }
  /** One runs that may not be asked, so that this process runs jobs. */
  | { readonly kind: 'other-daemon'; readonly why: Shown }

export interface JobData {
  readonly id: Handle
  /** backup, copy, check, forget, prune, prove, restore, undo, … */
  readonly kind: string
  readonly plan: string | undefined
  readonly repository: string
  readonly state: JobState
  readonly queuedMs: number
  readonly startedMs: number | undefined
  readonly endedMs: number | undefined
  /** How long it ran, or has run so far, without what it waited between its runs; `undefined` before the first. */
  readonly ranMs: number | undefined
  readonly attempt: number
  /** It runs in this process, and ends with it. */
  readonly isHere: boolean
  /** It is kept as running, but what ran it ended without a word: whether its command goes on by itself. */
  readonly left: 'goes-on' | 'has-ended' | undefined
  /** Of one that is queued. */
  readonly wait: WaitData | undefined
  readonly progress: JobProgress | undefined
  /** What came of it, in one line; of one that is to be tried again, what came of it the last time. */
  readonly outcome: Shown | undefined
  /** It is done, but for what `outcome` begins with: a source that was not there, entries that could not be read. */
  readonly isPartial: boolean
}

/** Where a log was read up to. */
export interface LogPlace {
  readonly run: number
  readonly line: number
}

/** What a job said, from some place on. */
export interface LogData {
  readonly lines: readonly Shown[]
  /** Where to read on; `undefined` while there is nothing. */
  readonly place: LogPlace | undefined
  /** There is no more now. */
  readonly isEnd: boolean
}

/** What a job waits for. */
export interface WaitData {
  /**
   * `daemon`: nobody is there who runs it; `unlock`: its repository; `job`: another one of its plan; `time`: to be tried
   * again; `turn`: as many run already as run at once, or it is about to begin.
   */
  readonly for: 'daemon' | 'unlock' | 'job' | 'time' | 'turn'
  /** That has to be unlocked. */
  readonly repository: Shown | undefined
  /** That has to end first. */
  readonly job: Handle | undefined
  /** It does not begin before; `undefined` where that is past. */
  readonly untilMs: number | undefined
}

export interface PlanStepData {
  /** In words: "incremental every day between 1am and 5am". */
  readonly words: Shown
  readonly kind: string
  readonly lastMs: number | undefined
  readonly lastState: JobState | undefined
  /** As of a job. */
  readonly isLastPartial: boolean
  /** A job of it waits to begin, whatever came of those before. */
  readonly isQueued: boolean
  readonly nextMs: number | undefined
}

export interface PlanData {
  readonly name: string
  readonly sources: readonly Shown[]
  readonly repository: string
  readonly isPaused: boolean
  readonly trigger: Shown
  readonly steps: readonly PlanStepData[]
  /** How long a restore took when it was last tried, where that was proven, and whether the promise is kept. */
  readonly proven: { readonly seconds: number; readonly atMs: number; readonly isKept: boolean } | undefined
}

/** Settings of a plan beside those that a form shows first, as the configuration calls them; a dot leads into a map. */
export type PlanOption =
  | 'from-command'
  | 'file'
  | 'exclude-file'
  | 'exclude-if-present'
  | 'exclude-caches'
  | 'cross-filesystems'
  | 'strict'
  | 'tags'
  | 'description'
  | 'time-zone'
  | 'hooks.before'
  | 'hooks.after'
  | 'hooks.on-failure'
  | 'notify.on'
  | 'notify.to'
  | 'promise.recovery'
  | 'promise.no-success-since'

export type StepKind = 'full' | 'incremental' | 'copy' | 'verify' | 'forget' | 'prune' | 'prove'

/** Settings of a step, as the configuration calls them; `value` stands behind the word of its kind. */
export type StepSetting =
  | 'value'
  | 'name'
  | 'every'
  | 'between'
  | 'after'
  | 'limit'
  | 'repository'
  | 'files'
  | `keep-${'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly' | 'within' | 'tag'}`
  | 'all-instances'

/** A step as a form holds it: of each setting that is said, one text an item; of what is only on or off, `true`. */
export interface StepForm {
  readonly kind: StepKind
  readonly settings: Readonly<Partial<Record<StepSetting, readonly string[]>>>
}

/** A plan as a form holds it: all as typed. */
export interface PlanForm {
  readonly name: string
  readonly sources: readonly string[]
  readonly excludes: readonly string[]
  readonly repository: string
  readonly trigger: string
  /** As of steps; nothing is said of what has no item. */
  readonly options: Readonly<Record<PlanOption, readonly string[]>>
  readonly steps: readonly StepForm[]
}

/**
 * What a plan as typed would mean: mistakes by field (an option by its name, a setting of the third step as `steps.2.between`),
 * the trigger in words, its next times, and the points that would go. With mistakes, as much of it as does not depend on them.
 */
export interface PlanMeaning {
  readonly mistakes: Readonly<Record<string, Shown>>
  /** By field as mistakes: what is no mistake, but perhaps not what was meant. */
  readonly remarks: Readonly<Record<string, Shown>>
  readonly trigger: Shown | undefined
  readonly nextMs: readonly number[]
  /** Ids of existing points that its retention would forget; `undefined`: not known, such as of a repository that is locked. */
  readonly forgotten: readonly string[] | undefined
}

export interface NotificationData {
  readonly id: Handle
  readonly atMs: number
  readonly category: string
  readonly priority: 'low' | 'normal' | 'high'
  readonly title: Shown
  readonly message: Shown
  readonly isAcknowledged: boolean
}

export interface MountData {
  readonly id: Handle
  readonly directory: Shown
  /** `undefined` where a mount does not tell. */
  readonly repository: string | undefined
  readonly point: string | undefined
  readonly sinceMs: number | undefined
  /** The number of the process that answers it, or did. */
  readonly process: number | undefined
  /** `dead`: nobody answers any more what is read there. `silent`: nobody does now. */
  readonly answer: MountAnswer
}

/** What lies at a path of this machine, where links lead. */
export interface PlaceData {
  /** `unknown`: it may not be looked at. */
  readonly kind: 'folder' | 'file' | 'nothing' | 'unknown'
  /** The folder that holds it, or would hold it, is there. */
  readonly isHeld: boolean
  /** The deepest on the way to it that is there. */
  readonly upTo: Shown
}

export interface SlotData {
  readonly id: Handle
  /** `undefined`: it is damaged, as is `scope`. */
  readonly kind: 'password' | 'key-file' | 'recovery-code' | undefined
  readonly scope: 'full' | 'backup-only' | undefined
  /** Of a backup-only one: the realm that it writes into, where that is known. */
  readonly realm: Shown | undefined
  /** It opened the repository now. */
  readonly isCurrent: boolean
  /** In the order in which they were added, from 1 on; `undefined`: the owner does not vouch for it. */
  readonly order: number | undefined
  /** Told by the slot that opened the repository only: `undefined` for all others. */
  readonly label: Shown | undefined
  readonly createdMs: number | undefined
}

/** One thing that a store was asked, and how it answered. */
export interface ProbeData {
  readonly name: Shown
  readonly answer: Shown
  readonly state: 'good' | 'warning' | 'bad'
}

/** How all is: the worst that is known, or green, only when all was verified. */
export interface HealthData extends HealthFinding {
  /** What else is to be mended, what weighs most first. */
  readonly others: readonly HealthFinding[]
}

/** One thing about everything, in a line. */
export interface HealthFinding {
  readonly color: 'green' | 'amber' | 'red'
  readonly message: Shown
  /** Where the dashboard goes to mend it, or what it does. */
  readonly fix: 'points' | 'plans' | 'drivers' | 'jobs' | 'check' | 'unlock' | undefined
  /** The repository that it is about; `undefined`: none, or all. */
  readonly repository: string | undefined
}

/** One moment of a repository's past, for charts. */
export interface SizePoint {
  readonly atMs: number
  /** What the packs took then, as far as they are there now; of the last point: what they take now. */
  readonly bytesStored: number
  /** The sizes of all files in all points up to then: what they would take without deduplication and compression. */
  readonly bytesRaw: number
}
