import { runAll } from '../../base/run-all.ts'
import { present } from '../../base/assert.ts'
import { IntegrityError, StorageError, type TidemarkError } from '../../base/errors.ts'
import type { InstanceId, ObjectId } from '../../base/ids.ts'
import type { InstanceRecord } from '../../format/records.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { packPath } from '../../storage/driver.ts'
import { getAvailable } from '../../storage/get-available.ts'
import type { CareContext } from '../care-types.ts'
import type { Team } from '../workers/worker-pool.ts'
import { BlobsOfFrames } from './blobs-of-frames.ts'
import { type PackCheckSetup, type PackJob, PACK_JOB_FRAME_FIELDS, type PackResult } from './check-jobs.ts'
import type { CheckEvents, DataRead } from './check-types.ts'
import type { Findings } from './findings.ts'
import type { LostCopies } from './lost-copies.ts'
import { REPAIR_PACK_HINT } from './check-packs.ts'
import { planReading, type ReadPosition, readPosition, sumOf, writePosition } from './read-order.ts'

/** Packs on their way per thread: one to work on, one to go on with at once. */
const PACKS_PER_THREAD = 2
/** How often what was found, and how far it came, is kept: what an interruption costs at most. */
const KEEP_INTERVAL_MS = 5000

export interface ReadPacksOptions {
  readonly context: CareContext
  readonly index: RepositoryIndex
  readonly instances: ReadonlyMap<InstanceId, InstanceRecord>
  /** By row: how many bytes there are of the packs that are there, as many as there should be or not. */
  readonly sizes: ReadonlyMap<number, number>
  readonly percent: number
  readonly findings: Findings
  readonly lost: LostCopies
  readonly events: CheckEvents
  readonly signal: AbortSignal
}

export interface PacksRead {
  readonly dataRead: DataRead
  /** By row: packs whose bytes are not what was written, and what is wrong with them. */
  readonly rotten: ReadonlyMap<number, TidemarkError>
}

/**
 * Reads packs and verifies all of them: names, frames, blobs, footers, and the index against these. What cannot be read
 * is called lost, and in doubt in the index.
 *
 * Memory: two packs a thread, and an index file where footers are damaged. When it is interrupted, what it found is kept,
 * and the next check goes on from there.
 */
export async function readPacks(options: ReadPacksOptions): Promise<PacksRead> {
  const { context, index, percent } = options
  const packs = Array.from(options.sizes, ([row, bytes]) => ({ row, id: index.packs.row(row).id, bytes }))
  const position = readPosition(context.cache, context.repository.realm.realm)
  const plan = planReading(packs, percent, position)
  const reading = new Reading(options, plan.packs)
  await reading.run()
  return {
    rotten: reading.rotten,
    dataRead: {
      packs: plan.packs.length,
      bytes: sumOf(plan.packs),
      packsBefore: plan.before,
      bytesBefore: plan.bytesBefore,
      total: { packs: packs.length, bytes: sumOf(packs) },
    },
  }
}

interface PlannedPack {
  readonly row: number
  readonly id: ObjectId
  readonly bytes: number
}

class Reading {
  readonly rotten = new Map<number, TidemarkError>()
  readonly #options: ReadPacksOptions
  readonly #packs: readonly PlannedPack[]
  readonly #doubtedFrames: number[] = []
  readonly #doubtedPacks: number[] = []
  /** By place in the plan. */
  readonly #isRead: Uint8Array
  /** All packs before this place have been read. */
  #readTo = 0
  #bytesRead = 0
  readonly #bytesTotal: number
  readonly #blobs: BlobsOfFrames
  #keptMs: number

  constructor(options: ReadPacksOptions, packs: readonly PlannedPack[]) {
    this.#options = options
    this.#packs = packs
    this.#isRead = new Uint8Array(packs.length)
    this.#bytesTotal = sumOf(packs)
    this.#blobs = new BlobsOfFrames(options.context.repository, options.index)
    this.#keptMs = options.context.clock.monotonicMs()
  }

