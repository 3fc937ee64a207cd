import { parentPort, workerData } from 'node:worker_threads'
import { PackSlabs, type PackSlabsHandle } from '../../src/repository/pack-slabs.ts'

/** Reserves frames until it has as many as it wants, or is told that there are no more; marks each with its number. */
export interface SlabTask {
  readonly handle: PackSlabsHandle
  readonly frames: number
  readonly bytes: number
  readonly mark: number
}

const { handle, frames, bytes, mark } = workerData as SlabTask
const slabs = new PackSlabs(handle, (full) => parentPort?.postMessage({ full }))
const places: [slab: number, row: number, number: number, offset: number][] = []
let failed = false
for (let i = 0; i < frames; i++) {
  const place = slabs.reserve(bytes, 1)
  if (place === undefined) {
    failed = true
    break
  }
  place.bytes.fill(mark)
  places.push([place.slab, place.packRow, place.number, place.offset])
  slabs.complete(place.slab)
}
parentPort?.postMessage({ places, failed })
