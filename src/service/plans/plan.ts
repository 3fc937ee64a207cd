import type { RetentionPolicy } from '../../engine/care-types.ts'

/**
 * What is backed up, where to, when, and what happens to old points, as the configuration says it; every default is
 * filled in. Values are decoded and bounded, and nothing in here is a secret.
 */
export interface Plan {
  /** Letters, digits, `.`, `_` and `-`, at most 64; unique. */
  readonly name: string
  /** Nothing of it runs by itself; what is missed meanwhile is caught up once. */
  readonly paused: boolean
  readonly source: PlanSource
  /** Name of a configured repository, absolute path or URL: where points are made. */
  readonly repository: string
  /** Of the points it makes. */
  readonly tags: readonly string[]
  readonly description: string
  /** Any of them starts the steps that are due; none: it is only run by hand. */
  readonly triggers: readonly Trigger[]
  /** IANA name of the zone whose clocks it follows; `undefined` is this machine's. */
  readonly timeZone: string | undefined
  readonly hooks: Hooks
  readonly notify: NotifySettings
  readonly promise: PlanPromise
  /** At least one, in the order in which those due at the same moment run. */
  readonly steps: readonly Step[]
}

/** What the points of a plan are made of, with the options of `tidemark backup`. */
export type PlanSource = PathSource | CommandSource

export interface PathSource {
  readonly kind: 'paths'
  /** Absolute, at least one. */
  readonly paths: readonly string[]
  /** gitignore patterns: `--exclude`. */
  readonly exclude: readonly string[]
  /** Absolute paths of files of patterns: `--exclude-file`. */
  readonly excludeFiles: readonly string[]
  /** `--exclude-caches` */
  readonly excludeCaches: boolean
  /** Names of files: `--exclude-if-present`. */
  readonly excludeIfPresent: readonly string[]
  /** `--cross-filesystems` */
  readonly crossFilesystems: boolean
  /** `--strict` */
  readonly strict: boolean
}

/** What a command prints, as one file: `--from-command`. */
export interface CommandSource {
  readonly kind: 'command'
  /** Program and arguments; at least the program. */
  readonly command: readonly string[]
  /** Name of the file: `--name`. */
  readonly file: string
}

/** One thing that a plan does, and when. */
export type Step = StepTiming & StepAction

export type StepKind = StepAction['kind']

export interface StepTiming {
  /** Unique in its plan: its history goes by it. What it is called when the configuration gives it no name: its kind. */
  readonly name: string
  /** Not again before so much time since it was done last; `undefined`: each time that a trigger fires. */
  readonly every: Interval | undefined
  /** It starts only while clocks show a time in here. */
  readonly window: Window | undefined
  /** It follows each success of another step of the plan instead of the triggers. */
  readonly after: AfterStep | undefined
  /** What it may take, in milliseconds, before it is stopped; `undefined`: as long as it takes. */
  readonly limitMs: number | undefined
}

export type StepAction = BackupStep | CopyStep | VerifyStep | ForgetStep | PruneStep | ProveStep

/** Makes a point. A full one stands for the incremental one that would be due at the same moment. */
export interface BackupStep {
  readonly kind: 'full' | 'incremental'
}

/** `tidemark copy --to`, from the plan's repository. */
export interface CopyStep {
  readonly kind: 'copy'
  /** Name, absolute path or URL. */
  readonly to: string
}

/** `tidemark check --read-data=PERCENT` */
export interface VerifyStep {
  readonly kind: 'verify'
  /** Name, absolute path or URL; the plan's own unless it says otherwise, as for all below. */
  readonly repository: string
  /** How much of the data is read: above 0, at most 100. */
  readonly percent: number
}

/** `tidemark forget`: never without a rule that keeps something. */
export interface ForgetStep {
  readonly kind: 'forget'
  readonly repository: string
  readonly policy: RetentionPolicy
  readonly allInstances: boolean
}

