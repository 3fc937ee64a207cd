import type { ByteRange } from '../storage/driver.ts'

/** Bytes between two frames that cost less to read than another request. */
export const RANGE_GAP_BYTES_MAX = 64 << 10
/** Bytes of one request, unless a single frame is larger. */
export const RANGE_BYTES_MAX = 8 << 20

/** One frame that is wanted from a pack. */
export interface WantedFrame {
  /** Row of the frame table. */
  readonly frame: number
  readonly offset: number
  readonly storedBytes: number
}

/** One request and the frames that it brings. */
export interface FrameRange extends ByteRange {
  readonly frames: readonly WantedFrame[]
}

/** Returns the requests that fetch `wanted` frames of one pack, neighbours together, in the order of their offsets. */
export function coalesce(wanted: readonly WantedFrame[]): FrameRange[] {
  const ranges: { offset: number; length: number; frames: WantedFrame[] }[] = []
  for (const frame of [...wanted].sort((a, b) => a.offset - b.offset)) {
    const last = ranges.at(-1)
    const end = frame.offset + frame.storedBytes
    const isNear = last !== undefined && frame.offset - (last.offset + last.length) <= RANGE_GAP_BYTES_MAX
    if (isNear && end - last.offset <= RANGE_BYTES_MAX) {
      last.length = end - last.offset
      last.frames.push(frame)
    } else {
      ranges.push({ offset: frame.offset, length: frame.storedBytes, frames: [frame] })
    }
  }
  return ranges
}
