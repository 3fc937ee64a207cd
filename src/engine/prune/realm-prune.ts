import { timespecOfMs } from '../../base/clock.ts'
import { StorageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { runAll } from '../../base/run-all.ts'
import type { DeadRecord, MarkRecord } from '../../format/records.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext, CareEvents, PruneOptions, WaitingPacks } from '../care-types.ts'
import { mergeIndexes } from './merge-indexes.ts'
import { moveBlobs } from './move-blobs.ts'
import type { Observations } from './observations.ts'
import { packSpace } from './pack-space.ts'
import { type GraceTime, pruneRules, type SeenMark } from './prune-rules.ts'
import type { PruneTally } from './prune-tally.ts'
import { lookAtRealm, type RealmView } from './realm-view.ts'
import { planRepack } from './repack-plan.ts'
import { guardedIndexes, type UnneededOptions, unneededPacks } from './unneeded-packs.ts'

/** Packs in one mark: so many fit a record many times over. */
const MARK_PACKS_MAX = 100_000

export interface RealmPruneOptions {
  readonly context: CareContext
  readonly options: PruneOptions
  readonly events: CareEvents
  readonly signal: AbortSignal
  /** In the realm that is pruned. */
  readonly repository: Repository
  readonly seen: Observations
  readonly time: () => GraceTime
  /** Lists the runs once more. */
  readonly lookAtRuns: () => Promise<void>
  readonly tally: PruneTally
}

/** One prune of one realm. */
export class RealmPrune implements AsyncDisposable {
  readonly #with: RealmPruneOptions
  /** Everything below stands on it once `run` has begun. */
  #view!: RealmView
  /** What may be deleted by what the view shows, with sizes. */
  #unneeded: ReadonlyMap<ObjectId, number> = new Map()
  readonly #marks = new Map<ObjectId, MarkRecord>()
  readonly #dead = new Map<ObjectId, DeadRecord>()
  readonly #deleted = new Set<ObjectId>()
  readonly #indexesRemoved = new Set<ObjectId>()

  constructor(options: RealmPruneOptions) {
    this.#with = options
  }

  async run(): Promise<void> {
    const { exclusive } = this.#with.options
    await this.#take(await this.#look(undefined))
    if (exclusive) await this.#mark()
    // Before anything is written: a store that is full has room for a repack then.
    await this.#sweep()
    const isRepacked = await this.#repack()
    if (isRepacked) await this.#take(await this.#look(undefined))
    if (!exclusive || isRepacked) await this.#mark()
    if (exclusive && isRepacked) await this.#sweep()
    if (!this.#with.options.dryRun) {
      await this.#mergeIndexes()
      await this.#removeRecords()
    }
    this.#tell()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const view = this.#view as RealmView | undefined
    view?.index[Symbol.dispose]()
    return Promise.resolve()
  }

  async #look(before: RealmView | undefined): Promise<RealmView> {
    const { context, repository, events, signal } = this.#with
    const progress = (done: number): void => events.progress?.({ step: 'points', done, total: 0 })
    return lookAtRealm({ repository, main: context.repository, progress, signal }, before)
  }

  /** Goes on from a fresh view. */
  async #take(view: RealmView): Promise<void> {
    const { seen, time } = this.#with
    const before = this.#view as RealmView | undefined
    if (before !== undefined && before.index !== view.index) before.index[Symbol.dispose]()
    this.#view = view
    const { nowMs } = time()
    this.#marks.clear()
    for (const [id, mark] of view.marks) {
      this.#marks.set(id, mark)
      seen.sawMark(id, nowMs)
    }
    this.#dead.clear()
    for (const [id, dead] of view.dead) {
      this.#dead.set(id, dead)
      seen.sawDead(id, nowMs)
    }
    const named = new Set(view.points.flatMap(({ record }) => record.indexes))
    seen.lookAtIndexes(new Set(view.index.indexIds), named, nowMs)
    for (const id of seen.unindexed.keys()) {
      if (!view.present.has(id) || view.index.packs.rowOf(id) !== undefined) seen.unindexed.delete(id)
    }
    this.#unneeded = await unneededPacks(this.#unneededOptions())
  }

  #unneededOptions(): UnneededOptions {
    const { repository, seen, time, options, signal } = this.#with
    return { repository, view: this.#view, seen, time: time(), exclusive: options.exclusive, signal }
  }

  /** Names in marks what is not needed and not named yet. */
  async #mark(): Promise<void> {
    const { repository, seen, time, options, tally, context } = this.#with
    const named = new Set([...this.#marks.values()].flatMap(({ packs }) => packs))
    const packs = [...this.#unneeded.keys()].filter((id) => !named.has(id))
    if (!options.exclusive) tally.marked.add(this.#sum(packs))
    else if (options.dryRun) tally.freed.add(this.#sum(packs))
    if (options.dryRun) return
    for (let at = 0; at < packs.length; at += MARK_PACKS_MAX) {
      const made = timespecOfMs(context.clock.nowMs())
      const record: MarkRecord = { packs: packs.slice(at, at + MARK_PACKS_MAX), made }
      const { id } = await repository.records.put('marks', record, repository.instance)
      seen.sawMark(id, time().nowMs)
      this.#marks.set(id, record)
    }
  }

  /** Deletes what due marks name and nothing needs. */
  async #sweep(): Promise<void> {
    const { options, tally } = this.#with
    const due = this.#due()
    const packs = new Set(due.flatMap(({ packs: all }) => all))
    if (packs.size === 0) return
    if (options.dryRun) {
      tally.freed.add(this.#sum(packs))
      return
    }
    await this.#putDead(due)
    await this.#with.lookAtRuns()
    await this.#take(await pruneRules.lookAgain(this.#view, (before) => this.#look(before)))
    // Some run may be there again, some point may need a pack, some mark may have been taken back.
    const still = new Set(this.#due().flatMap(({ packs: all }) => all))
    await this.#delete([...packs].filter((id) => still.has(id)))
  }

  /** Returns due marks with those of their packs that are there and that nothing needs. */
  #due(): { readonly mark: ObjectId; readonly packs: readonly ObjectId[] }[] {
    const { seen, time, options } = this.#with
    const now = time()
    return [...this.#marks]
      .filter(([id]) => options.exclusive || seen.isDue(id, now))
      .map(([mark, { packs }]) => ({ mark, packs: packs.filter((id) => this.#unneeded.has(id)) }))
      .filter(({ packs }) => packs.length > 0)
  }

  async #putDead(due: readonly { readonly mark: ObjectId; readonly packs: readonly ObjectId[] }[]): Promise<void> {
    const { repository, seen, time, context } = this.#with
    const dead = new Set([...this.#dead.values()].flatMap(({ packs }) => packs))
    for (const { mark, packs } of due) {
      if (packs.every((id) => dead.has(id))) continue
      const record: DeadRecord = { packs, mark, made: timespecOfMs(context.clock.nowMs()) }
      const { id } = await repository.records.put('dead', record, repository.instance)
      seen.sawDead(id, time().nowMs)
    }
  }

  async #delete(packs: readonly ObjectId[]): Promise<void> {
    const { repository, events, signal, tally } = this.#with
    const { driver } = repository
    const present = new Map(this.#view.present)
    const unneeded = new Map(this.#unneeded)
    let done = 0
    const tasks = packs.map((id) => async (): Promise<void> => {
      signal.throwIfAborted()
      await driver.remove({ kind: 'packs', id }, signal)
      tally.freed.add({ packs: 1, bytes: present.get(id) ?? 0 })
      this.#deleted.add(id)
      present.delete(id)
      unneeded.delete(id)
      events.progress?.({ step: 'delete', done: ++done, total: packs.length })
    })
    await runAll(tasks, driver.capabilities.concurrency)
    this.#view = { ...this.#view, present }
    this.#unneeded = unneeded
  }

  /** Writes anew what is worth it; tells whether anything was. */
  async #repack(): Promise<boolean> {
    const { context, repository, options, events, signal, tally, seen } = this.#with
    const plan = planRepack(this.#view, options)
    if (plan.blobs.count === 0) return false
    tally.repacked.add(plan.sources)
    if (options.dryRun) {
      const becomes = options.exclusive ? tally.freed : tally.marked
      becomes.add(plan.emptied)
      return false
    }
    const total = plan.blobs.count
    try {
      const stored = await moveBlobs({
        context,
        repository,
        view: this.#view,
        plan,
        progress: (done) => events.progress?.({ step: 'repack', done, total }),
        warning: (problem) => events.warning?.(problem),
        signal,
      })
      tally.repackedInto.add({ packs: stored.packs.length, bytes: stored.bytes })
      for (const id of stored.indexes) seen.settle(id)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'STORE_FULL') throw error
      events.warning?.(noRoom(error))
    }
    return true
  }

  async #mergeIndexes(): Promise<void> {
    const { repository, events, signal, tally, seen } = this.#with
    const { index, present } = this.#view
    const { packs } = index
    const dead = new Set([...this.#dead.values()].flatMap((record) => record.packs))
    const own = new Set<ObjectId>()
    const gone = new Set(this.#deleted)
    for (let row = 0; row < packs.size; row++) {
      const { id } = packs.row(row)
      for (const name of packs.namedBy(row)) own.add(name)
      if (!present.has(id) && dead.has(id)) gone.add(id)
    }
    const files = new Map<ObjectId, number>()
    for await (const { name, bytes } of repository.driver.list('index', signal)) {
      if (own.has(name.id)) files.set(name.id, bytes)
    }
    const kept = await guardedIndexes(this.#unneededOptions())
    const progress = (done: number, total: number): void => events.progress?.({ step: 'index', done, total })
    const { put, removed } = await mergeIndexes({ repository, packs, files, gone, kept, progress, signal })
    for (const id of put) seen.settle(id)
    for (const id of removed) this.#indexesRemoved.add(id)
    tally.indexesPut += put.length
    tally.indexesRemoved += removed.length
  }

  /** Removes marks, dead and lost records that say nothing any more. */
  async #removeRecords(): Promise<void> {
    const { repository, seen, time, options, tally, signal } = this.#with
    const { driver } = repository
    const { index, present, lost } = this.#view
    const isNamed = (id: ObjectId): boolean => {
      const row = index.packs.rowOf(id)
      return row !== undefined && index.packs.namedBy(row).some((name) => !this.#indexesRemoved.has(name))
    }
    for (const [id, { packs }] of this.#dead) {
      const mayGo = options.exclusive || pruneRules.mayRecordsGo(seen.dead.get(id) ?? time().nowMs, time())
      const saysNothing = packs.every((pack) => (present.has(pack) ? !this.#unneeded.has(pack) : !isNamed(pack)))
      if (!mayGo || !saysNothing) continue
      await driver.remove({ kind: 'dead', id }, signal)
      this.#dead.delete(id)
    }
    const markedDead = new Set([...this.#dead.values()].map(({ mark }) => mark))
    for (const [id, { packs }] of this.#marks) {
      if (markedDead.has(id) || packs.some((pack) => this.#unneeded.has(pack))) continue
      await driver.remove({ kind: 'marks', id }, signal)
      this.#marks.delete(id)
      if (packs.some((pack) => present.has(pack))) tally.retractedMarks++
    }
    for (const [id, { packs }] of lost) {
      if (packs.some((pack) => present.has(pack) || isNamed(pack))) continue
      await driver.remove({ kind: 'lost', id }, signal)
    }
  }

  #tell(): void {
    const { tally, options } = this.#with
    const { needed, unusedBytes } = packSpace(this.#view)
    tally.needed.add(needed)
    tally.unusedBytes += unusedBytes
    if (options.exclusive) return
    for (const [id, { packs }] of this.#marks) {
      const waiting = this.#waiting(id, packs)
      if (waiting !== undefined) tally.waiting.push(waiting)
    }
  }

  #waiting(id: ObjectId, packs: readonly ObjectId[]): WaitingPacks | undefined {
    const { seen, time } = this.#with
    const now = time()
    const mark = seen.marks.get(id)
    const left = packs.filter((pack) => this.#unneeded.has(pack))
    if (mark === undefined || left.length === 0 || seen.isDue(id, now)) return undefined
    const awaited = seen.awaitedBy(mark, now)
    const ends = awaited.map(({ seen: { endedMs } }) => (endedMs ?? now.nowMs) + now.graceMs)
    return {
      ...this.#sum(left),
      untilMs: Math.max(dueMs(mark, now), ...ends),
      runs: awaited.map(({ run, seen: { instance, endedMs } }) => ({ run, instance, isAlive: endedMs === undefined })),
    }
  }

  #sum(packs: Iterable<ObjectId>): { packs: number; bytes: number } {
    const ids = [...packs]
    return { packs: ids.length, bytes: ids.reduce((total, id) => total + (this.#unneeded.get(id) ?? 0), 0) }
  }
}

/** When a mark may be due at the earliest, with a prune half a grace before that. */
function dueMs({ firstMs, lookedLaterMs }: SeenMark, { nowMs, graceMs }: GraceTime): number {
  const look = lookedLaterMs ?? Math.max(nowMs, firstMs + graceMs / 2)
  return Math.max(firstMs + graceMs, look + graceMs / 2)
}

function noRoom(cause: StorageError): StorageError {
  return new StorageError('STORE_FULL', 'there is no room to write packs anew that are needed in part', {
    cause,
    hint: 'What nothing needs is freed all the same; prune again then, or make room.',
  })
}
