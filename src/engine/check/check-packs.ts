import { IntegrityError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { decodePackHeader } from '../../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES } from '../../format/pack.ts'
import { loadRecords } from '../../repository/known-records.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'

/** A pack that the store has and no index names. */
export interface UnnamedPack {
  readonly id: ObjectId
  readonly bytes: number
}

/** What the store has of the packs that the index names, and what else. */
export interface PackPresence {
  /** Rows of the packs that are there at their sizes. */
  readonly rows: readonly number[]
  /** By row: what is wrong with packs that are not. */
  readonly wrong: ReadonlyMap<number, IntegrityError>
  readonly unnamed: readonly UnnamedPack[]
}

/** Compares the listing of the packs with the index; what is absent is in doubt from then on. */
export async function checkPacks(
  repository: Repository,
  index: RepositoryIndex,
  signal: AbortSignal,
): Promise<PackPresence> {
  const sizes = new Map<number, number>()
  const unnamed: UnnamedPack[] = []
  for await (const { name, bytes } of repository.driver.list('packs', signal)) {
    const row = index.packs.rowOf(name.id)
    if (row !== undefined) sizes.set(row, bytes)
    else if (await isOfRealm(repository, { id: name.id, bytes })) unnamed.push({ id: name.id, bytes })
  }
  const rows: number[] = []
  const wrong = new Map<number, IntegrityError>()
  for (let row = 0; row < index.packs.size; row++) {
    const pack = index.packs.row(row)
    const bytes = sizes.get(row)
    if (bytes === pack.bytes) rows.push(row)
    else wrong.set(row, bytes === undefined ? missing(pack.id) : wrongSize(pack.id, pack.bytes, bytes))
  }
  index.doubtStored({ frames: [], packs: wrong.keys() })
  return { rows, wrong, unnamed }
}

/** Returns the packs that a prune is about to delete or has deleted: that they are gone is no damage. */
export async function deadPacks({ records }: Repository, signal: AbortSignal): Promise<ReadonlySet<ObjectId>> {
  const dead = await loadRecords('dead', { records, onProblem: () => undefined, signal })
  return new Set(dead.flatMap(({ record }) => record.packs))
}

/** Packs of other realms are named by index files that this realm's keys do not open. */
async function isOfRealm({ driver, realm }: Repository, { id, bytes }: UnnamedPack): Promise<boolean> {
  if (bytes < PACK_HEADER_BYTES) return true
  const header = await driver.get({ kind: 'packs', id }, { offset: 0, length: PACK_HEADER_BYTES })
  try {
    return decodePackHeader(header).realm === realm.realm
  } catch (error) {
    if (error instanceof IntegrityError) return true
    throw error
  }
}

const HINT = 'Run `tidemark check --repair`, with `--heal-from` where what it held may still be.'

function missing(id: ObjectId): IntegrityError {
  return new IntegrityError('RECORD_MISSING', `packs/${id} is missing, though the index names it`, {
    context: { object: `packs/${id}` },
    hint: HINT,
  })
}

function wrongSize(id: ObjectId, wanted: number, bytes: number): IntegrityError {
  return new IntegrityError('MALFORMED', `packs/${id} has ${bytes} bytes where the index says ${wanted}`, {
    context: { object: `packs/${id}`, bytes },
    hint: HINT,
  })
}
