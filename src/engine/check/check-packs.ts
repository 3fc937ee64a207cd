import { IntegrityError, StorageError } from '../../base/errors.ts'
import type { ObjectId, RealmId } from '../../base/ids.ts'
import { decodePackHeader } from '../../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES } from '../../format/pack.ts'
import { loadRecords } from '../../repository/known-records.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { type Driver, packPath } from '../../storage/driver.ts'

/** A pack that the store has and an index does not name: perhaps that of another realm does. */
export interface UnnamedPack {
  readonly id: ObjectId
  readonly bytes: number
}

/** What the store has of the packs that the index names, and what else. */
export interface PackPresence {
  /** By row: how many bytes there are of the packs that are there, as they should be or not. */
  readonly sizes: ReadonlyMap<number, number>
  /** By row: what is wrong with packs that are not there, or have another size. */
  readonly wrong: ReadonlyMap<number, IntegrityError>
  readonly unnamed: readonly UnnamedPack[]
}

/**
 * Compares the listing of the packs with the index. What is absent is in doubt from then on: of a pack that was cut off,
 * the frames behind the cut, since whoever restores reads those before it.
 */
export async function checkPacks(
  { driver }: Repository,
  index: RepositoryIndex,
  signal: AbortSignal,
): Promise<PackPresence> {
  const sizes = new Map<number, number>()
  const unnamed: UnnamedPack[] = []
  for await (const { name, bytes } of driver.list('packs', signal)) {
    const row = index.packs.rowOf(name.id)
    if (row === undefined) unnamed.push({ id: name.id, bytes })
    else sizes.set(row, bytes)
  }
  const wrong = new Map<number, IntegrityError>()
  const absent: number[] = []
  for (let row = 0; row < index.packs.size; row++) {
    const pack = index.packs.row(row)
    const bytes = sizes.get(row)
    if (bytes === pack.bytes) continue
    wrong.set(row, bytes === undefined ? missing(pack.id) : wrongSize(pack.id, pack.bytes, bytes))
    for (const frame of framesBehind(index, row, bytes ?? 0)) absent.push(frame)
  }
  index.doubtStored({ frames: absent, packs: [] })
  return { sizes, wrong, unnamed }
}

/** Returns the frames of a pack that do not end within its first `bytes` bytes. */
function framesBehind({ blobs, packs }: RepositoryIndex, row: number, bytes: number): number[] {
  const { firstFrame = 0, frames = 0 } = packs.row(row)
  return Array.from({ length: frames }, (_, i) => firstFrame + i).filter((frame) => {
    const { offset, storedBytes } = blobs.frames.get(frame)
    return offset + storedBytes > bytes
  })
}

/** Returns the packs that a prune is about to delete or has deleted: that they are gone is no damage. */
export async function deadPacks({ records }: Repository, signal: AbortSignal): Promise<ReadonlySet<ObjectId>> {
  const dead = await loadRecords('dead', { records, onProblem: () => undefined, signal })
  return new Set(dead.flatMap(({ record }) => record.packs))
}

/** Returns those of `packs` that are of a realm whose keys are open, or of none: the others have an index of their own. */
export async function ofOpenedRealms(
  { driver, keyRing }: Repository,
  packs: readonly UnnamedPack[],
): Promise<readonly UnnamedPack[]> {
  const realms = new Set(keyRing.realms())
  const found: UnnamedPack[] = []
  for (const pack of packs) {
    const realm = await realmOf(driver, pack)
    if (realm === undefined || realms.has(realm)) found.push(pack)
  }
  return found
}

async function realmOf(driver: Driver, { id, bytes }: UnnamedPack): Promise<RealmId | undefined> {
  if (bytes < PACK_HEADER_BYTES) return undefined
  try {
    return decodePackHeader(await driver.get({ kind: 'packs', id }, { offset: 0, length: PACK_HEADER_BYTES })).realm
  } catch (error) {
    // What is no pack, or is gone by now, is of no realm.
    if (error instanceof IntegrityError || (error instanceof StorageError && error.code === 'NOT_FOUND'))
      return undefined
    throw error
  }
}

/** What to do about a pack that does not give all that it held. */
export const REPAIR_PACK_HINT = 'Run `tidemark check --repair`, with `--heal-from` where what it held may still be.'

function missing(id: ObjectId): IntegrityError {
  return new IntegrityError('RECORD_MISSING', `${packPath(id)} is missing, though the index names it`, {
    context: { object: packPath(id) },
    hint: REPAIR_PACK_HINT,
  })
}

function wrongSize(id: ObjectId, wanted: number, bytes: number): IntegrityError {
  return new IntegrityError('MALFORMED', `${packPath(id)} has ${bytes} bytes where the index says ${wanted}`, {
    context: { object: packPath(id), bytes },
    hint: REPAIR_PACK_HINT,
  })
}
