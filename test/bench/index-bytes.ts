import { BlobIndex } from '../../src/repository/blob-index.ts'

// Prints, as JSON, what an index of a million blobs costs: run as a process of its own, whose memory tells.

/** What it prints. */
export interface IndexBytes {
  readonly blobs: number
  /** What the index says of itself, a blob. */
  readonly counted: number
  /** By how much the process grew, a blob. */
  readonly resident: number
}

const BLOBS = 1_000_000
/** Files of 13 kB in frames of 512 KiB: the small corpus. */
const BLOBS_PER_FRAME = 40

/** Fills `id` with the next numbers of a xorshift generator: no allocation that would be taken for the index. */
function nextId(id: Uint32Array): void {
  let state = id[0] ?? 1
  for (let word = 0; word < id.length; word++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    id[word] = state
  }
  id[0] = state
}

function fill(index: BlobIndex, blobs: number): void {
  const words = new Uint32Array(8).fill(1)
  const id = new Uint8Array(words.buffer)
  let frame = 0
  for (let blob = 0; blob < blobs; blob++) {
    if (blob % 1000 === 0) index.ensure({ blobs: 2000, frames: 200 })
    if (blob % BLOBS_PER_FRAME === 0) {
      frame = index.takeFrames()
      index.frames.set(frame, { pack: 0, offset: blob, storedBytes: 400_000, rawBytes: 524_288 })
    }
    nextId(words)
    const entry = index.claim(id)
    if (entry < 0) throw new Error(`blob ${blob} has an id that is taken`)
    index.locate(entry, { frame, offset: 0, length: 13_000 })
  }
}

// Once before, so that neither compiled code nor the heap's own growth is counted.
fill(BlobIndex.create(), BLOBS / 50)
globalThis.gc?.()
const before = process.memoryUsage.rss()
const index = BlobIndex.create()
fill(index, BLOBS)
globalThis.gc?.()
const resident = (process.memoryUsage.rss() - before) / BLOBS
process.stdout.write(JSON.stringify({ blobs: BLOBS, counted: index.bytes / BLOBS, resident } satisfies IndexBytes))
