import type { ObjectId } from '../../base/ids.ts'
import { FRAME_BYTES_TARGET, PACK_BYTES_TARGET } from '../../base/limits.ts'
import { U32List } from '../../base/u32-list.ts'
import type { PackKind } from '../../format/pack.ts'
import type { BlobLocation } from '../../repository/blob-index.ts'
import { CopyTable } from '../../repository/copy-table.ts'
import type { PackSum, PruneOptions } from '../care-types.ts'
import { forEachNeeded, indispensable, presence } from './needed-copies.ts'
import type { RealmView } from './realm-view.ts'

/** Packs are small below so many bytes: trees are packed into smaller ones than data. */
const SMALL_BYTES: Readonly<Record<PackKind, number>> = { data: PACK_BYTES_TARGET / 4, tree: 1 << 20 }
/** So many small packs are worth one larger one. */
const SMALL_PACKS_MAX = 16
/** Fewer frames than this are read quickly, wherever they lie. */
const SCATTERED_FRAMES_MIN = 16

/** What is to be written anew, and what that takes. */
export interface RepackPlan {
  /** Entries of the index and where they are read, in the order in which they are to lie. */
  readonly blobs: CopyTable
  /** Packs that hold one of them: their copies are to count less than the new ones. */
  readonly holders: ReadonlySet<ObjectId>
  /** Packs of which nothing is needed afterwards, and the bytes of them that are read. */
  readonly sources: PackSum
  /** The same packs as they lie in the store: what goes then. */
  readonly emptied: PackSum
}

/** How much of a pack's bytes points need: by frames, whose blobs cannot be told apart before they are decoded. */
export interface PackUse {
  readonly row: number
  readonly bytes: number
  readonly usedBytes: number
}

/** Returns how much of each pack is used that holds anything needed. */
export function packUses({ index, copies }: Pick<RealmView, 'index' | 'copies'>): PackUse[] {
  const { blobs, packs } = index
  const uses: PackUse[] = []
  for (let row = 0; row < packs.size; row++) {
    if ((copies.packBlobs[row] ?? 0) === 0) continue
    const { bytes, firstFrame = 0, frames = 0 } = packs.row(row)
    let unused = 0
    for (let frame = firstFrame; frame < firstFrame + frames; frame++) {
      const { storedBytes, rawBytes } = blobs.frames.get(frame)
      const share = rawBytes === 0 ? 0 : (copies.frameBytes[frame] ?? 0) / rawBytes
      unused += storedBytes * (1 - Math.min(1, share))
    }
    uses.push({ row, bytes, usedBytes: Math.round(bytes - unused) })
  }
  return uses
}

/**
 * Chooses what is worth being written anew: packs of which too much is unused, packs that are many and small, and what
 * the newest points need from frames all over the place.
 */
export function planRepack(view: RealmView, options: PruneOptions): RepackPlan {
  const { index } = view
  const uses = packUses(view)
  const sources = new Set([...wasteful(uses, options), ...small(view, uses, options)].map(({ row }) => row))
  let budget = (options.repackBytesMax ?? Infinity) - sum(uses.filter(({ row }) => sources.has(row)))
  const ordered = new U32List()
  for (const entries of view.newest.flatMap((all) => byKind(view, all))) {
    const scattered = scatteredBlobs(view, entries)
    let bytes = 0
    for (const entry of scattered) bytes += index.blobs.location(entry)?.length ?? 0
    if (bytes > budget) continue
    budget -= bytes
    for (const entry of scattered) ordered.push(entry)
  }
  return gather(view, { sources, ordered: ordered.numbers, uses })
}

/** Of the packs that are used in part, the worst ones, until the rest wastes no more than it may. */
export function wasteful(
  uses: readonly PackUse[],
  { unusedPercentMax, repackBytesMax = Infinity }: Pick<PruneOptions, 'unusedPercentMax' | 'repackBytesMax'>,
): PackUse[] {
  const used = sum(uses)
  let unused = uses.reduce((total, use) => total + use.bytes - use.usedBytes, 0)
  let left = repackBytesMax
  const chosen: PackUse[] = []
  for (const use of uses.toSorted((a, b) => a.usedBytes / a.bytes - b.usedBytes / b.bytes)) {
    if (unused * 100 <= (used + unused) * unusedPercentMax || use.usedBytes > left || use.usedBytes === use.bytes) break
    chosen.push(use)
    left -= use.usedBytes
    unused -= use.bytes - use.usedBytes
  }
  return chosen
}

