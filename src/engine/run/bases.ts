import { randomUUID } from 'node:crypto'
import { toHex, utf8 } from '../../base/bytes.ts'
import type { ByteString } from '../../base/byte-string.ts'
import type { ChainId, ObjectId, PointId } from '../../base/ids.ts'
import { blake3 } from '../../crypto/blake3.ts'
import type { LocalCache } from '../../repository/local-cache.ts'
import type { Trouble } from '../backup-types.ts'
import { EntryTable } from '../scan/entry-table.ts'
import type { SkipMap } from '../scan/scan-options.ts'
import type { Source } from '../source.ts'

/** Which of at most four points a base stands for. */
export type BaseRole = 'root' | 'last-parent' | 'current-parent' | 'current-state'

/** What one scanned part looked like. */
export interface PartBase {
  readonly part: string
  /** Name of its table in the local cache. */
  readonly table: string
  /** Rules that it was scanned under: only under the same may its listings be taken over. */
  readonly rules: string
  readonly skips: readonly (readonly [ByteString, readonly Trouble[]])[]
}

/** What was listed in the store when a base was made: while nothing of it is gone, what the base refers to is there. */
export interface StoreLists {
  readonly index: readonly ObjectId[]
  readonly marks: readonly ObjectId[]
  readonly dead: readonly ObjectId[]
  readonly lost: readonly ObjectId[]
  readonly packs: readonly SizedPack[]
}

/** A pack and its size in bytes: one of another size than before has been cut off, or is another one. */
export type SizedPack = readonly [id: ObjectId, bytes: number]

/** A point whose catalogue is kept here, so that the next incremental needs no download. */
export interface Base {
  readonly role: BaseRole
  readonly point: PointId
  /** Hexadecimal SHA-512 of the point record's inner bytes. */
  readonly hash: string
  readonly parts: readonly PartBase[]
  /** Hexadecimal digest of the detail's bytes, and its blob's id: equal details are not stored again. */
  readonly detail: readonly [string, string]
  readonly lists: StoreLists
}

/** All bases of one source in one repository. */
export interface Bases {
  readonly chain: ChainId
  readonly bases: readonly Base[]
}

const VERSION = 3

/** Tables are of runs that go on until they are older. */
const UNNAMED_TABLE_AGE_MS = 86_400_000

/** Names a source in the local cache: the same sources, in whatever order, have the same name. */
export function sourceKey(source: Source): string {
  const identity = [source.kind, ...[...source.identity].sort()]
  return toHex(blake3(utf8(JSON.stringify(identity)))).slice(0, 32)
}

export function readBases(cache: LocalCache | undefined, key: string): Bases | undefined {
  const bytes = cache?.read(`bases-${key}`)
  if (bytes === undefined) return undefined
  try {
    // The cache is sealed: what opens was written here. Another program's shape is as good as none.
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as (Bases & { version: number }) | null
    return stored?.version === VERSION ? stored : undefined
  } catch {
    return undefined
  }
}

export function readTable(cache: LocalCache | undefined, part: PartBase): EntryTable | undefined {
  const bytes = cache?.read(part.table)
  return bytes === undefined ? undefined : EntryTable.decode(bytes)
}

export function skipsOf(part: PartBase): SkipMap {
  return new Map(part.skips)
}

/** Keeps a table of source `key` under a name of its own, which is returned. */
export function writeTable(cache: LocalCache, key: string, table: EntryTable): string {
  const name = `${tablesOf(key)}${randomUUID()}`
  cache.write(name, table.encode())
  return name
}

function tablesOf(key: string): string {
  return `table-${key}-`
}

/**
 * Keeps the bases after a point was made: it is the current state, its parent the current parent, the parent's parent
 * the last parent, and the last full point the root. Tables that no base names any more are removed.
 */
export function writeBases(cache: LocalCache, key: string, before: Bases | undefined, made: MadePoint): void {
  const { chain, isFull, base, nowMs } = made
  const old = before?.chain === chain ? before.bases : []
  const of = (role: BaseRole): Base | undefined => old.find((other) => other.role === role)
  const as = (role: BaseRole, other: Base | undefined): Base[] => (other === undefined ? [] : [{ ...other, role }])
  const state: Base = { ...base, role: 'current-state' }
  const bases = [
    state,
    ...as('current-parent', of('current-state')),
    ...as('last-parent', of('current-parent')),
    ...as('root', isFull ? state : of('root')),
  ]
  const kept: Bases & { version: number } = { version: VERSION, chain, bases }
  cache.write(`bases-${key}`, [utf8(JSON.stringify(kept))])
  const named = new Set(namesOf(bases))
  // Two runs at once, or one that was killed, leave tables that no base ever named.
  const left = cache.list(tablesOf(key)).filter(({ usedMs }) => nowMs - usedMs > UNNAMED_TABLE_AGE_MS)
  for (const name of [...namesOf(before?.bases ?? []), ...left.map((table) => table.name)]) {
    if (!named.has(name)) cache.remove(name)
  }
}

function namesOf(bases: readonly Base[]): string[] {
  return bases.flatMap(({ parts }) => parts.map(({ table }) => table))
}

export interface MadePoint {
  readonly chain: ChainId
  readonly isFull: boolean
  readonly base: Omit<Base, 'role'>
  readonly nowMs: number
}
