import { hexId, type ObjectId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import type { ObjectKind, ObjectName } from '../../storage/driver.ts'
import { RunObject } from '../../repository/run-object.ts'
import type { CareContext } from '../care-types.ts'
import { deadPacks } from '../check/check-packs.ts'
import { type Examination, examine, type ExamineOptions, type RealmDiagnosis } from '../check/examine.ts'
import { RunStore } from '../run/run-store.ts'
import { BlobStore } from './blob-store.ts'
import { ContentCutter } from './cut-content.ts'
import { Wanted } from './heal.ts'
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
  const work = new Repair(context, options, events, signal)
  if (options.dryRun) return work.run()
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
  readonly #rottenPacks = new Set<ObjectId>()
  #packsIndexed = 0
  #objectsRemoved = 0
  #blobsHealed = 0
  #bytesHealed = 0

  constructor(context: CareContext, options: RepairOptions, events: RepairEvents, signal: AbortSignal) {
    this.#context = context
    this.#options = options
    this.#events = events
    this.#signal = signal
  }

  async run(): Promise<RepairReport> {
    const { dryRun } = this.#options
    const first = await this.#round({ ...this.#options, events: this.#events }, async (diagnosis) => {
      for (const pack of diagnosis.rottenPacks) this.#rottenPacks.add(pack)
      const indexed = await this.#rebuildIndex(diagnosis)
      this.#packsIndexed += indexed
      // With the packs in the index, less is lost than it seemed; and no run goes on past rotten records.
      return (indexed === 0 && removable(diagnosis.rottenObjects).length === 0) || dryRun
    })
    await this.#removeRotten(first.examination)
    let isToHeal = !dryRun && (first.isHealed || this.#packsIndexed > 0 || this.#objectsRemoved > 0)
    for (let round = 1; isToHeal && round < ROUNDS_MAX; round++) {
      isToHeal = (await this.#round(this.#again({}))).isHealed
    }
    const done = {
      dryRun,
      before: first.examination.report,
      packsIndexed: this.#packsIndexed,
      objectsRemoved: this.#objectsRemoved,
      blobsHealed: this.#blobsHealed,
      bytesHealed: this.#bytesHealed,
    }
    if (dryRun) return { ...done, after: undefined, notesPut: 0 }
    const damaged = new DamagedPoints()
    const affected: NonNullable<RepairEvents['affected']> = (entry) => {
      damaged.add(entry)
      this.#events.left?.(entry)
    }
    const last = await examine(this.#context, this.#again({ affected }))
    const notesPut = await damaged.mark(this.#context, last.points)
    return { ...done, after: last.report, notesPut }
  }

  /** How to look at the structure as it is now; what the packs hold was read before. */
  #again(events: RepairEvents): ExamineOptions {
    const progress = this.#events.progress?.bind(this.#events)
    return {
      readDataPercent: 0,
      dryRun: false,
      signal: this.#signal,
      events: { ...events, ...(progress === undefined ? {} : { progress }) },
    }
  }

  /** Examines everything, and heals in each realm unless `prepare` says otherwise; tells whether that stored anything. */
  async #round(
    options: Omit<ExamineOptions, 'signal'>,
    prepare: (diagnosis: RealmDiagnosis) => Promise<boolean> = async () => true,
  ): Promise<{ readonly examination: Examination; readonly isHealed: boolean }> {
    let wanted = new Wanted()
    let isHealed = false
    const examination = await examine(this.#context, {
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
      repository,
      // What a prune is about to delete needs no index any more.
      packs: presence.unnamed.filter(({ id }) => !dead.has(id)),
      instances: chain.instances,
      onProblem: (problem) => this.#events.finding?.({ kind: 'note', problem }),
      dryRun: this.#options.dryRun,
      signal: this.#signal,
    })
  }

  async #removeRotten({ rottenObjects }: Examination): Promise<void> {
    for (const name of removable(rottenObjects)) {
      if (!this.#options.dryRun) await this.#context.repository.driver.remove(name, this.#signal)
      this.#objectsRemoved++
    }
  }

  /** Stores again what can be had; tells whether that was anything. */
  async #heal(diagnosis: RealmDiagnosis, wanted: Wanted): Promise<boolean> {
    const { workers, clock, randomness } = this.#context
    const { repository } = diagnosis
    const { dryRun, sources } = this.#options
    const { realm } = repository
    const store = dryRun ? undefined : await RunStore.open({ repository, workers, clock, randomness })
    const blobs = new BlobStore(realm, store)
    try {
      const rottenPacks = new Set([...this.#rottenPacks, ...doubtedPacks(diagnosis)])
      if (store !== undefined) await doubtAsFound(store, diagnosis, rottenPacks)
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
  return objects.flatMap((object) => {
    const [kind, id] = object.split('/') as [ObjectKind, ObjectId]
    return REMOVABLE.includes(kind) ? [{ kind, id }] : []
  })
}

/** Packs that do not give all of what they hold: what they still give should be elsewhere, too. */
function doubtedPacks({ index: { blobs, packs } }: RealmDiagnosis): ObjectId[] {
  const doubted: ObjectId[] = []
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
async function doubtAsFound(
  store: RunStore,
  { presence, index: found }: RealmDiagnosis,
  rottenPacks: ReadonlySet<ObjectId>,
): Promise<void> {
  const index = await store.index()
  const ids = [...rottenPacks, ...Array.from(presence.wrong.keys(), (row) => found.packs.row(row).id)]
  const rows = ids.map((id) => index.packs.rowOf(id)).filter((row) => row !== undefined)
  index.doubtStored({ frames: [], packs: rows })
}
