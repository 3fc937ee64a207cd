import { equalBytes } from '../../base/bytes.ts'
import type { RealmId } from '../../base/ids.ts'
import { sha512 } from '../../crypto/sha512.ts'
import { objectIdOf } from '../../crypto/blake3.ts'
import type { LostPoint, UnreadableRecord } from '../../repository/lost-points.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import type { Repository } from '../../repository/repository.ts'
import { listIds } from '../../repository/stored-object.ts'
import type { ObjectKind, ObjectName } from '../../storage/driver.ts'
import type { HealSource, RecordSource, WantedRecord } from './heal-source.ts'

/** Objects that nothing but a copy of them makes again, points apart. */
const IRREPLACEABLE: readonly ObjectKind[] = ['instances', 'tombstones', 'keys']

export interface HealRecordsOptions {
  /** Where they are put. */
  readonly repository: Repository
  readonly chain: PointChain
  /** Objects whose bytes are not those of their names. */
  readonly rotten: readonly ObjectName[]
  readonly sources: readonly HealSource[]
  readonly signal: AbortSignal
}

/**
 * Stores again what the sources have of lost records: of instances, then of points, of tombstones and slots. Returns how many.
 *
 * What comes from a source is verified: by its name, by the hash that others name it by, or by its signature.
 */
export async function healRecords(options: HealRecordsOptions): Promise<number> {
  const { repository, chain, rotten, sources, signal } = options
  const places = sources.flatMap(({ records }) => records ?? [])
  let healed = 0
  const heal = async (attempt: (place: RecordSource) => Promise<boolean>): Promise<void> => {
    for (const place of places) {
      signal.throwIfAborted()
      if (!(await attempt(place))) continue
      healed++
      return
    }
  }
  for (const name of rotten.filter(({ kind }) => IRREPLACEABLE.includes(kind))) {
    await heal((place) => replace(repository, name, place))
  }
  for (const place of places) healed += await addInstances(repository, place)
  const { lost, unreadable } = chain.losses
  // Of one whose instance was lost, the record is there and well.
  const isWanted = (bad: UnreadableRecord | undefined): boolean => bad?.problem.code !== 'BAD_SIGNATURE'
  for (const point of lost.filter((found) => isWanted(found.unreadable))) {
    const wanted = { hash: point.hash }
    await heal((place) => putPoint(repository, { wanted, bad: point.unreadable, realm: realmOf(chain, point) }, place))
  }
  for (const bad of unreadable.filter(isWanted)) {
    await heal((place) => putPoint(repository, { wanted: { object: bad.object }, bad, realm: undefined }, place))
  }
  return healed
}

/** The rotten bytes go first: of one name there is one object. */
async function replace({ driver }: Repository, name: ObjectName, place: RecordSource): Promise<boolean> {
  const bytes = await place.object(name)
  if (bytes === undefined || objectIdOf(bytes) !== name.id) return false
  await driver.remove(name)
  await driver.put(name, [bytes])
  return true
}

async function addInstances({ driver }: Repository, place: RecordSource): Promise<number> {
  const here = new Set(await listIds(driver, 'instances'))
  let added = 0
  for (const name of await place.instances()) {
    const bytes = here.has(name.id) ? undefined : await place.object(name)
    if (bytes === undefined || objectIdOf(bytes) !== name.id) continue
    await driver.put(name, [bytes])
    added++
  }
  return added
}

async function putPoint(
  repository: Repository,
  what: {
    readonly wanted: WantedRecord
    readonly bad: UnreadableRecord | undefined
    readonly realm: RealmId | undefined
  },
  place: RecordSource,
): Promise<boolean> {
  const { wanted, bad, realm } = what
  const inner = await place.point(wanted)
  if (inner === undefined || ('hash' in wanted && !equalBytes(sha512(inner), wanted.hash))) return false
  await repository.recordsIn(realm).putAgain('points', inner)
  if (bad !== undefined) await repository.driver.remove({ kind: 'points', id: bad.object })
  return true
}

/** A point lies where the others of its chain do. */
function realmOf(chain: PointChain, { chain: id }: LostPoint): RealmId | undefined {
  return chain.of(id)[0]?.realm
}
