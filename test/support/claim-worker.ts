import { parentPort, workerData } from 'node:worker_threads'
import { BlobIndex, type BlobIndexGrowth, type BlobIndexHandle } from '../../src/repository/blob-index.ts'

/** What a test tells a thread that claims blobs. */
export interface ClaimTask {
  readonly handle: BlobIndexHandle
  /** 32 bytes each, in shared memory. */
  readonly ids: SharedArrayBuffer
  /** Written to offset and length of what it claims, so that the test sees who won. */
  readonly worker: number
  /** Word 0 counts the threads that are ready. */
  readonly gate: SharedArrayBuffer
  readonly workers: number
}

const task = workerData as ClaimTask
const port = parentPort!
const index = BlobIndex.attach(task.handle)
const ids = new Uint8Array(task.ids)
const gate = new Int32Array(task.gate)
Atomics.add(gate, 0, 1)
Atomics.notify(gate, 0)
for (let ready = Atomics.load(gate, 0); ready < task.workers; ready = Atomics.load(gate, 0)) {
  Atomics.wait(gate, 0, ready, 10)
}
const won: number[] = []
const frame = index.takeFrames()
index.frames.set(frame, { pack: task.worker, offset: 0, storedBytes: 1, rawBytes: 1 })
for (let at = 0; at < ids.byteLength; at += 32) {
  const entry = index.claim(ids, at)
  if (entry < 0) continue
  won.push(at / 32)
  index.locate(entry, { frame, offset: at / 32, length: task.worker + 1 })
}
port.postMessage(won)
port.on('message', (growth: BlobIndexGrowth) => index.grow(growth))
port.close()
