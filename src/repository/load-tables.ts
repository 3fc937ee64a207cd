import { ahead } from '../base/ahead.ts'
import { IntegrityError, KeyError, TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { INDEX_BYTES_MAX } from '../base/limits.ts'
import { objectIdOf } from '../crypto/blake3.ts'
import type { ObjectInfo } from '../storage/driver.ts'
import { type Listed, listInTurn } from '../storage/list-in-turn.ts'
import { BlobIndex } from './blob-index.ts'
import { blobsAtMost, IndexTables } from './index-tables.ts'
import { KeptObjects } from './kept-objects.ts'
import { MergedFile } from './merged-file.ts'
import type { OpenedRecord } from './record-store.ts'
import type { IndexKind, IndexLoadOptions } from './repository-index.ts'
import { reuseMerged } from './reuse-merged.ts'

/** How often a listing may be overtaken by maintenance before loading gives up. */
const ATTEMPTS_MAX = 5
/** What memory is reserved for at once, whatever sizes a store claims; beyond, the index grows. */
const BLOBS_RESERVED_MAX = 100_000_000
/** Of index files that are fetched before it is their turn. */
const AHEAD_BYTES_MAX = 32 << 20

/** Tells whether loading may go on without the record that `error` is about: damage, and no word of a later version. */
export function isSurvivable(error: unknown): error is IntegrityError {
  return error instanceof IntegrityError && !error.code.startsWith('UNSUPPORTED_')
}

export interface LoadedTables {
  readonly tables: IndexTables
  /** Whether the local merged file says exactly the same. */
  readonly isKept: boolean
  /** What was listed when the files were. */
  readonly listed: Listed<IndexKind>
}

/** Returns all index files in the store, merged. */
export async function loadTables(options: IndexLoadOptions): Promise<LoadedTables> {
  for (let attempt = 1; ; attempt++) {
    const all = attempt === 1 && options.listed !== undefined ? options.listed : await listForIndex(options)
    const listed = sizesOf(all.index, options.stored)
    const isFresh = options.cache === undefined || options.forCheck === true
    const kept = isFresh ? undefined : MergedFile.read(options.cache)
    const gone = options.withGone === true ? kept?.head.indexIds : undefined
    const reused = kept === undefined ? undefined : reuse(kept, { listed, gone })
    const tables = reused ?? new IndexTables({ blobs: BlobIndex.create(roomFor(listed.values())) })
    const known = new Set(tables.indexIds)
    const missing = [...listed].filter(([id]) => !known.has(id)).sort(([a], [b]) => (a < b ? -1 : 1))
    try {
      const added = await addFiles(tables, missing, options)
      const isWhole = kept?.head.indexIds.every((id) => listed.has(id)) ?? false
      return { tables, isKept: reused !== undefined && isWhole && added === 0, listed: all }
    } catch (error) {
      // Maintenance puts merged files first and deletes the old ones then: a fresh listing has what this one lacks.
      const wasOvertaken = error instanceof TidemarkError && error.code === 'NOT_FOUND'
      if (!wasOvertaken || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

function reuse(
  kept: MergedFile,
  { listed, gone = [] }: { listed: ReadonlyMap<ObjectId, number>; gone: readonly ObjectId[] | undefined },
): IndexTables | undefined {
  const known = new Set(kept.head.indexIds)
  const sizes = [...listed].filter(([id]) => !known.has(id)).map(([, bytes]) => bytes)
  return reuseMerged(kept, { listed: new Set([...listed.keys(), ...gone]), newBlobs: roomFor(sizes) })
}

function roomFor(sizes: Iterable<number>): number {
  let bytes = 0
  for (const size of sizes) bytes += Math.min(size, INDEX_BYTES_MAX)
  return Math.min(blobsAtMost(bytes), BLOBS_RESERVED_MAX)
}

/** Index files first: a pack that is marked in between is then seen to be. */
async function listForIndex({ driver, forWriting, forCheck, signal }: IndexLoadOptions): Promise<Listed<IndexKind>> {
  const doubts = forCheck === true ? (['lost'] as const) : (['dead', 'lost', 'marks'] as const)
  const others = forWriting === true ? ([...doubts, 'packs'] as const) : doubts
  const none = { dead: [], lost: [], marks: [], packs: [] }
  return { ...none, ...(await listInTurn<IndexKind>(driver, [['index'], others], signal)) }
}

/** Sizes of index files; 0 where a file is known to be there that the listing, which may be late, does not show. */
function sizesOf(infos: readonly ObjectInfo[], stored: readonly ObjectId[] = []): Map<ObjectId, number> {
  const sizes = new Map<ObjectId, number>(stored.map((id) => [id, 0]))
  for (const { name, bytes } of infos) sizes.set(name.id, bytes)
  return sizes
}

/** Tells whether a record belongs to a realm that the key set does not hold: nothing in it is for us. */
export function isOfForeignRealm(error: unknown): boolean {
  return error instanceof KeyError && error.code === 'WRONG_KEY' && error.context['generation'] === undefined
}

/** The index files that this machine wrote and has not merged yet; a check believes none of them. */
export function keptIndexes({ cache, driver, forCheck }: IndexLoadOptions): KeptObjects | undefined {
  return cache === undefined || forCheck === true ? undefined : new KeptObjects(cache, { driver, kind: 'index' })
}

/** Downloads index files, a few ahead, and adds them one after the other; returns how many. 0 bytes: no size was listed. */
async function addFiles(
  tables: IndexTables,
  files: readonly (readonly [id: ObjectId, bytes: number])[],
  options: IndexLoadOptions,
): Promise<number> {
  const { driver, records, realm, onProblem, signal } = options
  const limits = { atOnce: driver.capabilities.concurrency, weightMax: AHEAD_BYTES_MAX }
  const written = keptIndexes(options)
  const load = async ([id, bytes]: readonly [ObjectId, number]): Promise<OpenedRecord<'index'>> => {
    const kept = written?.read(id)
    if (kept !== undefined && objectIdOf(kept) === id) return records.open('index', id, kept)
    return records.get('index', id, bytes === 0 ? undefined : bytes)
  }
  const fetched = ahead(files, load, {
    ...limits,
    weigh: ([, bytes]) => bytes,
  })
  let added = 0
  for await (const { item, result } of fetched) {
    const [id] = item
    signal?.throwIfAborted()
    try {
      const opened = await result
      if (opened.realm === realm.realm) tables.add(id, opened.record)
      else tables.indexIds.push(id)
      added++
    } catch (error) {
      if (isOfForeignRealm(error)) {
        tables.indexIds.push(id)
        added++
        continue
      }
      if (!isSurvivable(error) || onProblem === undefined) throw error
      onProblem(error)
    }
  }
  return added
}
