import { type Clock, timespecOfMs } from '../../base/clock.ts'
import { RunError, StorageError } from '../../base/errors.ts'
import { type ObjectId, shortId } from '../../base/ids.ts'
import type { DeadRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { signTombstone } from '../../repository/signing.ts'
import type { ObjectName } from '../../storage/driver.ts'
import { reach } from '../reach/reach.ts'
import { recordOrNone } from './new-marks.ts'
import type { OpenedRun } from './opened-run.ts'
import type { StoredObjects } from './run-store.ts'

/** How often an index file may vanish between the look for it and its loading. */
const INDEX_ATTEMPTS_MAX = 5

/** A point that is about to be committed, or just was, and what its run knew and stored. */
export interface Commitment {
  readonly opened: OpenedRun
  readonly stored: StoredObjects
  readonly info: PointInfo
}

/**
 * What makes a commit safe while others prune, each rule by its name.
 *
 * @see docs/format.md, "Pruning"; docs/decisions/0015-commits-and-sleeping-writers.md
 */
export const commitRules = {
  /** Whether the run may have been taken for dead: then dead records may have come and gone while nobody looked. */
  wasSilent({ opened }: Commitment): boolean {
    return opened.object?.wasSilent === true
  },

  /** Says that the run lives, so that whoever sweeps from now on waits for it again. */
  async sayAgain({ opened }: Commitment): Promise<void> {
    await opened.object?.renew()
  },

  /** What was declared dead since the run began. */
  async newlyDead({ opened: { repository, lists } }: Commitment): Promise<readonly DeadRecord[]> {
    const known = new Set(lists.dead)
    const fresh = (await repository.records.list('dead')).filter((id) => !known.has(id))
    const found = await Promise.all(fresh.map((id) => recordOrNone(repository.records, 'dead', id)))
    return found.filter((record) => record !== undefined)
  },

  /** Whether everything that the point needs is in packs that are there and not about to go. */
  async isWhole(commitment: Commitment, dead: readonly DeadRecord[]): Promise<boolean> {
    const { repository } = commitment.opened
    const packs = new Set(dead.flatMap((record) => record.packs))
    return repository.keyRing.full ? isReachableWithout(commitment, packs) : isAllThere(commitment, dead)
  },

  /** The owner's word first, where this key can give it: then the point is void even if its record stays, or comes back. */
  async takeBack({ opened: { repository }, info }: Commitment, clock: Clock): Promise<void> {
    const { record, innerHash, object } = info
    if (repository.keyRing.full) {
      const made = timespecOfMs(clock.nowMs())
      const tombstone = { target: 'point', id: record.point, hash: innerHash, made, takenBack: true } as const
      const signed = signTombstone(repository.keyRing, repository.id, tombstone)
      await repository.records.put('tombstones', signed, repository.instance)
    }
    await repository.driver.remove({ kind: 'points', id: object })
  },
}

/**
 * Before the commit: a run that was silent for long says that it lives, and looks whether it was pruned meanwhile. Put-run-then-look
 * against prune's put-dead-then-list-runs: one of the two sees the other, however long the point's record is on its way.
 *
 * @throws {RunError} PRUNED_UNDER_RUN
 */
export async function checkBeforeCommit(commitment: Commitment): Promise<void> {
  if (!commitRules.wasSilent(commitment)) return
  await commitRules.sayAgain(commitment)
  if (!(await commitRules.isWhole(commitment, await commitRules.newlyDead(commitment)))) throw prunedUnderRun()
}

/**
 * After the commit: put-point-then-list-dead against prune's put-dead-then-list-points: one of the two sees the other.
 *
 * @throws {RunError} PRUNED_UNDER_RUN: the point is taken back, or, where the store refused that, says that it could not be.
 */
export async function checkAfterCommit(commitment: Commitment, clock: Clock): Promise<void> {
  const dead = await commitRules.newlyDead(commitment)
  if (dead.length === 0 && !commitRules.wasSilent(commitment)) return
  if (await commitRules.isWhole(commitment, dead)) return
  try {
    await commitRules.takeBack(commitment, clock)
  } catch (error) {
    throw notTakenBack(commitment.info, error)
  }
  throw prunedUnderRun()
}

/** Walks the point: whatever it needs has a copy in a pack that is there and not among `dead`. */
async function isReachableWithout({ opened, stored, info }: Commitment, dead: ReadonlySet<ObjectId>): Promise<boolean> {
  const { repository, lists, base } = opened
  // What the point before went by, this one goes by as well where nothing changed.
  const before = base?.lists.index ?? []
  using index = await indexAsKnown(repository, [...lists.index, ...before, ...stored.lookedUp, ...stored.indexes])
  let isUnreadable = false
  const onProblem = (): void => {
    isUnreadable = true
  }
  const needed = await reach({ index, blobs: repository.blobsIn(index), points: [info], onProblem })
  if (isUnreadable) return false
  const { blobs, packs } = index
  const doubtful = new Set<number>()
  for (let entry = 0; entry < needed.size; entry++) {
    if (!needed.has(entry)) continue
    const location = blobs.location(entry)
    if (location === undefined) return false
    if (blobs.frames.isDoubtful(location.frame)) doubtful.add(blobs.frames.get(location.frame).pack)
  }
  // A mark alone takes nothing away: the sweep waits for this run. Dead is dead, and absent is gone.
  for (const row of doubtful) {
    const { id, bytes } = packs.row(row)
    if (dead.has(id) || (await sizeOf(repository, { kind: 'packs', id })) !== bytes) return false
  }
  return true
}

/**
 * Loads the index with all that the run and this machine knew of it, though a prune may be merging index files meanwhile: of what it
 * says, the caller only takes that packs are there for which the store said so.
 */
async function indexAsKnown(repository: Repository, known: readonly ObjectId[]): Promise<RepositoryIndex> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await repository.indexForRun({ stored: await stillThere(repository, new Set(known)), withGone: true })
    } catch (error) {
      if (!isNotFound(error) || attempt === INDEX_ATTEMPTS_MAX) throw error
    }
  }
}

