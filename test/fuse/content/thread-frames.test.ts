import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ThreadFrames } from '../../../fuse/content/thread-frames.ts'
import { BlobIndex } from '../../../src/repository/blob-index.ts'

/** Tells of an empty index; returns what holds on to none of it. */
function tellOfIndex(frames: ThreadFrames, epoch: number): WeakRef<SharedArrayBuffer> {
  const packKeys = new SharedArrayBuffer(1 << 16)
  const handle = { epoch, index: BlobIndex.create().handle, packs: 0, repositoryIdBytes: new Uint8Array(16) }
  frames.learn({ type: 'index', handle, packKeys, dataIdKey: new SharedArrayBuffer(32) })
  return new WeakRef(packKeys)
}

test('memory of an index that was replaced is freed when a thread hears of the next', async () => {
  const frames = new ThreadFrames()
  onTestFinished(() => frames[Symbol.dispose]())
  const first = tellOfIndex(frames, 1)
  // What a WeakRef was made of in this turn of the event loop is kept until it ends.
  await setImmediate()
  const second = tellOfIndex(frames, 2)
  await setImmediate()
  expect([first.deref(), second.deref()]).toEqual([undefined, expect.any(SharedArrayBuffer)])
})
