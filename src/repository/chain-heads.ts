import { IntegrityError } from '../base/errors.ts'
import { type ChainId, hexId, idBytes, type PointId } from '../base/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import type { LocalCache } from './local-cache.ts'

const NAME = 'heads'
const VERSION = 1

/** The newest point of a chain that this machine ever saw. */
export interface ChainHead {
  readonly sequence: number
  readonly point: PointId
  /** SHA-512 of its record's inner bytes. */
  readonly hash: Uint8Array
}

/** Returns the heads that were remembered; none when nothing readable was. */
export function readHeads(cache: LocalCache): Map<ChainId, ChainHead> {
  const heads = new Map<ChainId, ChainHead>()
  const bytes = cache.read(NAME)
  if (bytes === undefined) return heads
  try {
    const value = decodeCbor(bytes)
    if (!Array.isArray(value) || value[0] !== VERSION || !Array.isArray(value[1])) return heads
    for (const item of value[1] as readonly CborValue[]) {
      const [chain, sequence, point, hash] = Array.isArray(item) ? (item as readonly CborValue[]) : []
      if (!(chain instanceof Uint8Array && point instanceof Uint8Array && hash instanceof Uint8Array)) continue
      if (typeof sequence === 'number') heads.set(hexId(chain), { sequence, point: hexId(point), hash })
    }
    return heads
  } catch (error) {
    if (error instanceof IntegrityError) return new Map()
    throw error
  }
}

export function writeHeads(cache: LocalCache, heads: ReadonlyMap<ChainId, ChainHead>): void {
  const rows = Array.from(heads, ([chain, { sequence, point, hash }]) => {
    return [idBytes(chain), sequence, idBytes(point), hash]
  })
  cache.write(NAME, [encodeCbor([VERSION, rows])])
}
