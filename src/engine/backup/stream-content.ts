import { BLOB_BYTES_MAX, STREAM_BYTES_AHEAD } from '../../base/limits.ts'
import type { Content } from '../../format/tree.ts'
import { Chunker } from '../chunker/chunker.ts'
import type { RunStore } from '../run/run-store.ts'
import { contentOf } from '../trees/content-lists.ts'
import type { BytesJob, ChunksResult } from './backup-jobs.ts'
import type { PassProgress } from './pass-progress.ts'

const WINDOW_BYTES = BLOB_BYTES_MAX + STREAM_BYTES_AHEAD
/** Jobs on their way before more of the stream is read. */
const JOBS_MAX = 6

export interface StreamContent {
  readonly content: Content
  readonly size: number
}

/** Cuts a stream into chunks and stores them; returns what a file entry says of it. */
export async function storeStream(
  store: RunStore,
  bytes: AsyncIterable<Uint8Array>,
  progress: PassProgress,
): Promise<StreamContent> {
  const chunker = new Chunker(store.chunkerSeed, store.chunker, WINDOW_BYTES)
  const results: Promise<ChunksResult>[] = []
  const running = new Set<Promise<unknown>>()
  let failure: { readonly error: unknown } | undefined
  let have = 0
  let size = 0
  const cut = (isOver: boolean): void => {
    const lengths: number[] = []
    let start = 0
    while (start < have && (isOver || have - start >= chunker.maxBytes)) {
      const length = chunker.next(start, have - start)
      lengths.push(length)
      start += length
    }
    if (lengths.length === 0) return
    const job: BytesJob = { type: 'bytes', bytes: chunker.window.slice(0, start), lengths, frames: 'alone' }
    chunker.window.copyWithin(0, start, have)
    have -= start
    const result = store.run(job) as Promise<ChunksResult>
    results.push(result)
    const settled: Promise<unknown> = result
      .catch((error: unknown) => (failure ??= { error }))
      .finally(() => running.delete(settled))
    running.add(settled)
  }
  try {
    for await (const piece of bytes) {
      for (let taken = 0; taken < piece.byteLength;) {
        const length = Math.min(piece.byteLength - taken, chunker.window.byteLength - have)
        chunker.window.set(piece.subarray(taken, taken + length), have)
        taken += length
        have += length
        if (have === chunker.window.byteLength) cut(false)
        while (running.size >= JOBS_MAX) await Promise.race(running)
      }
      // A stream may have no end: what cannot be stored is not read.
      if (failure !== undefined) throw failure.error
      size += piece.byteLength
      progress.bytesFound += piece.byteLength
      progress.bytesDone += piece.byteLength
      progress.bytesRead += piece.byteLength
      progress.tell('' as never)
    }
    cut(true)
  } finally {
    // Whoever ends the run must find nobody at work.
    await Promise.allSettled(running)
  }
  const ids = Buffer.concat((await Promise.all(results)).map((chunks) => chunks.ids))
  return { content: await contentOf(new Uint8Array(ids), (list) => store.putBlob('list', list)), size }
}
