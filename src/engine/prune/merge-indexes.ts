import { isNotFound } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { INDEX_BLOBS_MAX } from '../../base/limits.ts'
import type { PackTable } from '../../repository/pack-table.ts'
import type { Repository } from '../../repository/repository.ts'
import { blobsAtMost } from '../../repository/index-tables.ts'
import { type IndexPart, indexParts, joinParts, uniteParts } from '../../repository/index-parts.ts'

/** Files of about one size that are merged into one. */
const FILES_PER_TIER = 8
/** How much larger the files of the next tier are. */
const TIER_FACTOR = 8
const TIER_BYTES_MIN = 64 << 10

export interface MergeOptions {
  readonly repository: Repository
  /** Packs of the index files that are there now, and which of them name each. */
  readonly packs: PackTable
  /** Index files of the realm, with their sizes. */
  readonly files: ReadonlyMap<ObjectId, number>
  /** Packs that are not in the store any more and that nothing needs. */
  readonly gone: ReadonlySet<ObjectId>
  /** Files that stay as they are. */
  readonly kept: ReadonlySet<ObjectId>
  readonly progress: (filesDone: number, filesTotal: number) => void
  readonly signal: AbortSignal
}

export interface MergedIndexes {
  readonly put: readonly ObjectId[]
  readonly removed: readonly ObjectId[]
}

/**
 * Makes index files name what is there: packs that are gone are left out, a pack stands in one file, and where there are
 * many small files they become one. New files are durable before the old ones go.
 *
 * Memory: one index file of the largest size, and what it is made of.
 */
export async function mergeIndexes(options: MergeOptions): Promise<MergedIndexes> {
  const { repository, signal, progress } = options
  const groups = groupsToMerge(options)
  const total = groups.reduce((sum, group) => sum + group.length, 0)
  const put: ObjectId[] = []
  const removed: ObjectId[] = []
  for (const group of groups) {
    signal.throwIfAborted()
    const merged = await mergeGroup(group, options)
    if (merged === undefined) continue
    put.push(...merged)
    for (const id of group) {
      await repository.driver.remove({ kind: 'index', id }, signal)
      removed.push(id)
      progress(removed.length, total)
    }
  }
  return { put, removed }
}

/** Returns the files that it put, or `undefined` when another prune was there first. */
async function mergeGroup(
  group: readonly ObjectId[],
  { repository, gone }: MergeOptions,
): Promise<ObjectId[] | undefined> {
  const { records, instance } = repository
  const parts: IndexPart[] = []
  try {
    for (const id of group) {
      const { record } = await records.get('index', id)
      parts.push(...indexParts(record).filter(({ pack }) => !gone.has(pack.id)))
    }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
  const put: ObjectId[] = []
  for (let left = uniteParts(parts); left.length > 0;) {
    const [fitting, beyond] = upToLimit(left)
    const { columns, rest } = joinParts(fitting)
    put.push((await records.put('index', columns, instance)).id)
    left = [...rest, ...beyond]
  }
  return put
}

function upToLimit(parts: readonly IndexPart[]): [IndexPart[], IndexPart[]] {
  let blobs = 0
  const end = parts.findIndex((part) => (blobs += part.blobs.length / 3) > INDEX_BLOBS_MAX)
  return end < 0 ? [[...parts], []] : [parts.slice(0, Math.max(1, end)), parts.slice(Math.max(1, end))]
}

/** Returns which files are read together and written anew: as many as fit one file. */
function groupsToMerge({ packs, files, gone, kept }: MergeOptions): ObjectId[][] {
  const mended = filesToMend({ packs, files, gone })
  const chosen = new Set<ObjectId>([...mended, ...fullTiers(files, kept)])
  const groups: ObjectId[][] = []
  let blobs = Infinity
  for (const [id, bytes] of [...files].sort(([, a], [, b]) => a - b)) {
    if (!chosen.has(id) || kept.has(id)) continue
    blobs += blobsAtMost(bytes)
    if (blobs > INDEX_BLOBS_MAX) {
      blobs = blobsAtMost(bytes)
      groups.push([])
    }
    groups.at(-1)?.push(id)
  }
  return groups.filter((group) => group.length > 1 || group.some((id) => mended.has(id)))
}

/** Files that name a pack that is gone, or one that another file names, too, as long as both fit into one. */
function filesToMend({ packs, files, gone }: Pick<MergeOptions, 'packs' | 'files' | 'gone'>): Set<ObjectId> {
  const found = new Set<ObjectId>()
  for (let row = 0; row < packs.size; row++) {
    const names = packs.namedBy(row)
    const bytes = names.reduce((sum, id) => sum + (files.get(id) ?? 0), 0)
    const isTwice = names.length > 1 && blobsAtMost(bytes) <= INDEX_BLOBS_MAX
    if (isTwice || gone.has(packs.row(row).id)) for (const id of names) found.add(id)
  }
  return found
}

function fullTiers(files: ReadonlyMap<ObjectId, number>, kept: ReadonlySet<ObjectId>): ObjectId[] {
  const tiers = new Map<number, ObjectId[]>()
  for (const [id, bytes] of files) {
    // What is half full already gains nothing from others.
    if (kept.has(id) || blobsAtMost(bytes) > INDEX_BLOBS_MAX / 2) continue
    const tier = Math.max(0, Math.ceil(Math.log(bytes / TIER_BYTES_MIN) / Math.log(TIER_FACTOR)))
    const members = tiers.get(tier)
    if (members === undefined) tiers.set(tier, [id])
    else members.push(id)
  }
  return [...tiers.values()].filter((members) => members.length >= FILES_PER_TIER).flat()
}
