import { Worker } from 'node:worker_threads'
import type { FromReader, ReaderSetup, ToReader } from './reader-protocol.ts'

/** New objects of a request die young; nothing else is on a reader's heap. */
const YOUNG_GENERATION_MB = 2
const OLD_GENERATION_MB = 64

function readerScript(): URL {
  // Run from source, the script lies here; in the bundle, beside it.
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './reader-main.ts' : './fuse-reader.js', import.meta.url)
}

export interface ReaderThreadsOptions {
  readonly count: number
  readonly setup: Omit<ReaderSetup, 'thread'>
  readonly onMessage: (message: Exclude<FromReader, { type: 'ended' }>) => void
}

/** Threads that read the device until the file system is no longer mounted. */
export class ReaderThreads {
  /** Resolves when all have ended; rejects when one died of a bug. */
  readonly ended: Promise<void>
  readonly #workers: readonly Worker[]
  readonly #news: Int32Array

  constructor({ count, setup, onMessage }: ReaderThreadsOptions) {
    this.#news = new Int32Array(setup.memory.news)
    this.#workers = Array.from({ length: count }, (_, thread) => startReader({ ...setup, thread }))
    const ended = this.#workers.map(async (worker) => {
      await new Promise<void>((resolve, reject) => {
        worker.on('message', (message: FromReader) => (message.type === 'ended' ? resolve() : onMessage(message)))
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      })
    })
    this.ended = Promise.all(ended).then(() => undefined)
    // Whoever mounts hears of it; nobody may be waiting yet.
    this.ended.catch(() => undefined)
  }

  /** Tells all threads; each knows at the beginning of its next turn. */
  tell(news: ToReader): void {
    for (const worker of this.#workers) worker.postMessage(news)
    Atomics.add(this.#news, 0, 1)
  }

  /** Ends the threads, which have left the device. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function startReader(setup: ReaderSetup): Worker {
  return new Worker(readerScript(), {
    workerData: setup,
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, maxOldGenerationSizeMb: OLD_GENERATION_MB },
  })
}
