import { Worker } from 'node:worker_threads'
import { assert, present } from '../../src/base/assert.ts'
import type { FromReader, MountMemory, ReaderSetup, ToReader } from './reader-protocol.ts'
import { Standby } from './standby.ts'

/** New objects of a request die young; nothing else is on a reader's heap. */
const YOUNG_GENERATION_MB = 2
const OLD_GENERATION_MB = 64

function readerScript(): URL {
  // Run from source, the script lies here; in the bundle, beside it.
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './reader-main.ts' : './fuse-reader.js', import.meta.url)
}

/** More of them wait for each other: measured on two cores and on four. */
const THREADS = 2

export interface ReaderJob {
  readonly setup: Omit<ReaderSetup, 'thread'>
  readonly onMessage: (message: Exclude<FromReader, { type: 'ended' }>) => void
}

/** Threads that read the device until the file system is no longer mounted. They are started before there is one. */
export class ReaderThreads implements AsyncDisposable {
  /** Resolves when all have ended; rejects when one died of a bug. */
  readonly ended: Promise<void>
  readonly #workers: readonly Worker[]
  #memory: Pick<MountMemory, 'news' | 'standby'> | undefined
  #onMessage: ReaderJob['onMessage'] = () => undefined

  constructor() {
    this.#workers = Array.from({ length: THREADS }, startReader)
    const ended = this.#workers.map(async (worker) => {
      await new Promise<void>((resolve, reject) => {
        worker.on('message', (message: FromReader) => (message.type === 'ended' ? resolve() : this.#onMessage(message)))
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      })
    })
    this.ended = Promise.all(ended).then(() => undefined)
    // Whoever mounts hears of it; nobody may be waiting yet.
    this.ended.catch(() => undefined)
  }

  get count(): number {
    return this.#workers.length
  }

  /** Has the threads read a device, once. */
  begin({ setup, onMessage }: ReaderJob): void {
    assert(this.#memory === undefined, 'threads read one device')
    this.#memory = setup.memory
    this.#onMessage = onMessage
    this.#workers.forEach((worker, thread) => worker.postMessage({ ...setup, thread } satisfies ReaderSetup))
  }

  /** Tells all threads, which have begun; each knows at the beginning of its next turn. */
  tell(told: ToReader): void {
    for (const worker of this.#workers) worker.postMessage(told)
    const { news, standby } = present(this.#memory, 'what the threads read')
    Atomics.add(new Int32Array(news), 0, 1)
    new Standby(standby).wake()
  }

  /** Ends the threads, which have left the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function startReader(): Worker {
  return new Worker(readerScript(), {
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, maxOldGenerationSizeMb: OLD_GENERATION_MB },
  })
}
