import type { InstanceId, ObjectId, RealmId, RunId } from '../../base/ids.ts'
import type { RunRecord } from '../../format/records.ts'
import { type GraceTime, pruneRules, type SeenMark, type SeenRun } from './prune-rules.ts'

export interface ObservedRun extends SeenRun {
  readonly instance: InstanceId
}

/** A pack that no index names. */
export interface SeenPack {
  readonly realm: RealmId
  readonly firstMs: number
}

/** An index file that no point names. */
export interface SeenIndex {
  readonly firstMs: number
  /** Who signed it, once that was looked up. */
  readonly signer: InstanceId | undefined
}

/** Everything that observations hold, as it is kept from one invocation to the next. */
export interface ObservedState {
  readonly lastLookMs: number | undefined
  readonly marks: ReadonlyMap<ObjectId, SeenMark>
  readonly dead: ReadonlyMap<ObjectId, number>
  readonly runs: ReadonlyMap<RunId, ObservedRun>
  readonly unindexed: ReadonlyMap<ObjectId, SeenPack>
  /** Index files that no run is about to commit: a point named them once, or a prune wrote them. */
  readonly settled: ReadonlySet<ObjectId>
  /** All other index files. */
  readonly unsettled: ReadonlyMap<ObjectId, SeenIndex>
}

/**
 * What a sweeper saw, and when, by its own clock: the only times that pruning goes by.
 *
 * Clocks of machines are never compared, so a machine that never looked before knows nothing about how old anything is.
 */
export class Observations implements ObservedState {
  lastLookMs: number | undefined
  readonly marks = new Map<ObjectId, SeenMark>()
  readonly dead = new Map<ObjectId, number>()
  readonly runs = new Map<RunId, ObservedRun>()
  readonly unindexed = new Map<ObjectId, SeenPack>()
  readonly settled = new Set<ObjectId>()
  readonly unsettled = new Map<ObjectId, SeenIndex>()

  /** Goes on from what was kept. A time in the future was told by a clock that was set back since: it counts as now. */
  constructor(kept: ObservedState | undefined, nowMs: number) {
    if (kept === undefined) return
    const past = (ms: number): number => Math.min(ms, nowMs)
    const pastIfAny = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : past(ms))
    this.lastLookMs = pastIfAny(kept.lastLookMs)
    for (const [id, { firstMs, lookedLaterMs }] of kept.marks) {
      this.marks.set(id, { firstMs: past(firstMs), lookedLaterMs: pastIfAny(lookedLaterMs) })
    }
    for (const [id, firstMs] of kept.dead) this.dead.set(id, past(firstMs))
    for (const [id, run] of kept.runs) {
      const { counterMs, lookBeforeMs, endedMs } = run
      this.runs.set(id, {
        ...run,
        counterMs: past(counterMs),
        lookBeforeMs: pastIfAny(lookBeforeMs),
        endedMs: pastIfAny(endedMs),
      })
    }
    for (const [id, seen] of kept.unindexed) this.unindexed.set(id, { ...seen, firstMs: past(seen.firstMs) })
    for (const id of kept.settled) this.settled.add(id)
    for (const [id, seen] of kept.unsettled) this.unsettled.set(id, { ...seen, firstMs: past(seen.firstMs) })
  }

  /** Takes in a listing of the runs; several records of one are renewals that overlap. */
  lookAtRuns(listed: readonly RunRecord[], time: GraceTime): void {
    const newest = new Map<RunId, RunRecord>()
    for (const record of listed) {
      const other = newest.get(record.run)
      if (other === undefined || other.counter < record.counter) newest.set(record.run, record)
    }
    for (const record of newest.values()) this.#sawRun(record, time)
    for (const [id, run] of this.runs) {
      if (pruneRules.hasEnded(run.counterMs, newest.has(id), time)) run.endedMs ??= time.nowMs
      else run.endedMs = undefined
      // It is over for every mark there may be; what is left of its object is somebody's to remove.
      if (!newest.has(id) && pruneRules.isOver(run, time)) this.runs.delete(id)
    }
    for (const mark of this.marks.values()) {
      if (time.nowMs - mark.firstMs >= time.graceMs / 2) mark.lookedLaterMs ??= time.nowMs
    }
    this.lastLookMs = time.nowMs
  }

  /** Takes in listings of marks and dead records; what is not listed any more is forgotten. */
  lookAtRecords(marks: Iterable<ObjectId>, dead: Iterable<ObjectId>, nowMs: number): void {
    const [markIds, deadIds] = [new Set(marks), new Set(dead)]
    for (const id of this.marks.keys()) if (!markIds.has(id)) this.marks.delete(id)
    for (const id of this.dead.keys()) if (!deadIds.has(id)) this.dead.delete(id)
    for (const id of markIds) this.sawMark(id, nowMs)
    for (const id of deadIds) this.sawDead(id, nowMs)
  }

  sawMark(id: ObjectId, nowMs: number): void {
    if (!this.marks.has(id)) this.marks.set(id, { firstMs: nowMs, lookedLaterMs: undefined })
  }

  sawDead(id: ObjectId, nowMs: number): void {
    if (!this.dead.has(id)) this.dead.set(id, nowMs)
  }

  /** Takes in which index files are there, and which of them points name as theirs. */
  lookAtIndexes(listed: ReadonlySet<ObjectId>, ofPoints: ReadonlySet<ObjectId>, nowMs: number): void {
    for (const id of this.settled) if (!listed.has(id)) this.settled.delete(id)
    for (const id of this.unsettled.keys()) if (!listed.has(id)) this.unsettled.delete(id)
    for (const id of listed) {
      if (ofPoints.has(id)) this.settle(id)
      else if (!this.settled.has(id) && !this.unsettled.has(id)) {
        this.unsettled.set(id, { firstMs: nowMs, signer: undefined })
      }
    }
  }

  /** Takes note that an index file is no run's that is still to commit. */
  settle(id: ObjectId): void {
    this.settled.add(id)
    this.unsettled.delete(id)
  }

  /** Runs that have to be over before what a mark names may go. */
  awaitedBy(mark: SeenMark, time: GraceTime): { readonly run: RunId; readonly seen: ObservedRun }[] {
    return Array.from(this.runs, ([run, seen]) => ({ run, seen })).filter(
      ({ seen }) => pruneRules.mayHaveMissed(seen, mark, time) && !pruneRules.isOver(seen, time),
    )
  }

  /** Tells whether the packs that a mark names may be deleted if nothing needs them. */
  isDue(id: ObjectId, time: GraceTime): boolean {
    const mark = this.marks.get(id)
    if (mark === undefined) return false
    return (
      pruneRules.isGraceOver(mark, time) &&
      pruneRules.wasLookedLater(mark, time) &&
      this.awaitedBy(mark, time).length === 0
    )
  }

  #sawRun({ run, instance, counter }: RunRecord, { nowMs }: GraceTime): void {
    const seen = this.runs.get(run)
    if (seen === undefined) {
      this.runs.set(run, { instance, counter, counterMs: nowMs, lookBeforeMs: this.lastLookMs, endedMs: undefined })
    } else if (seen.counter !== counter) {
      seen.counter = counter
      seen.counterMs = nowMs
      seen.endedMs = undefined
    }
  }
}
