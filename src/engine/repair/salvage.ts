import type { ObjectId } from '../../base/ids.ts'
import type { BlobType } from '../../format/pack.ts'
import { type FrameOutcome, FrameReader } from '../../repository/frame-reader.ts'
import type { BlobLocation } from '../../repository/blob-index.ts'
import type { RealmDiagnosis } from '../check/examine.ts'
import type { BlobStore } from './blob-store.ts'

/** Frames that are decoded at once: at most 4 MiB each, mostly one. */
const FRAMES_AT_ONCE = 16

export interface SalvageOptions {
  readonly diagnosis: RealmDiagnosis
  readonly rottenPacks: ReadonlySet<ObjectId>
  readonly store: BlobStore
  readonly signal: AbortSignal
}

/**
 * Stores once more what points need and a rotten pack, or one that was called lost, still gives.
 *
 * Every blob is verified; those that are not what the index says stay lost.
 */
export async function salvage({ diagnosis, rottenPacks, store, signal }: SalvageOptions): Promise<void> {
  const { repository, index, needed } = diagnosis
  const rotten = new Set([...rottenPacks].map((id) => index.packs.rowOf(id)))
  const { frames } = index.blobs
  const wanted = new Map<number, { readonly entry: number; readonly location: BlobLocation }[]>()
  for (let entry = 0; entry < needed.size; entry++) {
    const location = needed.has(entry) ? index.blobs.location(entry) : undefined
    if (location === undefined) continue
    const { frame } = location
    if (!frames.isDoubtful(frame) && !rotten.has(frames.get(frame).pack)) continue
    const blobs = wanted.get(frame)
    if (blobs === undefined) wanted.set(frame, [{ entry, location }])
    else blobs.push({ entry, location })
  }
  const reader = new FrameReader({ driver: repository.driver, repository: repository.id, index })
  const order = [...wanted.keys()].sort((a, b) => a - b)
  for (let next = 0; next < order.length; next += FRAMES_AT_ONCE) {
    const payloads = new Map<number, Uint8Array>()
    const onFrame = (frame: number, outcome: FrameOutcome): void => {
      if (outcome instanceof Uint8Array) payloads.set(frame, outcome)
    }
    await reader.read(order.slice(next, next + FRAMES_AT_ONCE), onFrame, signal)
    for (const [frame, payload] of payloads) {
      const { kind } = index.packs.row(frames.get(frame).pack)
      const types: readonly BlobType[] = kind === 'data' ? ['data'] : ['tree', 'list', 'detail']
      for (const { entry, location } of wanted.get(frame) ?? []) {
        const bytes = payload.slice(location.offset, location.offset + location.length)
        for (const type of types) {
          const id = store.idOf(type, bytes)
          if (index.blobs.find(id) === entry) await store.put(type, id, bytes)
        }
      }
    }
  }
}
