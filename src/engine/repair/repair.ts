import { hexId, type ObjectId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import type { ObjectKind, ObjectName } from '../../storage/driver.ts'
import { PointChain } from '../../repository/point-chain.ts'
import { compareCreated } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { RunObject } from '../../repository/run-object.ts'
import { RehearsalDriver } from '../../storage/rehearsal-driver.ts'
import type { CareContext } from '../care-types.ts'
import type { Wound } from '../check/affected.ts'
import type { Finding } from '../check/check-types.ts'
import { deadPacks } from '../check/check-packs.ts'
import { type Examination, examine, type ExamineOptions, type RealmDiagnosis } from '../check/examine.ts'
import { splitIds } from '../point-view-layout.ts'
import { RunStore } from '../run/run-store.ts'
import { BlobStore, blobKey } from './blob-store.ts'
import { ContentCutter } from './cut-content.ts'
import { Wanted } from './heal.ts'
import { healRecords } from './heal-records.ts'
import { DamagedPoints } from './mark-points.ts'
import { rebuildIndex } from './rebuild-index.ts'
import type { RepairEvents, RepairOptions, RepairReport } from './repair-types.ts'
import { salvage } from './salvage.ts'

/** A healed tree shows what lies below it, which may be lost as well: no deeper than folders nest. */
const ROUNDS_MAX = 64
/** Objects that a repair removes when their bytes are not those of their names: all that they said can be said again. */
const REMOVABLE: readonly ObjectKind[] = ['config', 'index', 'runs', 'marks', 'dead', 'lost', 'notes']

/**
 * Checks a repository and repairs what can be: enters packs into the index again, stores again what rotten packs still
 * give and what the sources still have, and puts notes to points that stay damaged.
 *
 * Nothing that might still be read is removed; `restore` gives all that is not lost.
 * @throws as `check`; {StorageError} of the driver, STORE_FULL among them: what is durable is kept.
 */
export async function repair(
  context: CareContext,
  options: RepairOptions,
  events: RepairEvents,
  signal: AbortSignal,
): Promise<RepairReport> {
  const { repository, clock, randomness, scheduler } = context
  const { records, instance } = repository
  repository.requireFeatures('write')
  if (options.dryRun) {
    // Nothing is remembered of it either: what would be back is not back.
    const looking = { ...context, repository: repository.over(repository.driver), cache: context.cache?.frozen() }
    return new Repair(looking, options, events, signal).run()
  }
  const work = new Repair(context, options, events, signal)
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const onProblem = events.warning?.bind(events) ?? ((): void => undefined)
  const object = await RunObject.start({ records, run, instance, clock, scheduler, onProblem })
  try {
    return await work.run()
  } finally {
    await object.end()
    repository.releaseIndex()
  }
}

class Repair {
  readonly #context: CareContext
  readonly #options: RepairOptions
  readonly #events: RepairEvents
  readonly #signal: AbortSignal
  /** Where small objects are put and removed: in a dry run, nowhere but in memory. */
  readonly #target: Repository
  /** Blobs that a dry run would have stored again. */
  readonly #rehearsed = new Set<string>()
  readonly #rottenPacks = new Set<ObjectId>()
  #packsIndexed = 0
  #objectsRemoved = 0
  #recordsHealed = 0
  #pointsLost = 0
  #blobsHealed = 0
  #bytesHealed = 0

  constructor(context: CareContext, options: RepairOptions, events: RepairEvents, signal: AbortSignal) {
    const { repository } = context
    this.#context = context
    this.#options = options
    this.#events = events
    this.#signal = signal
    this.#target = options.dryRun ? repository.over(new RehearsalDriver(repository.driver)) : repository
  }

  async run(): Promise<RepairReport> {
    const { dryRun } = this.#options
    const first = await this.#round(this.#context, { ...this.#options, events: this.#events }, async (diagnosis) => {
      for (const pack of diagnosis.rottenPacks) this.#rottenPacks.add(pack)
      const indexed = await this.#rebuildIndex(diagnosis)
      this.#packsIndexed += indexed
      // With the packs in the index, less is lost than it seemed; and no run goes on past rotten records.
      return indexed === 0 && removable(diagnosis.rottenObjects).length === 0
    })
    await this.#mendObjects(first.examination)
    // This machine then knows by its name what was brought back, should it rot in its turn.
    if (this.#recordsHealed > 0 && !dryRun) await this.#target.chain({ reload: true, signal: this.#signal })
    const isMended = this.#packsIndexed + this.#objectsRemoved + this.#recordsHealed > 0
    const context = { ...this.#context, repository: this.#target }
    let isToHeal = isMended || (first.isHealed && !dryRun)
    for (let round = 1; isToHeal && round < ROUNDS_MAX; round++) {
      isToHeal = (await this.#round(context, this.#again({}))).isHealed && !dryRun
    }
    const damaged = new DamagedPoints()
    const last = await examine(
      context,
      this.#again({ finding: (found) => this.#tellLeftFinding(found) }, (wound) => this.#tellLeft(wound, damaged)),
    )
    const { points } = last.chain
    return {
      dryRun,
      before: first.examination.report,
      packsIndexed: this.#packsIndexed,
      objectsRemoved: this.#objectsRemoved,
      recordsHealed: this.#recordsHealed,
      pointsLost: this.#pointsLost,
      blobsHealed: this.#blobsHealed,
      bytesHealed: this.#bytesHealed,
      after: dryRun ? undefined : last.report,
      left: damaged.counts(points.toSorted((a, b) => compareCreated(b, a))),
      notesPut: dryRun ? 0 : await damaged.mark(this.#context, points),
    }
  }

  #tellLeft(wound: Wound, damaged: DamagedPoints): void {
    const { blobs, metadata } = wound
    const ids = [...blobs, ...(metadata === undefined ? [] : splitIds(metadata.ids))]
    // What lies below a folder that a dry run would heal, it cannot tell.
    if (ids.length > 0 && ids.every((id) => this.#rehearsed.has(blobKey(id)))) return
    if (damaged.add(wound)) this.#events.left?.(wound)
  }

  #tellLeftFinding(finding: Finding): void {
    if (finding.kind === 'damage' && !this.#options.dryRun) this.#events.leftFinding?.(finding)
  }

  /** How to look at the structure as it is now; what the packs hold was read before. */
  #again(events: RepairEvents, onWound?: (wound: Wound) => void): ExamineOptions {
    const progress = this.#events.progress?.bind(this.#events)
    return {
      readDataPercent: 0,
      dryRun: this.#options.dryRun,
      signal: this.#signal,
      ...(onWound === undefined ? {} : { onWound }),
      events: { ...events, ...(progress === undefined ? {} : { progress }) },
    }
  }

  /** Examines everything, and heals in each realm unless `prepare` says otherwise; tells whether that stored anything. */
  async #round(
    context: CareContext,
    options: Omit<ExamineOptions, 'signal'>,
    prepare: (diagnosis: RealmDiagnosis) => Promise<boolean> = async () => true,
  ): Promise<{ readonly examination: Examination; readonly isHealed: boolean }> {
    let wanted = new Wanted()
    let isHealed = false
    const examination = await examine(context, {
      ...options,
      signal: this.#signal,
      onWound: (wound) => wanted.add(wound),
      onRealm: async (diagnosis) => {
        if (await prepare(diagnosis)) isHealed = (await this.#heal(diagnosis, wanted)) || isHealed
        wanted = new Wanted()
      },
    })
    return { examination, isHealed }
  }

  async #rebuildIndex({ repository, presence, chain }: RealmDiagnosis): Promise<number> {
    const dead = await deadPacks(repository, this.#signal)
    return rebuildIndex({
      repository: this.#target.inRealm(repository.realm.realm),
      // What a prune is about to delete needs no index any more.
      packs: presence.unnamed.filter(({ id }) => !dead.has(id)),
      instances: chain.instances,
      onProblem: (problem) => this.#events.finding?.({ kind: 'note', problem }),
      signal: this.#signal,
    })
  }

  /** Heals the records that the sources have, and removes what went bad and can be said again. */
  async #mendObjects({ rottenObjects, chain }: Examination): Promise<void> {
    const repository = this.#target
    const { sources } = this.#options
    const signal = this.#signal
    const { cache } = this.#context
    let { losses } = chain
    let healed = await healRecords({ repository, chain, rotten: namesOf(rottenObjects), sources, signal })
    while (healed > 0) {
      this.#recordsHealed += healed
      // A record that is back may name another one that is missing.
      const { id, records, keyRing: ring } = repository
      const now = await PointChain.load({ repository: id, records, ring, cache, forCheck: true, signal })
      losses = now.losses
      healed = await healRecords({ repository, chain: now, rotten: [], sources, signal })
    }
    this.#pointsLost = losses.lost.length + losses.unreadable.length
    for (const name of removable(rottenObjects)) {
      await repository.driver.remove(name, signal)
      this.#objectsRemoved++
    }
  }

  /** Stores again what can be had; tells whether that was anything. */
  async #heal(diagnosis: RealmDiagnosis, wanted: Wanted): Promise<boolean> {
    const { workers, clock, randomness } = this.#context
    const { repository } = diagnosis
    const { dryRun, sources } = this.#options
    const { realm } = repository
    const store = dryRun ? undefined : new RunStore({ repository, workers, clock, randomness })
    const blobs = new BlobStore(realm, store, dryRun ? this.#rehearsed : new Set())
    try {
      const rottenPacks = new Set([...this.#rottenPacks, ...doubtedPacks(diagnosis)])
      if (store !== undefined) await doubtAsFound(store, rottenPacks)
      await salvage({ diagnosis, rottenPacks, store: blobs, signal: this.#signal })
      await wanted.heal({
        sources,
        blobs: diagnosis.blobs,
        store: blobs,
        cutter: new ContentCutter(realm.chunkerSeed, repository.config.chunker),
        progress: (done, total) => this.#events.progress?.({ step: 'heal', done, total }),
        signal: this.#signal,
      })
      await blobs.flush()
      const stored = store === undefined ? blobs.blobs : (await store.finish()).blobs
      this.#blobsHealed += stored
      this.#bytesHealed += blobs.bytes
      return stored > 0
    } finally {
      await store?.close()
    }
  }
}

/** Returns those of `objects`, such as `marks/…`, that a repair removes when they are rotten. */
function removable(objects: readonly string[]): ObjectName[] {
  return namesOf(objects).filter(({ kind }) => REMOVABLE.includes(kind))
}

function namesOf(objects: readonly string[]): ObjectName[] {
  return objects.map((object) => {
    const [kind, id] = object.split('/') as [ObjectKind, ObjectId]
    return { kind, id }
  })
}

/** Packs that do not give all of what they hold: what they still give should be elsewhere, too. */
function doubtedPacks({ presence, index: { blobs, packs } }: RealmDiagnosis): ObjectId[] {
  // One that is not as long as it was may lack no frame, and yet counts for no writer and no prune.
  const doubted = Array.from(presence.wrong.keys(), (row) => packs.row(row).id)
  for (let row = 0; row < packs.size; row++) {
    const { id, firstFrame = 0, frames = 0 } = packs.row(row)
    for (let frame = firstFrame; frame < firstFrame + frames; frame++) {
      if (!blobs.frames.isDoubtful(frame)) continue
      doubted.push(id)
      break
    }
  }
  return doubted
}

/** What is stored now must count as new, and rank above what these packs hold. */
async function doubtAsFound(store: RunStore, rottenPacks: ReadonlySet<ObjectId>): Promise<void> {
  const index = await store.index()
  const rows = Array.from(rottenPacks, (id) => index.packs.rowOf(id)).filter((row) => row !== undefined)
  index.doubtStored({ frames: [], packs: rows })
}
