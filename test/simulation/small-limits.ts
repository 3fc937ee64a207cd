import type * as limits from '../../src/base/limits.ts'

/** Frames, packs and slabs of a few kilobytes: a simulated run fills several packs, and costs next to nothing. */
export function smallLimits(original: typeof limits): typeof limits {
  return {
    ...original,
    FRAME_BYTES_TARGET: 4096,
    BLOB_BYTES_MAX: 65_536,
    SINGLE_BLOB_BYTES_MAX: 8192,
    PACK_BYTES_TARGET: 16_384,
    PACK_BLOBS_MAX: 64 as typeof limits.PACK_BLOBS_MAX,
    INDEX_HEADROOM: { blobs: 1024, frames: 64 },
    FRAMES_PER_SEGMENT: 1024 as typeof limits.FRAMES_PER_SEGMENT,
    STREAM_BYTES_AHEAD: 65_536,
  }
}

/** How content is cut under these limits. */
export const smallChunks = { minBytes: 4096, avgBytes: 8192, maxBytes: 16_384, normalisation: 1 }
