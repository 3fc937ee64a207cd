import type { TidemarkError } from '../../base/errors.ts'
import type { PackRow, PackTable } from '../../repository/pack-table.ts'
import type { ReachProblem } from '../reach/reach.ts'
import type { RealmView } from './realm-view.ts'

/** When it is, and how long a grace is, in milliseconds. */
export interface GraceTime {
  readonly nowMs: number
  readonly graceMs: number
}

/** What a sweeper itself saw of a mark, by its own clock. */
export interface SeenMark {
  readonly firstMs: number
  /** The first look at the runs half a grace after that or later. */
  lookedLaterMs: number | undefined
}

/** What a sweeper itself saw of a run, by its own clock. */
export interface SeenRun {
  /** The last look at the runs that did not show it. */
  readonly lookBeforeMs: number | undefined
  counter: number
  /** Since when its counter stands as it does. */
  counterMs: number
  /** When it was seen to have ended; absent while it lives. */
  endedMs: number | undefined
}

/**
 * What makes pruning safe while others write and prune, each rule by its name.
 *
 * @see docs/format.md, "Pruning"
 */
export const pruneRules = {
  /** Of the copies of a blob, the first by level and id is the one that nobody removes. */
  comesBefore(packs: PackTable, row: number, other: number): boolean {
    return packs.comesBefore(row, other)
  },

  /** A pack counts only when it is in the store as long as the index says. */
  isPresent(pack: PackRow, listedBytes: number | undefined): boolean {
    return pack.bytes === listedBytes
  },

  /** A copy that is marked, dead or lost makes no other one dispensable, even if it is canonical. */
  canStandIn(canonical: { readonly isDoubtful: boolean }): boolean {
    return !canonical.isDoubtful
  },

  /** What speaks against a listing of points: one that is there and cannot be read, or ought to be there and is not. */
  listingProblem(alarms: readonly TidemarkError[]): TidemarkError | undefined {
    return alarms.find(({ code, context }) => {
      return code === 'ROLLED_BACK' || code === 'RECORD_MISSING' || String(context['object']).startsWith('points/')
    })
  },

  /** What lies below something that nobody can read might be anything: then nothing is deleted. */
  whatStops(problems: readonly ReachProblem[]): ReachProblem | undefined {
    return problems[0]
  },

  /**
   * A run that lives, or did lately, may be about to commit what an index file of its instance names: its own file, or
   * one that an interrupted run left lately for the next one to go on from.
   */
  mayStillCommit(run: SeenRun, index: { readonly firstMs: number }, time: GraceTime): boolean {
    const isOwn = run.lookBeforeMs === undefined || run.lookBeforeMs < index.firstMs
    return !pruneRules.isOver(run, time) && (isOwn || time.nowMs - index.firstMs < time.graceMs)
  },

  /** A pack that no index names may belong to a run that is about to name it. */
  mayStillBeIndexed(firstMs: number, anyRunLives: boolean, { nowMs, graceMs }: GraceTime): boolean {
    return anyRunLives && nowMs - firstMs < graceMs
  },

  /** Between mark and sweep lies a grace. */
  isGraceOver({ firstMs }: SeenMark, { nowMs, graceMs }: GraceTime): boolean {
    return nowMs - firstMs >= graceMs
  },

  /** Runs that could not see the mark are visible half a grace later, and so is what they committed after another half. */
  wasLookedLater({ lookedLaterMs }: SeenMark, { nowMs, graceMs }: GraceTime): boolean {
    return lookedLaterMs !== undefined && nowMs - lookedLaterMs >= graceMs / 2
  },

  /** Only of a run that appeared long enough after the mark is it known that it saw the mark. */
  mayHaveMissed({ lookBeforeMs }: SeenRun, { firstMs }: SeenMark, { graceMs }: GraceTime): boolean {
    return lookBeforeMs === undefined || lookBeforeMs < firstMs + graceMs / 2
  },

  /** A run has ended when its object is gone, or its counter stood still for a grace before the sweeper's own eyes. */
  hasEnded(counterMs: number, isListed: boolean, { nowMs, graceMs }: GraceTime): boolean {
    return !isListed || nowMs - counterMs >= graceMs
  },

  /** What a run committed at its end may show a grace later only. */
  isOver({ endedMs }: SeenRun, { nowMs, graceMs }: GraceTime): boolean {
    return endedMs !== undefined && nowMs - endedMs >= graceMs
  },

  /** Whoever put dead records looks at everything again before it deletes. */
  async lookAgain(before: RealmView, look: (before: RealmView) => Promise<RealmView>): Promise<RealmView> {
    return look(before)
  },

  /** Marks and dead records stay for those who listed before: a grace, from when the sweeper saw the dead record first. */
  mayRecordsGo(deadFirstMs: number, { nowMs, graceMs }: GraceTime): boolean {
    return nowMs - deadFirstMs >= graceMs
  },
}
