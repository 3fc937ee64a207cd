import { IntegrityError } from '../base/errors.ts'
import { hexId, idBytes, type ObjectId } from '../base/ids.ts'
import { decodeCbor, encodeCbor } from '../format/cbor.ts'
import type { LocalCache } from './local-cache.ts'
import { ROLLBACK_HINT } from './lost-points.ts'
import type { KnownRecord } from './known-records.ts'

const NAME = 'removals'
const VERSION = 1
/** An older copy lacks the newest ones: more need not be remembered. */
const REMEMBERED_MAX = 64

/**
 * Returns the tombstones that this machine saw and the store does not list any more, and remembers the newest of those that it
 * lists. Nothing ever removes a tombstone. What is missing stays remembered until it is back, whatever is forgotten meanwhile.
 *
 * @param listed all tombstones in the store, of whatever realm.
 * @param believed those that the owner signed.
 */
export function missingTombstones(
  cache: LocalCache,
  listed: ReadonlySet<ObjectId>,
  believed: readonly KnownRecord<'tombstones'>[],
): ObjectId[] {
  const before = read(cache)
  const missing = before.filter((object) => !listed.has(object))
  const newest = believed.toSorted(
    ({ record: a }, { record: b }) => b.made.seconds - a.made.seconds || b.made.nanoseconds - a.made.nanoseconds,
  )
  const now = [...missing, ...newest.map(({ object }) => object)].slice(0, REMEMBERED_MAX)
  const isSame = now.length === before.length && now.every((object) => before.includes(object))
  if (!isSame) cache.write(NAME, [encodeCbor([VERSION, now.map(idBytes)])])
  return missing
}

/** The error of a store that shows points again which were forgotten. */
export function removalsGone(missing: number): IntegrityError {
  const message = `what the owner forgot is not forgotten any more: ${missing} of the tombstones seen here before are gone`
  return new IntegrityError('ROLLED_BACK', message, { context: { tombstones: missing }, hint: ROLLBACK_HINT })
}

function read(cache: LocalCache): ObjectId[] {
  const bytes = cache.read(NAME)
  if (bytes === undefined) return []
  try {
    const value = decodeCbor(bytes)
    if (!Array.isArray(value) || value[0] !== VERSION || !Array.isArray(value[1])) return []
    return value[1].filter((id) => id instanceof Uint8Array).map((id) => hexId(id))
  } catch (error) {
    if (error instanceof IntegrityError) return []
    throw error
  }
}