function small({ index }: RealmView, uses: readonly PackUse[], { repackBytesMax = Infinity }: PruneOptions): PackUse[] {
  return (['data', 'tree'] as const).flatMap((kind) => {
    const packs = uses.filter(({ row, bytes }) => index.packs.row(row).kind === kind && bytes < SMALL_BYTES[kind])
    return packs.length >= SMALL_PACKS_MAX && sum(packs) <= repackBytesMax ? packs : []
  })
}

/** Returns trees and small files apart: who lists a point reads the former alone. What has a frame of its own is neither. */
function byKind({ index }: RealmView, entries: Uint32Array): [Uint32Array, Uint32Array] {
  const [trees, files] = [new U32List(), new U32List()]
  for (const entry of entries) {
    const location = index.blobs.location(entry)
    if (location === undefined) continue
    const { pack, rawBytes } = index.blobs.frames.get(location.frame)
    if (index.packs.row(pack).kind === 'tree') trees.push(entry)
    else if (location.length < rawBytes) files.push(entry)
  }
  return [trees.numbers, files.numbers]
}

/**
 * Returns those of a point's blobs, in its order, that lie in frames of which it needs less than half, if reading all of
 * its blobs would take more than twice as many frames as it has to.
 */
function scatteredBlobs({ index }: RealmView, entries: Uint32Array): Uint32Array {
  const { blobs } = index
  const usedOf = new Map<number, number>()
  let bytes = 0
  for (const entry of entries) {
    const location = blobs.location(entry)
    if (location === undefined) continue
    bytes += location.length
    usedOf.set(location.frame, (usedOf.get(location.frame) ?? 0) + location.length)
  }
  const ideal = Math.max(1, Math.ceil(bytes / FRAME_BYTES_TARGET))
  if (usedOf.size < SCATTERED_FRAMES_MIN || usedOf.size <= 2 * ideal) return new Uint32Array()
  return entries.filter((entry) => {
    const frame = blobs.location(entry)?.frame ?? 0
    return (usedOf.get(frame) ?? 0) < blobs.frames.get(frame).rawBytes / 2
  })
}

interface Choice {
  readonly sources: ReadonlySet<number>
  /** Entries that come first, in this order. */
  readonly ordered: Uint32Array
  readonly uses: readonly PackUse[]
}

/** Adds what has to stay of the chosen packs, in the order in which it lies there. */
function gather(view: RealmView, { sources, ordered, uses }: Choice): RepackPlan {
  const { index, present, needed } = view
  const { frames } = index.blobs
  const isThere = presence(index, present)
  const isSource = ({ frame }: BlobLocation): boolean => sources.has(frames.get(frame).pack)
  /** By entry, from 1 on: its place among those that come first. */
  const places = new Uint32Array(needed.size)
  for (const [i, entry] of ordered.entries()) places[entry] = i + 1
  const first = CopyTable.ofSize(ordered.length)
  const found = new CopyTable()
  const holders = new Set<ObjectId>()
  if (sources.size > 0 || ordered.length > 0) {
    forEachNeeded(index, needed, (entry, locations) => {
      const kept = indispensable(index, isThere, locations)
      const place = places[entry] ?? 0
      const from = place > 0 ? kept[0] : kept.find(isSource)
      if (from === undefined) return
      if (place > 0) first.set(place - 1, { entry, ...from })
      else found.push({ entry, ...from })
      for (const { frame } of locations) holders.add(index.packs.row(frames.get(frame).pack).id)
    })
  }
  const blobs = new CopyTable()
  for (let row = 0; row < first.count; row++) {
    const copy = first.at(row)
    // Of which there is no copy, there is nothing to move.
    if (copy.length > 0) blobs.push(copy)
  }
  for (const row of found.rowsByPlace()) blobs.push(found.at(row))
  const chosen = uses.filter(({ row }) => sources.has(row))
  const stored = chosen.reduce((total, { bytes }) => total + bytes, 0)
  const packs = sources.size
  return { blobs, holders, sources: { packs, bytes: sum(chosen) }, emptied: { packs, bytes: stored } }
}

function sum(uses: readonly PackUse[]): number {
  return uses.reduce((total, { usedBytes }) => total + usedBytes, 0)
}
