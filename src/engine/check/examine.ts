import { assert } from '../../base/assert.ts'
import type { BitSet } from '../../base/bit-set.ts'
import { numberOf } from '../../base/number-of.ts'
import { IntegrityError, KeyError, StorageError } from '../../base/errors.ts'
import type { BlobId, ObjectId } from '../../base/ids.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import { RepositoryIndex } from '../../repository/repository-index.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext, PackSum } from '../care-types.ts'
import { findAffected, type Wound } from './affected.ts'
import { checkPacks, deadPacks, ofOpenedRealms, type PackPresence, type UnnamedPack } from './check-packs.ts'
import { checkRecords } from './check-records.ts'
import type { AffectedPoint, CheckEvents, CheckOptions, CheckReport, DataRead } from './check-types.ts'
import { Findings } from './findings.ts'
import { LostCopies } from './lost-copies.ts'
import { type PacksRead, readPacks } from './read-packs.ts'
import { checkTrees } from './check-trees.ts'

export interface ExamineOptions extends CheckOptions {
  readonly events: CheckEvents
  readonly signal: AbortSignal
  /** Told of each file and directory that suffers, beside the events. */
  readonly onWound?: (wound: Wound) => void
  /** Given what was found out about each realm in turn; its index is given back afterwards. */
  readonly onRealm?: (diagnosis: RealmDiagnosis) => Promise<void>
}

/** What was found out about a realm, and what it was found with. */
export interface RealmDiagnosis {
  /** In the realm. */
  readonly repository: Repository
  readonly chain: PointChain
  /** What cannot be read is in doubt in it, and nothing else. */
  readonly index: RepositoryIndex
  /** Reads from the store alone. */
  readonly blobs: BlobReader
  readonly presence: PackPresence
  /** Packs whose bytes are not what was written, though points rely on them: only what was read is among them. */
  readonly rottenPacks: readonly ObjectId[]
  /** Entries of the index that points need. */
  readonly needed: BitSet
  /** Those known so far: see `Examination`. */
  readonly rottenObjects: readonly string[]
}

export interface Examination {
  readonly report: CheckReport
  readonly chain: PointChain
  /** Objects, such as `marks/…`, whose bytes are not those of their names. */
  readonly rottenObjects: readonly string[]
}

/**
 * Does what `check` does, realm by realm, and hands out what a repair goes on from.
 *
 * Memory: the index of one realm at a time.
 */
export async function examine(context: CareContext, options: ExamineOptions): Promise<Examination> {
  const { repository } = context
  const { events, signal } = options
  if (!repository.keyRing.full) throw notFull()
  const findings = new Findings(events)
  const chain = await checkRecords(context, findings, signal)
  const realms: RealmReport[] = []
  let unnamed: readonly UnnamedPack[] | undefined
  let isIndexLost = false
  for (const realm of repository.keyRing.realms()) {
    const inRealm = { ...context, repository: repository.inRealm(realm) }
    const examined = await examineRealm(inRealm, { chain, findings, options })
    realms.push(examined.report)
    isIndexLost ||= examined.isIndexLost
    const names = new Set(examined.unnamed.map(({ id }) => id))
    unnamed = unnamed?.filter(({ id }) => names.has(id)) ?? examined.unnamed
  }
  const unnamedPacks = sumOf(await ofOpenedRealms(repository, unnamed ?? []))
  if (!isIndexLost) tellUnnamed(unnamedPacks, findings)
  const { damage, notes, rotten } = findings
  const report = { ...merge(realms), unnamedPacks, damage, notes }
  return { report, chain, rottenObjects: rotten }
}

type RealmReport = Omit<CheckReport, 'unnamedPacks' | 'damage' | 'notes'>

