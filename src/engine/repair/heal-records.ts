import { equalBytes } from '../../base/bytes.ts'
import type { RealmId } from '../../base/ids.ts'
import { sha512 } from '../../crypto/sha512.ts'
import { objectIdOf } from '../../crypto/blake3.ts'
import { encodeRecordBody } from '../../format/record-codec.ts'
import { isUnsignedOnly, type LostPoint, type UnreadableRecord } from '../../repository/lost-points.ts'
import { signInner } from '../../repository/record-seal.ts'
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
 * Stores again what the sources, or this machine of its own points, have of lost records: of instances, then of points, of tombstones and slots. Returns how many.
 *
 * What comes from a source is verified: by its name, by the hash that others name it by, or by its signature.
 */
export async function healRecords(options: HealRecordsOptions): Promise<number> {
  const { repository, chain, rotten, sources, signal } = options
  const places = sources.flatMap(({ records }) => records ?? [])
  let healed = 0
  const heal = async <Place>(attempt: (place: Place) => Promise<boolean>, from: readonly Place[]): Promise<void> => {
    for (const place of from) {
      signal.throwIfAborted()
      if (!(await attempt(place))) continue
      healed++
      return
    }
  }
  for (const name of rotten.filter(({ kind }) => IRREPLACEABLE.includes(kind))) {
    await heal((place) => replace(repository, name, place), places)
  }
  for (const place of places) healed += await addInstances(repository, place)
  const { lost, unreadable } = chain.losses
  // Of one whose instance was lost, the record is there and well.
  const isWanted = (bad: UnreadableRecord | undefined): boolean => bad === undefined || !isUnsignedOnly(bad)
  for (const point of lost.filter((found) => isWanted(found.unreadable))) {
    const { hash, unreadable: bad, realm = realmOf(chain, point) } = point
    const own = { point: async () => signedAgain(repository, point) }
    await heal((place) => putPoint(repository, { wanted: { hash }, bad, realm }, place), [own, ...places])
  }
  for (const bad of unreadable.filter(isWanted)) {
    const wanted = { object: bad.object }
    await heal((place) => putPoint(repository, { wanted, bad, realm: undefined }, place), places)
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
  place: Pick<RecordSource, 'point'>,
): Promise<boolean> {
  const { wanted, bad, realm } = what
  const inner = await place.point(wanted)
  if (inner === undefined || ('hash' in wanted && !equalBytes(sha512(inner), wanted.hash))) return false
  await repository.recordsIn(realm).putAgain('points', inner)
  if (bad !== undefined) await repository.driver.remove({ kind: 'points', id: bad.object })
  return true
}

/** Returns a lost record's inner bytes where this instance made it, and what was in it is still known here. */
function signedAgain({ id, instance }: Repository, { known }: LostPoint): Uint8Array | undefined {
  if (known?.signer !== instance.id) return undefined
  return signInner(encodeRecordBody('points', known.record), { kind: 'points', repository: id, signer: instance })
}

/** A point lies where the others of its chain do. */
function realmOf(chain: PointChain, { chain: id }: LostPoint): RealmId | undefined {
  return chain.of(id)[0]?.realm
}