  async run(): Promise<void> {
    const { context, index, instances, signal } = this.#options
    const { repository, workers } = context
    const { realm } = repository
    const setup = (): { setup: PackCheckSetup } => ({
      setup: {
        repository: repository.id,
        idKeys: {
          data: realm.idKey('data').slice(),
          tree: realm.idKey('tree').slice(),
          list: realm.idKey('list').slice(),
          detail: realm.idKey('detail').slice(),
        },
        publicKeys: new Map([...instances].map(([id, { publicKey }]) => [id, publicKey])),
        index: index.blobs.handle,
      },
    })
    try {
      await using team = await workers.open('check', setup)
      const tasks = this.#packs.map((pack, place) => async () => {
        signal.throwIfAborted()
        await this.#read(team, pack)
        this.#done(place, pack)
        if (context.clock.monotonicMs() - this.#keptMs >= KEEP_INTERVAL_MS) await this.#keep()
      })
      await runAll(tasks, workers.threads * PACKS_PER_THREAD)
    } finally {
      await this.#keep()
      // Only now: threads were looking up where blobs lie.
      index.doubtStored({ frames: this.#doubtedFrames, packs: this.#doubtedPacks })
    }
  }

  async #read(team: Team, { row, id }: PlannedPack): Promise<void> {
    const result = await this.#run(team, row).catch((error: unknown) => {
      if (!isOfPack(error)) throw error
      this.rotten.set(row, error)
      this.#doubtedPacks.push(row)
      // A writer notices by itself what is not there.
      if (error.code !== 'NOT_FOUND') this.#options.lost.addPack(id)
    })
    if (result !== undefined) await this.#judge(row, result)
  }

  async #run(team: Team, row: number): Promise<PackResult> {
    const { index, context, signal } = this.#options
    const { driver } = context.repository
    const { id, kind, bytes: storedBytes, firstFrame = 0, frames = 0 } = index.packs.row(row)
    const columns = new Uint32Array(frames * PACK_JOB_FRAME_FIELDS)
    for (let frame = 0; frame < frames; frame++) {
      const { offset, storedBytes: frameBytes, rawBytes } = index.blobs.frames.get(firstFrame + frame)
      columns.set([offset, frameBytes, rawBytes], frame * PACK_JOB_FRAME_FIELDS)
    }
    const name = { kind: 'packs', id } as const
    const key = index.packKey(row)
    const job: PackJob = { type: 'pack', id, kind, storedBytes, key, firstFrame, frames: columns }
    const file = driver.localFile(name)
    if (file !== undefined) return (await team.run({ ...job, file })) as PackResult
    const bytes = wholeLength(await getAvailable(driver, name, { offset: 0, length: storedBytes }, signal), storedBytes)
    return (await team.run({ ...job, bytes }, [bytes.buffer as ArrayBuffer])) as PackResult
  }

  async #judge(row: number, result: PackResult): Promise<void> {
    const { index, findings } = this.#options
    const { id, firstFrame = 0 } = index.packs.row(row)
    const { badFrames, footerProblem, blobsLeftOut } = result
    const bad = badFrames.map(({ frame }) => firstFrame + frame)
    if (bad.some((frame) => !index.blobs.frames.isDoubtful(frame))) await this.#callLost(row, result)
    this.#doubtedFrames.push(...bad)
    const [first] = badFrames
    if (first !== undefined) this.rotten.set(row, badPack(id, `${first.message} (${badFrames.length} of its frames)`))
    else if (footerProblem !== undefined) this.rotten.set(row, badPack(id, footerProblem))
    else if (!result.fitsName) this.rotten.set(row, badPack(id, 'its bytes are not those of its name'))
    if (blobsLeftOut > 0) findings.damaged(leftOut(id, blobsLeftOut))
  }

  async #callLost(row: number, { badFrames, lostBlobs }: PackResult): Promise<void> {
    const { index, lost } = this.#options
    const { id } = index.packs.row(row)
    const frames = new Set(badFrames.map(({ frame }) => frame))
    // Whoever reads the pack still has what lies in other frames.
    const blobs = lostBlobs.byteLength > 0 ? lostBlobs : await this.#blobs.of(row, frames)
    if (blobs.byteLength > 0) lost.add(id, blobs)
    else lost.addPack(id)
  }

  #done(place: number, { bytes }: PlannedPack): void {
    this.#isRead[place] = 1
    while (this.#isRead[this.#readTo] === 1) this.#readTo++
    this.#bytesRead += bytes
    this.#options.events.progress?.({ step: 'data', done: this.#bytesRead, total: this.#bytesTotal })
  }

  /** Keeps what was found before it is said that this was read. */
  async #keep(): Promise<void> {
    const { context, lost, percent } = this.#options
    this.#keptMs = context.clock.monotonicMs()
    const readTo = this.#readTo
    await lost.write()
    if (readTo === 0) return
    const last = present(this.#packs[readTo - 1], 'a pack that was read').id
    const isUnfinished = percent >= 100 && readTo < this.#packs.length
    const position: ReadPosition = { last, until: isUnfinished ? this.#packs.at(-1)?.id : undefined }
    writePosition(context.cache, context.repository.realm.realm, position)
  }
}

/** Tells whether an error is about one pack alone: it, and nothing else, cannot be read. */
function isOfPack(error: unknown): error is TidemarkError {
  if (error instanceof IntegrityError) return true
  return error instanceof StorageError && ['NOT_FOUND', 'OUT_OF_RANGE', 'STORE_FAILED'].includes(error.code)
}

function badPack(id: ObjectId, problem: string): IntegrityError {
  const object = packPath(id)
  // What is wrong with a frame or a footer names the pack as well.
  const message = `${object} is damaged: ${problem.replace(` of ${object}`, '')}`
  return new IntegrityError('ID_MISMATCH', message, {
    context: { object },
    hint: REPAIR_PACK_HINT,
  })
}

/** Returns `bytes`, with zeros for what a pack that was cut off lacks. */
function wholeLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.byteLength === length) return bytes
  const whole = new Uint8Array(length)
  whole.set(bytes)
  return whole
}

function leftOut(id: ObjectId, blobs: number): IntegrityError {
  return new IntegrityError('MALFORMED', `the index leaves out ${blobs} of the blobs of ${packPath(id)}`, {
    context: { object: packPath(id), blobs },
    hint: 'Run `tidemark check --repair` to make it again from the packs.',
  })
}
