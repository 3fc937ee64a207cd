import type { PackSum, PruneOptions } from '../care-types.ts'
import type { RealmView } from './realm-view.ts'
import { packUses, wasteful } from './repack-plan.ts'

/** How far a prune goes to free what is unused in packs that are needed in part. */
export type RepackLimits = Pick<PruneOptions, 'unusedPercentMax' | 'repackBytesMax'>

/** As much as a prune leaves in needed packs unless it is told otherwise, as restic does. */
export const UNUSED_PERCENT_MAX = 5

/** What the packs of a realm are there for; what no index names is not among them. */
export interface PackSpace {
  /** Packs that hold anything that a point needs. */
  readonly needed: PackSum
  /** Bytes of these that no point needs: frames, or their share. */
  readonly unusedBytes: number
  /** Packs that hold nothing that a point needs. */
  readonly unneeded: PackSum
  /** What a prune frees sooner or later: the unneeded packs, and what it writes packs anew for. */
  readonly freeableBytes: number
}

/** Measures what packs are needed for: `stats`, `forget` and `prune` all go by it. */
export function packSpace(
  view: Pick<RealmView, 'index' | 'present' | 'copies'>,
  limits: RepackLimits = { unusedPercentMax: UNUSED_PERCENT_MAX },
): PackSpace {
  const { index, present, copies } = view
  const unneeded = { packs: 0, bytes: 0 }
  for (const [id, bytes] of present) {
    const row = index.packs.rowOf(id)
    if (row === undefined || (copies.packBlobs[row] ?? 0) > 0) continue
    unneeded.packs++
    unneeded.bytes += bytes
  }
  const uses = packUses(view)
  const unusedOf = (some: typeof uses): number => some.reduce((sum, use) => sum + use.bytes - use.usedBytes, 0)
  return {
    needed: { packs: uses.length, bytes: uses.reduce((sum, { bytes }) => sum + bytes, 0) },
    unusedBytes: unusedOf(uses),
    unneeded,
    freeableBytes: unneeded.bytes + unusedOf(wasteful(uses, limits)),
  }
}

/** Adds up realms. */
export function addSpaces(a: PackSpace, b: PackSpace): PackSpace {
  const add = (one: PackSum, other: PackSum): PackSum => {
    return { packs: one.packs + other.packs, bytes: one.bytes + other.bytes }
  }
  return {
    needed: add(a.needed, b.needed),
    unusedBytes: a.unusedBytes + b.unusedBytes,
    unneeded: add(a.unneeded, b.unneeded),
    freeableBytes: a.freeableBytes + b.freeableBytes,
  }
}