async function examineRealm(
  context: CareContext,
  of: { readonly chain: PointChain; readonly findings: Findings; readonly options: ExamineOptions },
): Promise<{
  readonly report: RealmReport
  readonly unnamed: readonly UnnamedPack[]
  readonly isIndexLost: boolean
}> {
  const { repository } = context
  const { chain, findings, options } = of
  const { events, signal, readDataPercent: percent } = options
  const points = chain.records
    .filter(({ realm }) => realm === repository.realm.realm)
    .sort((a, b) => compareCreated(b, a))
  using index = await loadIndex(context, findings, signal)
  const { driver, id, realm } = repository
  const blobs = new BlobReader({ driver, repository: id, realm, index })
  const presence = await checkPacks(repository, index, signal)
  const lost = new LostCopies(context, events, options)
  const { sizes, unnamed } = presence
  const reading = { context, index, instances: chain.instances, sizes, percent, findings, lost, events, signal }
  const read: PacksRead | undefined = percent > 0 ? await readPacks(reading) : undefined
  const { needed, trees, isWhole } = await checkTrees({ index, blobs, points, lost, events, signal })
  await lost.write()
  const packsNeeded = rowsOf(index, needed)
  await judgePacks(context, { presence, read, packsNeeded, index, findings, signal })
  const isSound = (blob: BlobId): boolean => isSoundData(index, blob)
  const areBlobsSound = isWhole && !hasDoubtful(index, needed)
  const isIndexLost = !areBlobsSound && (await tellUnindexed(repository, { points, unnamed, findings, signal }))
  const affected = areBlobsSound ? [] : await tellAffected({ ...options, points, blobs, isSound })
  const rottenRows = [...(read?.rotten.keys() ?? [])].filter((row) => packsNeeded.has(row))
  const rottenPacks = rottenRows.map((row) => index.packs.row(row).id)
  const rottenObjects = findings.rotten
  await options.onRealm?.({ repository, chain, index, blobs, presence, rottenPacks, needed, rottenObjects })
  const report: RealmReport = {
    points: chain.points.filter(({ realm: of }) => of === realm.realm).length,
    trees,
    blobs: needed.count,
    packs: sumOf(Array.from(sizes.values(), (bytes) => ({ bytes }))),
    dataRead: read?.dataRead,
    affected,
    blobsCalledLost: lost.blobs,
  }
  return { report, unnamed, isIndexLost }
}

/** Puts together what was found in all realms. */
function merge(realms: readonly RealmReport[]): RealmReport {
  const [first, ...others] = realms
  assert(first !== undefined, 'a key set has a realm')
  return others.reduce(
    (sum, report) => ({
      points: sum.points + report.points,
      trees: sum.trees + report.trees,
      blobs: sum.blobs + report.blobs,
      packs: addSums(sum.packs, report.packs),
      dataRead: addReads(sum.dataRead, report.dataRead),
      affected: [...sum.affected, ...report.affected],
      blobsCalledLost: sum.blobsCalledLost + report.blobsCalledLost,
    }),
    first,
  )
}

function addSums(a: PackSum, b: PackSum): PackSum {
  return { packs: a.packs + b.packs, bytes: a.bytes + b.bytes }
}

function addReads(a: DataRead | undefined, b: DataRead | undefined): DataRead | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    ...addSums(a, b),
    packsBefore: a.packsBefore + b.packsBefore,
    bytesBefore: a.bytesBefore + b.bytesBefore,
    total: addSums(a.total, b.total),
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
    // Of a pack that was cut off, that says it all.
    if (presence.wrong.has(row)) continue
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
  options: ExamineOptions & {
    readonly points: readonly PointInfo[]
    readonly blobs: BlobReader
    readonly isSound: (blob: BlobId) => boolean
  },
): Promise<AffectedPoint[]> {
  const counts = new Map<PointInfo, number>()
  let last: Wound | undefined
  for await (const wound of findAffected(options)) {
    const { point, path, kind, problem } = wound
    options.onWound?.(wound)
    // Of the root, the detail and the tree may both be lost: it is one entry.
    if (last?.point === point && last.path === path) continue
    last = wound
    counts.set(point, (counts.get(point) ?? 0) + 1)
    options.events.affected?.({ point, path, kind, problem })
  }
  return Array.from(counts, ([point, entries]) => ({ point, entries }))
}

/** Tells whether packs that points were made with are there and the index does not know: why so much cannot be found. */
async function tellUnindexed(
  repository: Repository,
  of: {
    readonly points: readonly PointInfo[]
    readonly unnamed: readonly UnnamedPack[]
    readonly findings: Findings
    readonly signal: AbortSignal
  },
): Promise<boolean> {
  const ofPoints = new Set(of.points.flatMap(({ record }) => record.packs))
  const candidates = of.unnamed.filter(({ id }) => ofPoints.has(id))
  if (candidates.length === 0) return false
  const dead = await deadPacks(repository, of.signal)
  const { packs, bytes } = sumOf(candidates.filter(({ id }) => !dead.has(id)))
  if (packs === 0) return false
  const message = `the index is lost or damaged: it does not name ${numberOf(packs, 'pack')} that points were stored in`
  of.findings.damaged(
    new IntegrityError('RECORD_MISSING', message, {
      context: { packs, bytes },
      hint: 'They are there: `tidemark check --repair` makes the index anew from them. Only what is missing then is lost.',
    }),
  )
  return true
}

function tellUnnamed({ packs, bytes }: PackSum, findings: Findings): void {
  if (packs === 0) return
  findings.noted(
    new StorageError('STORE_FAILED', `no index names ${numberOf(packs, 'pack')} of the store`, {
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

function sumOf(packs: readonly { readonly bytes: number }[]): PackSum {
  return { packs: packs.length, bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function notFull(): KeyError {
  return new KeyError('KEY_NOT_FULL', 'a backup-only key cannot read what it is to check', {
    hint: 'Check the bytes of the objects with `tidemark check --objects`, or open it with a key of the owner.',
  })
}
