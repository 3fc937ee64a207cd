import type { Clock } from '../base/clock.ts'
import type { TidemarkError } from '../base/errors.ts'
import type { InstanceId, RunId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import type { LocalCache } from '../repository/local-cache.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import type { Scheduler } from '../repository/run-object.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

/** What looking after a repository stands on: forget, prune, check, repair. */
export interface CareContext {
  readonly repository: Repository
  /** Where observations are kept from one invocation to the next; without it a prune only marks, unless exclusive. */
  readonly cache: LocalCache | undefined
  readonly workers: WorkerPool
  readonly clock: Clock
  readonly randomness: Randomness
  /** Renews the run objects of what writes. */
  readonly scheduler: Scheduler
  /** What stands in what is written as the program that made it. */
  readonly tool: string
}

/** How much of one step is done; `total` is 0 while it is not known. */
export interface CareProgress {
  readonly step: string
  readonly done: number
  readonly total: number
}

/** How looking after a repository speaks to whoever started it; every function returns at once. */
export interface CareEvents {
  progress?(progress: CareProgress): void
  /** Something the user should know that stops nothing. */
  warning?(problem: TidemarkError): void
}

/** Which points a policy keeps; a rule that is absent keeps none. */
export interface RetentionPolicy {
  readonly last?: number
  readonly hourly?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
  /** All points made so long before the newest one of their chain, or later. */
  readonly within?: CalendarDuration
  /** All points with one of these tags. */
  readonly tags?: readonly string[]
}

/** A duration that the calendar measures: months and days are as long as they happen to be. */
export interface CalendarDuration {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
}

/** Either the points that somebody chose, or a policy over chains. */
export type ForgetRequest =
  | { readonly points: readonly PointInfo[] }
  | {
      readonly policy: RetentionPolicy
      /** IANA name of the time zone whose hours, days, weeks, months and years the rules count. */
      readonly timeZone: string
      /** Whether the points of other instances are judged, too. */
      readonly allInstances: boolean
    }

export interface ForgetOptions {
  /** Nothing is written; the report says what would be. */
  readonly dryRun: boolean
  /** Whether the report is to say how much a prune with these limits frees then, which takes as long as a prune needs to look. */
  readonly estimate: false | Pick<PruneOptions, 'unusedPercentMax' | 'repackBytesMax'>
}

/**
 * Why a policy keeps a point: one of its rules; `oldest`, beside these: fewer hours, days, … have points than the rule
 * counts, so the oldest point stays as well; `newest`: the last one of its chain, which no policy forgets; `future`:
 * dated after this machine's clock; `suspect`: one that looks wrong and that nobody acknowledged,
 * or the last one before it; `undo`: it was made before a restore less than 30 days ago.
 */
export type KeepReason =
  | 'last'
  | 'hourly'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'yearly'
  | 'within'
  | 'tag'
  | 'oldest'
  | 'newest'
  | 'future'
  | 'suspect'
  | 'undo'

/** What becomes of one point, and why. */
export interface PointVerdict {
  readonly point: PointInfo
  readonly keep: boolean
  /** Every reason for keeping it; none for one that is forgotten. */
  readonly reasons: readonly KeepReason[]
}

export interface ForgetReport {
  /** Every point that was judged, by chain, newest first. */
  readonly verdicts: readonly PointVerdict[]
  /** Points of other instances, which a policy over this one's alone does not judge. */
  readonly leftOut: number
  /** About how many bytes a prune frees then, all that was forgotten before included; `undefined` when nobody knows. */
  readonly freeable: number | undefined
  /** How long after the next prune the space is free at the earliest, in seconds. */
  readonly graceSeconds: number
}

export interface PruneOptions {
  /** Nothing is written; the report says what would be. */
  readonly dryRun: boolean
  /** The caller's word that nothing else uses the repository: nothing is waited for. */
  readonly exclusive: boolean
  /** Waits longer than the repository's grace; a shorter one counts for nothing. */
  readonly graceSeconds?: number
  /** At most so many bytes of packs are written anew; no limit by default. */
  readonly repackBytesMax?: number
  /** Unneeded bytes that may stay in packs that are needed in part, in percent of all that stays. */
  readonly unusedPercentMax: number
}

/** Packs and their bytes. */
export interface PackSum {
  readonly packs: number
  readonly bytes: number
}

/** A run that has to end before packs can be deleted. */
export interface AwaitedRun {
  readonly run: RunId
  readonly instance: InstanceId
  /** Whether its counter moved less than a grace ago. */
  readonly isAlive: boolean
}

/** Marked packs that cannot be deleted yet. */
export interface WaitingPacks extends PackSum {
  /** When a prune may delete them at the earliest, by this machine's clock. Not before the runs have ended. */
  readonly untilMs: number
  readonly runs: readonly AwaitedRun[]
}

export interface PruneReport {
  /** Needed packs after the prune. */
  readonly needed: PackSum
  /** Bytes in needed packs that no point needs. */
  readonly unusedBytes: number
  /** Deleted. */
  readonly freed: PackSum
  /** Marked by this prune, to be deleted by a later one. */
  readonly marked: PackSum
  /** Written anew: what was read, and what came of it. */
  readonly repacked: PackSum
  readonly repackedInto: PackSum
  /** Marks that were taken back, because a point needs their packs again. */
  readonly retractedMarks: number
  readonly waiting: readonly WaitingPacks[]
  readonly indexesPut: number
  readonly indexesRemoved: number
}