/** `tidemark prune` */
export interface PruneStep {
  readonly kind: 'prune'
  readonly repository: string
}

/** Restores a sample and measures how long all of it would take. */
export interface ProveStep {
  readonly kind: 'prove'
  readonly repository: string
  /** How many files are restored, beside one whole folder. */
  readonly files: number
}

/** Time between two runs of a step, by the calendar: a day is from one date to the next, however long that is. */
export interface Interval {
  /** At least 1. */
  readonly count: number
  readonly unit: 'minute' | 'hour' | 'day' | 'week' | 'month'
}

/** A part of every day: from the first minute up to the second, in minutes since midnight, 0..1439; it may pass midnight. */
export interface Window {
  readonly fromMinute: number
  /** Never equal to `fromMinute`. */
  readonly toMinute: number
}

export interface AfterStep {
  /** Name of an earlier step of the same plan. */
  readonly step: string
  /** Milliseconds from its end. */
  readonly delayMs: number
}

/** What starts a plan. */
export type Trigger = TimeTrigger | EventTrigger

/** Fires by the clock. Where the moment is left open, it is spread by instance: a fleet does not start at once. */
export type TimeTrigger =
  /** A window has at least an hour. */
  | { readonly kind: 'hourly'; readonly window: Window | undefined }
  | { readonly kind: 'daily'; readonly window: Window | undefined }
  /** 0 is Sunday. */
  | { readonly kind: 'weekly'; readonly weekday: number; readonly window: Window | undefined }
  /** A window does not pass midnight here. */
  | { readonly kind: 'monthly'; readonly day: DayOfMonth; readonly window: Window | undefined }
  /** Time that passes, whatever clocks show: at least a minute, and no longer than the window. */
  | { readonly kind: 'every'; readonly ms: number; readonly window: Window | undefined }
  /** Every day at that minute. */
  | { readonly kind: 'time'; readonly minute: number }
  /** Once: what clocks show, `YYYY-MM-DDTHH:MM:SS`, with `Z` or an offset behind it when the zone is not the plan's. */
  | { readonly kind: 'moment'; readonly at: string }
  /** Five or six fields (seconds first), of a zone of its own or the plan's. */
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string | undefined }

/** 1..28, which every month has, or its last day. */
export type DayOfMonth = number | 'last'

/** Fires when something happens. */
export type EventTrigger =
  | { readonly kind: 'event'; readonly name: string }
  /** Absolute: a file or folder, with what lies in it, changed. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'volume'; readonly label: string }
  /** The machine was started. */
  | { readonly kind: 'boot' }

/** Something that happened, and when. */
export interface RaisedEvent {
  readonly event: EventTrigger
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** Commands around the run of a backup step. */
export interface Hooks {
  /** In order; the first that fails makes the run fail, and no point is made. */
  readonly before: readonly Hook[]
  /** Always run, whatever became of the rest, after a crash too. */
  readonly after: readonly Hook[]
  readonly onFailure: readonly Hook[]
}

export interface Hook {
  /** Program and arguments. What was written as one line is `/bin/sh -c LINE`. */
  readonly command: readonly string[]
  readonly limitMs: number
}

/** What can be worth telling about a plan. */
export const NOTIFY_CAUSES = [
  'success',
  'failure',
  'recovery',
  'no-success',
  'store-full',
  'tripwire',
  'coverage',
  'promise',
] as const

export type NotifyCause = (typeof NOTIFY_CAUSES)[number]

export interface NotifySettings {
  /** All but `success` unless the plan says otherwise. */
  readonly on: readonly NotifyCause[]
  /** Names of configured channels; `undefined`: all of them. */
  readonly to: readonly string[] | undefined
}

/** What the plan is to hold; red when it does not. */
export interface PlanPromise {
  /** All is restored within so many milliseconds. */
  readonly recoveryMs: number | undefined
  /** A point is never older than so many milliseconds. */
  readonly noSuccessMs: number | undefined
}
