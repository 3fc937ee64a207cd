import { constants } from 'node:os'
import { BLOB_ID_BYTES } from '../../src/base/ids.ts'
import type { BlobLocation } from '../../src/engine/point-view-decoder.ts'
import { type FileLayout, piecesOf } from '../../src/engine/point-view-layout.ts'
import type { Missing } from '../readers/missing.ts'
import type { FrameCache } from './frame-cache.ts'
import { FrameOpener, type FrameOpenerOptions } from './frame-opener.ts'
import type { ReplyParts } from './reply-parts.ts'

/** Frames that a thread looks at for one to decode while another decodes what it waits for, and blobs it looks for them in. */
const FRAMES_AHEAD_MAX = 4
const BLOBS_AHEAD_MAX = 16
const NO_FRAMES: readonly number[] = []

/** Bytes [offset, end) of a file, which lie inside it. */
export interface ReadRange {
  readonly node: number
  readonly offset: number
  readonly end: number
  /** Whether what follows will be wanted next. */
  readonly isSequential: boolean
}

/** One blob whose id starts at `idStart` of `ids`, and which bytes of it are wanted. */
interface BlobRange {
  readonly ids: Uint8Array
  readonly idStart: number
  readonly blobBytes: number
  readonly offset: number
  readonly end: number
  /** Where the id of the blob is that is wanted next, or -1. */
  readonly nextId: number
  /** Whether the request ends with it. */
  readonly isLast: boolean
}

/** Reads files by way of the frame cache. One per thread. */
export class ContentReader {
  readonly #options: FrameOpenerOptions
  readonly #cache: FrameCache
  readonly #opener: FrameOpener
  /** The frame that the last blob came from, and whether the one before came from it, too. */
  #lastFrame = -1
  /** What will be wanted once the reply is sent, in this order. */
  #ahead = NO_FRAMES

  constructor(options: FrameOpenerOptions) {
    this.#options = options
    this.#cache = options.cache
    this.#opener = new FrameOpener(options)
  }

  /** Adds bytes of a file that is one blob to `reply`. Returns why it cannot, or `undefined`. */
  readBlob(
    range: ReadRange,
    { ids, idStart, size }: { ids: Uint8Array; idStart: number; size: number },
    reply: ReplyParts,
  ): Missing | number | undefined {
    this.#ahead = NO_FRAMES
    const { offset, end } = range
    return this.#add(range, { ids, idStart, blobBytes: size, offset, end, nextId: -1, isLast: true }, reply)
  }

