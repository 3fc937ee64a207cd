import { hexId, idBytes, type ObjectId, type RealmId } from '../../base/ids.ts'
import { IntegrityError } from '../../base/errors.ts'
import { decodeCbor, encodeCbor } from '../../format/cbor.ts'
import type { LocalCache } from '../../repository/local-cache.ts'

const PREFIX = 'check-position-'
const VERSION = 1

/** How far checks of this machine have come in a realm. Packs are read in the order of their ids, round and round. */
export interface ReadPosition {
  /** The last pack that was read. */
  readonly last: ObjectId
  /** Where the round through all packs ends that an interruption left unfinished. */
  readonly until: ObjectId | undefined
}

/** A pack that may be read. */
export interface ReadablePack {
  readonly id: ObjectId
  /** Size of the object. */
  readonly bytes: number
}

export interface ReadPlan<Pack extends ReadablePack> {
  readonly packs: readonly Pack[]
  /** How many packs of the same round were read before it was interrupted. */
  readonly before: number
  /** Bytes of the packs that come before the first one, in the order of their ids. */
  readonly bytesBefore: number
}

/**
 * Chooses what to read of `packs`, in any order: `percent` of their bytes, from where the last check ended, so that
 * successive checks cover everything. A round through everything that was interrupted is finished first.
 */
export function planReading<Pack extends ReadablePack>(
  packs: readonly Pack[],
  percent: number,
  position: ReadPosition | undefined,
): ReadPlan<Pack> {
  const sorted = [...packs].sort((a, b) => (a.id < b.id ? -1 : 1))
  const found = position === undefined ? 0 : sorted.findIndex(({ id }) => id > position.last)
  const start = Math.max(0, found)
  const round = [...sorted.slice(start), ...sorted.slice(0, start)]
  const bytesBefore = sumOf(sorted.slice(0, start))
  if (percent >= 100) {
    const { last, until } = position ?? {}
    if (last === undefined || until === undefined || until === last) return { packs: round, before: 0, bytesBefore }
    const left = round.filter(({ id }) => isBetween(id, last, until))
    return { packs: left, before: round.length - left.length, bytesBefore }
  }
  const bytesMin = (sumOf(round) * percent) / 100
  const chosen: Pack[] = []
  let bytes = 0
  for (const pack of round) {
    // Of packs that were all cut to nothing one is read as well.
    if (chosen.length > 0 && bytes >= bytesMin) break
    chosen.push(pack)
    bytes += pack.bytes
  }
  return { packs: chosen, before: 0, bytesBefore }
}

/** Returns how many bytes packs have. */
export function sumOf(packs: readonly { readonly bytes: number }[]): number {
  return packs.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Tells whether who goes up from `after`, and on from the lowest id behind the highest, meets `id` no later than `until`. */
function isBetween(id: ObjectId, after: ObjectId, until: ObjectId): boolean {
  return after < until ? id > after && id <= until : id > after || id <= until
}

/** Returns how far earlier checks came; `undefined` when nothing is known of them. */
export function readPosition(cache: LocalCache | undefined, realm: RealmId): ReadPosition | undefined {
  const bytes = cache?.read(`${PREFIX}${realm}`)
  if (bytes === undefined) return undefined
  try {
    const value = decodeCbor(bytes)
    if (!Array.isArray(value) || value[0] !== VERSION) return undefined
    const [, last, until] = value as readonly unknown[]
    if (!(last instanceof Uint8Array)) return undefined
    return { last: hexId(last), until: until instanceof Uint8Array ? hexId(until) : undefined }
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}

export function writePosition(cache: LocalCache | undefined, realm: RealmId, { last, until }: ReadPosition): void {
  cache?.write(`${PREFIX}${realm}`, [encodeCbor([VERSION, idBytes(last), until === undefined ? null : idBytes(until)])])
}
