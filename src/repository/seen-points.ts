import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { type ChainId, hexId, idBytes, type PointId, type RealmId } from '../base/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import type { LocalCache } from './local-cache.ts'

/** Once it held the newest point of each chain alone, in the same rows. */
const NAME = 'heads'
const VERSION = 1

/** A point that this machine saw in the store, and of which no tombstone was seen. */
export interface SeenPoint {
  readonly chain: ChainId
  readonly sequence: number
  readonly point: PointId
  /** SHA-512 of its record's inner bytes. */
  readonly hash: Uint8Array
  /** Where its record was; unknown where an earlier version saw it. */
  readonly realm?: RealmId
}

export type SeenPoints = ReadonlyMap<PointId, SeenPoint>

/** Returns the points that were remembered; none when nothing readable was. */
export function readSeenPoints(cache: LocalCache): Map<PointId, SeenPoint> {
  const seen = new Map<PointId, SeenPoint>()
  const bytes = cache.read(NAME)
  if (bytes === undefined) return seen
  try {
    const value = decodeCbor(bytes)
    if (!Array.isArray(value) || value[0] !== VERSION || !Array.isArray(value[1])) return seen
    for (const item of value[1] as readonly CborValue[]) {
      const found = Array.isArray(item) ? pointOfRow(item as readonly CborValue[]) : undefined
      if (found !== undefined) seen.set(found.point, found)
    }
    return seen
  } catch (error) {
    if (error instanceof IntegrityError) return new Map()
    throw error
  }
}

/** Changes what is remembered; writes nothing where that stays as it was. */
export function updateSeenPoints(cache: LocalCache, change: (seen: Map<PointId, SeenPoint>) => void): void {
  const before = readSeenPoints(cache)
  const seen = new Map(before)
  change(seen)
  if (before.size === seen.size && [...seen.values()].every((point) => isSame(point, before.get(point.point)))) return
  // An earlier version takes the last row of a chain for its newest point.
  const rows = [...seen.values()].sort((a, b) => a.sequence - b.sequence).map(rowOf)
  cache.write(NAME, [encodeCbor([VERSION, rows])])
}

function pointOfRow([chain, sequence, point, hash, realm]: readonly CborValue[]): SeenPoint | undefined {
  if (!(chain instanceof Uint8Array && point instanceof Uint8Array && hash instanceof Uint8Array)) return undefined
  if (typeof sequence !== 'number') return undefined
  const known = { chain: hexId<ChainId>(chain), sequence, point: hexId<PointId>(point), hash }
  return realm instanceof Uint8Array ? { ...known, realm: hexId(realm) } : known
}

function rowOf({ chain, sequence, point, hash, realm }: SeenPoint): CborValue {
  return [idBytes(chain), sequence, idBytes(point), hash, ...(realm === undefined ? [] : [idBytes(realm)])]
}

function isSame(a: SeenPoint, b: SeenPoint | undefined): boolean {
  return b !== undefined && a.realm === b.realm && equalBytes(a.hash, b.hash)
}
