import type { BitSet } from '../../base/bit-set.ts'
import { IntegrityError, KeyError, StorageError } from '../../base/errors.ts'
import type { BlobId, ObjectId } from '../../base/ids.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import { RepositoryIndex } from '../../repository/repository-index.ts'
import type { CareContext } from '../care-types.ts'
import { findAffected, type Wound } from './affected.ts'
import { deadPacks, checkPacks, type PackPresence } from './check-packs.ts'
import { checkRecords } from './check-records.ts'
import type { AffectedPoint, CheckEvents, CheckOptions, CheckReport, DataRead } from './check-types.ts'
import { Findings } from './findings.ts'
import { LostCopies } from './lost-copies.ts'
import { type PacksRead, readPacks } from './read-packs.ts'
import { checkTrees } from './check-trees.ts'

export interface DiagnoseOptions extends CheckOptions {
  readonly events: CheckEvents
  readonly signal: AbortSignal
  /** Told of each file and directory that suffers, beside the events. */
  readonly onWound?: (wound: Wound) => void
}

/** What was found out about a repository, and what it was found with. Disposing of it gives back the index. */
export interface Diagnosis extends Disposable {
  readonly report: CheckReport
  readonly chain: PointChain
  /** Those that could be looked into, the newest first. */
  readonly points: readonly PointInfo[]
  /** What cannot be read is in doubt in it, and nothing else. */
  readonly index: RepositoryIndex
  /** Reads from the store alone. */
  readonly blobs: BlobReader
  readonly presence: PackPresence
  /** Packs whose bytes are not what was written, though points rely on them: only what was read is among them. */
  readonly rottenPacks: readonly ObjectId[]
  /** Objects, such as `marks/…`, whose bytes are not those of their names. */
  readonly rottenObjects: readonly string[]
  /** Entries of the index that points need. */
  readonly needed: BitSet
}

/** Does what `check` does, and keeps what a repair goes on from. */
export async function diagnose(context: CareContext, options: DiagnoseOptions): Promise<Diagnosis> {
  const { repository } = context
  const { events, signal } = options
  if (!repository.keyRing.full) throw notFull()
  const findings = new Findings(events)
  const chain = await checkRecords(context, findings, signal)
  const index = await loadIndex(context, findings, signal)
  try {
    const points = pointsOf(context, chain, findings)
    const blobs = new BlobReader({
      driver: repository.driver,
      repository: repository.id,
      realm: repository.realm,
      index,
    })
    const presence = await checkPacks(repository, index, signal)
    const lost = new LostCopies(context, events, options)
    const { rows } = presence
    const percent = options.readDataPercent
    const { instances } = chain
    const read: PacksRead | undefined =
      percent > 0
        ? await readPacks({ context, index, instances, rows, percent, findings, lost, events, signal })
        : undefined
    const { needed, trees, isWhole } = await checkTrees({ index, blobs, points, lost, events, signal })
    await lost.write()
    const packsNeeded = rowsOf(index, needed)
    const rottenRows = [...(read?.rotten.keys() ?? [])].filter((row) => packsNeeded.has(row))
    const rottenPacks = rottenRows.map((row) => index.packs.row(row).id)
    await judgePacks(context, { presence, read, packsNeeded, index, findings, signal })
    const isSound = (blob: BlobId): boolean => isSoundData(index, blob)
    const areBlobsSound = isWhole && !hasDoubtful(index, needed)
    const affected = areBlobsSound ? [] : await tellAffected({ ...options, points, blobs, isSound })
    tellUnnamed(presence, findings)
    const report: CheckReport = {
      points: points.length,
      trees,
      blobs: needed.count,
      packs: sumOf(rows.map((row) => index.packs.row(row))),
      unnamedPacks: sumOf(presence.unnamed),
      dataRead: read?.dataRead,
      damage: findings.damage,
      notes: findings.notes,
      affected,
      blobsCalledLost: lost.blobs,
    }
    return {
      report,
      chain,
      points,
      index,
      blobs,
      presence,
      rottenPacks,
      rottenObjects: findings.rotten,
      needed,
      [Symbol.dispose]: () => index[Symbol.dispose](),
    }
  } catch (error) {
    index[Symbol.dispose]()
    throw error
  }
}

async function loadIndex(
  { repository }: CareContext,
  findings: Findings,
  signal: AbortSignal,
): Promise<RepositoryIndex> {
  const { driver, id, records, realm, cache } = repository
  const onProblem = findings.damaged
  return RepositoryIndex.load({ driver, repository: id, records, realm, cache, forCheck: true, onProblem, signal })
}