  /** Adds bytes of a file with a layout to `reply`. Returns why it cannot, or `undefined`. */
  readLayout(range: ReadRange, layout: FileLayout, reply: ReplyParts): Missing | number | undefined {
    this.#ahead = NO_FRAMES
    const { ids, starts } = layout
    for (const { blob, blobOffset, offset, length } of piecesOf(layout, range)) {
      if (blob < 0) {
        reply.addZeros(length)
        continue
      }
      const idStart = blob * BLOB_ID_BYTES
      const isFilesLast = idStart + BLOB_ID_BYTES >= ids.byteLength
      const failure = this.#add(
        range,
        {
          ids,
          idStart,
          blobBytes: (starts[blob + 1] ?? 0) - (starts[blob] ?? 0),
          offset: blobOffset,
          end: blobOffset + length,
          nextId: isFilesLast || !range.isSequential ? -1 : idStart + BLOB_ID_BYTES,
          isLast: offset + length === range.end,
        },
        reply,
      )
      if (failure !== undefined) return failure
    }
    return undefined
  }

  /** Decodes what will probably be wanted next, for a thread that has sent its reply; returns what to fetch for later. */
  goAhead(): Missing | undefined {
    const [frame] = this.#ahead
    if (frame === undefined) return undefined
    this.#opener.decodeAhead(frame)
    this.#ahead = NO_FRAMES
    return this.#opener.fetchAhead(frame)
  }

  #add(range: ReadRange, blob: BlobRange, reply: ReplyParts): Missing | number | undefined {
    const { decoder } = this.#options.frames
    const { ids, idStart, offset, end } = blob
    const entry = decoder.find(ids, idStart)
    const location = entry < 0 ? undefined : decoder.location(entry)
    if (location === undefined) return this.#missing(range, blob)
    // Files of one directory follow each other in frames: who has read several wants the next frame.
    const isSecond = this.#lastFrame === location.frame
    this.#lastFrame = location.frame
    const ahead = (): readonly number[] => this.#framesAfter(location, blob, isSecond)
    const slot = this.#opener.open(location.frame, ahead, reply)
    if (typeof slot === 'object') return slot
    if (slot === 'failed') return this.#addCopy(entry, range, blob, reply)
    const plain = this.#cache.piece(slot).subarray(location.offset, location.offset + location.length)
    if (!this.#isBlob(plain, slot, { entry, blob })) {
      this.#cache.unpin(slot)
      return this.#addCopy(entry, range, blob, reply)
    }
    if (blob.isLast) this.#ahead = ahead()
    reply.add(plain.subarray(offset, end), slot)
    return undefined
  }

  /** Tells whether `plain` is the blob that is wanted, whose id is computed once for as long as its frame is there. */
  #isBlob(plain: Uint8Array, slot: number, { entry, blob }: { entry: number; blob: BlobRange }): boolean {
    if (plain.byteLength !== blob.blobBytes) return false
    if (this.#cache.isChecked(slot, entry)) return true
    if (!this.#options.frames.decoder.isBlob(plain, blob.ids, blob.idStart)) return false
    this.#cache.setChecked(slot, entry)
    return true
  }

  /** Adds a blob whose frame cannot be had and that was found elsewhere. */
  #addCopy(entry: number, range: ReadRange, blob: BlobRange, reply: ReplyParts): Missing | number | undefined {
    const { epoch } = this.#options.frames.decoder
    if (this.#cache.find({ kind: 'blob', epoch, number: entry }) !== 'ready') return this.#missing(range, blob)
    const { slot } = this.#cache
    const plain = this.#cache.piece(slot)
    if (plain.byteLength !== blob.blobBytes) {
      this.#cache.unpin(slot)
      return constants.errno.EIO
    }
    reply.add(plain.subarray(blob.offset, blob.end), slot)
    return undefined
  }

  #missing({ node }: ReadRange, { ids, idStart }: BlobRange): Missing {
    const { epoch } = this.#options.frames.decoder
    return { kind: 'blob', epoch, id: new Uint8Array(ids.slice(idStart, idStart + BLOB_ID_BYTES)), node }
  }

  /** Returns the frames that will be wanted after that of a blob, the next first, as far as anything says so. */
  #framesAfter(location: BlobLocation, blob: BlobRange, isSecond: boolean): readonly number[] {
    if (blob.nextId >= 0) return this.#framesOfNext(location.frame, blob)
    const next = isSecond ? this.#neighbour(location) : -1
    return next < 0 ? NO_FRAMES : [next]
  }

  /** Returns the frames of the blobs that follow in a file. */
  #framesOfNext(frame: number, { ids, nextId }: BlobRange): number[] {
    const { decoder } = this.#options.frames
    const end = Math.min(ids.byteLength, nextId + BLOBS_AHEAD_MAX * BLOB_ID_BYTES)
    const frames: number[] = []
    for (let id = nextId; id < end && frames.length < FRAMES_AHEAD_MAX; id += BLOB_ID_BYTES) {
      const entry = decoder.find(ids, id)
      const location = entry < 0 ? undefined : decoder.location(entry)
      if (location === undefined) break
      if (location.frame !== frame && !frames.includes(location.frame)) frames.push(location.frame)
    }
    return frames
  }

  /** Returns the frame behind one that somebody reads file by file, once he is near its end, or -1. */
  #neighbour({ frame, offset, length }: BlobLocation): number {
    const { decoder } = this.#options.frames
    const { pack, rawBytes } = decoder.frame(frame)
    const isNearEnd = offset + length > rawBytes / 2
    const next = frame + 1
    return isNearEnd && next < decoder.frames && decoder.frame(next).pack === pack ? next : -1
  }
}
