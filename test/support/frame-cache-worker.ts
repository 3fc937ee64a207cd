import { parentPort, workerData } from 'node:worker_threads'
import { FrameCache, type FrameCacheHandle } from '../../fuse/content/frame-cache.ts'
import { seededRandomness } from './seeded-randomness.ts'

// Puts and reads pieces that hold nothing but their number, as many threads do at once; tells how many did not.

const { handle, seed, steps } = workerData as { handle: FrameCacheHandle; seed: number; steps: number }
const random = seededRandomness(`frame cache worker ${seed}`)
const cache = new FrameCache(handle)
let wrong = 0
for (let step = 0; step < steps; step++) {
  const [a = 0, b = 0] = random.bytes(2)
  const key = { kind: 'frame', epoch: 1, number: a } as const
  const found = cache.find(key)
  if (found === 'ready') {
    const { slot } = cache
    if (!cache.piece(slot).every((byte) => byte === a)) wrong++
    cache.unpin(slot)
  } else if (found === 'filling') cache.wait(cache.slot, 10)
  else if (found === 'absent') {
    const room = cache.reserve(key, 1000 + b * 20)
    if (room === undefined) continue
    const { slot } = cache
    room.fill(a)
    cache.publish(slot, true)
    cache.unpin(slot)
  }
}
parentPort?.postMessage(wrong)