/**
 * Returns the index files that the run went by and that are still there; a prune may have merged others. Listings may be late,
 * so that one shows a file and the next does not; whoever looks for one object is told the truth.
 */
async function stillThere(repository: Repository, known: Set<ObjectId>): Promise<ObjectId[]> {
  const there: ObjectId[] = []
  for await (const { name } of repository.driver.list('index')) if (known.delete(name.id)) there.push(name.id)
  for (const id of known) if ((await sizeOf(repository, { kind: 'index', id })) !== undefined) there.push(id)
  return there
}

/**
 * What can be said without reading trees, which a backup-only key does not open: all that the run may have relied on is
 * there. A mark that the run saw kept it from relying on what the mark names.
 */
async function isAllThere({ opened, stored }: Commitment, dead: readonly DeadRecord[]): Promise<boolean> {
  const { repository, lists } = opened
  const gone = new Set([...lists.packs, ...stored.packs].map(([id]) => id))
  if (dead.some(({ mark, packs }) => !lists.marks.includes(mark) && packs.some((id) => gone.has(id)))) return false
  for await (const { name } of repository.driver.list('packs')) gone.delete(name.id)
  for (const id of gone) if ((await sizeOf(repository, { kind: 'packs', id })) === undefined) return false
  return true
}

async function sizeOf({ driver }: Repository, name: ObjectName): Promise<number | undefined> {
  try {
    return (await driver.stat(name)).bytes
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'NOT_FOUND'
}

function prunedUnderRun(): RunError {
  return new RunError('PRUNED_UNDER_RUN', 'what this backup relied on was pruned while it ran', {
    hint: 'Run it again: what is still there is not stored again.',
  })
}

function notTakenBack({ record }: PointInfo, cause: unknown): RunError {
  return new RunError(
    'PRUNED_UNDER_RUN',
    `what this backup relied on was pruned while it ran, and its point ${shortId(record.point)} could not be taken back`,
    {
      context: { point: record.point },
      cause,
      hint: `Run it again, which stores what is missing; then \`tidemark check\` says whether point ${shortId(record.point)} is whole.`,
    },
  )
}