/** Returns the points whose trees this realm's keys open; the newest matter most. */
function pointsOf({ repository }: CareContext, chain: PointChain, findings: Findings): PointInfo[] {
  const points = chain.points.filter(({ realm }) => realm === repository.realm.realm)
  const foreign = chain.points.length - points.length
  if (foreign > 0) {
    const message = `${foreign} points of other realms were not looked into`
    findings.noted(new KeyError('WRONG_KEY', message, { context: { points: foreign } }))
  }
  return points.sort((a, b) => compareCreated(b, a))
}

/** Returns the packs that needed blobs count on: each on its copy that counts. */
function rowsOf({ blobs }: RepositoryIndex, needed: BitSet): Set<number> {
  const rows = new Set<number>()
  forEachPlace(blobs, needed, (frame) => rows.add(blobs.frames.get(frame).pack))
  return rows
}

function hasDoubtful({ blobs }: RepositoryIndex, needed: BitSet): boolean {
  let found = false
  forEachPlace(blobs, needed, (frame) => (found ||= blobs.frames.isDoubtful(frame)))
  return found
}

function forEachPlace(blobs: RepositoryIndex['blobs'], needed: BitSet, use: (frame: number) => void): void {
  for (let entry = 0; entry < needed.size; entry++) {
    const location = needed.has(entry) ? blobs.location(entry) : undefined
    if (location !== undefined) use(location.frame)
  }
}

/** Tells whether a blob can be had, as data: what lies among trees is no content of a file. */
function isSoundData(index: RepositoryIndex, blob: BlobId): boolean {
  const place = index.isSound(blob) ? index.locate(blob) : undefined
  return place !== undefined && index.packs.row(place.frameLocation.pack).kind === 'data'
}

/** A pack that no point relies on, because all that is needed of it has a sound copy elsewhere, is told and no damage. */
async function judgePacks(
  { repository }: CareContext,
  of: {
    readonly presence: PackPresence
    readonly read: PacksRead | undefined
    readonly packsNeeded: ReadonlySet<number>
    readonly index: RepositoryIndex
    readonly findings: Findings
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { presence, read, packsNeeded, index, findings, signal } = of
  for (const [row, problem] of read?.rotten ?? []) {
    if (packsNeeded.has(row)) findings.damaged(problem)
    else findings.noted(notNeeded(problem))
  }
  if (presence.wrong.size === 0) return
  const dead = await deadPacks(repository, signal)
  for (const [row, problem] of presence.wrong) {
    if (packsNeeded.has(row)) findings.damaged(problem)
    else if (!dead.has(index.packs.row(row).id)) findings.noted(notNeeded(problem))
  }
}

async function tellAffected(
  options: DiagnoseOptions & {
    readonly points: readonly PointInfo[]
    readonly blobs: BlobReader
    readonly isSound: (blob: BlobId) => boolean
  },
): Promise<AffectedPoint[]> {
  const counts = new Map<PointInfo, number>()
  for await (const wound of findAffected(options)) {
    const { point, path, kind, problem } = wound
    counts.set(point, (counts.get(point) ?? 0) + 1)
    options.events.affected?.({ point, path, kind, problem })
    options.onWound?.(wound)
  }
  return Array.from(counts, ([point, entries]) => ({ point, entries }))
}

function tellUnnamed({ unnamed }: PackPresence, findings: Findings): void {
  if (unnamed.length === 0) return
  const { packs, bytes } = sumOf(unnamed)
  findings.noted(
    new StorageError('STORE_FAILED', `no index names ${packs === 1 ? 'one pack' : `${packs} packs`} of the store`, {
      context: { packs, bytes },
      hint: 'A backup is running or was interrupted: the next one uses what they hold, or a prune removes them.',
    }),
  )
}

function notNeeded(problem: { message: string; context: Readonly<Record<string, string | number | boolean>> }) {
  const message = `${problem.message}; nothing that points need is lost by it`
  return new IntegrityError('ID_MISMATCH', message, {
    context: problem.context,
    hint: 'A prune removes what is left of it.',
  })
}

function sumOf(packs: readonly { readonly bytes: number }[]): DataRead['total'] {
  return { packs: packs.length, bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function notFull(): KeyError {
  return new KeyError('KEY_NOT_FULL', 'A backup-only key cannot read what it is to check.', {
    hint: 'Check the bytes of the objects with `tidemark check --objects`, or open it with a key of the owner.',
  })
}
