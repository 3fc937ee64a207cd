import { IntegrityError, StorageError } from '../../src/base/errors.ts'
import type { Missing } from '../readers/missing.ts'
import type { FrameCache, PieceKey } from './frame-cache.ts'
import type { ReplyParts } from './reply-parts.ts'
import type { ThreadFrames } from './thread-frames.ts'

/** How long a thread waits for another's decoding before it looks again. */
const DECODING_MS = 50
/** How long it waits until something in the cache is no longer in use. */
const ROOM_MS = 1
/** Bytes of a pack that are fetched at once from a store that is not on this machine, when they will be wanted soon. */
const FETCH_BYTES = 8 << 20
/** How many of them are left when the next are fetched. */
const LEFT_BYTES = 4 << 20
/** How far before a frame lies what will probably be wanted after it. */
const BEFORE_BYTES = 2 << 20

export interface FrameOpenerOptions {
  readonly frames: ThreadFrames
  readonly cache: FrameCache
  /** Whether this thread may wait for others. */
  readonly waits: boolean
  /** Told before a frame is decoded or waited for. */
  readonly onBusy: () => void
}

/** Brings frames into the cache: from files of this machine, or from ciphertext that was fetched. One per thread. */
export class FrameOpener {
  readonly #options: FrameOpenerOptions
  readonly #pause = new Int32Array(new SharedArrayBuffer(4))

  constructor(options: FrameOpenerOptions) {
    this.#options = options
  }

  /**
   * Returns the slot of a decoded frame, pinned, or says what is missing for it, or that it cannot be had.
   *
   * `ahead` returns the frames that are wanted after it, in order: where another thread is decoding the first, this one
   * decodes one of those. While it waits for room, nothing of `reply` is pinned.
   */
  open(frame: number, ahead: () => readonly number[], reply: ReplyParts): number | 'failed' | Missing {
    const { cache, frames, waits, onBusy } = this.#options
    const key: PieceKey = { kind: 'frame', epoch: frames.decoder.epoch, number: frame }
    for (;;) {
      const found = cache.find(key)
      if (found === 'ready') return cache.slot
      if (found === 'failed') return 'failed'
      if (found === 'filling') {
        const { slot } = cache
        if (!waits) return { kind: 'moment' }
        onBusy()
        if (!ahead().some((next) => this.decodeAhead(next))) cache.wait(slot, DECODING_MS)
        continue
      }
      const decoded = this.#decode(key, () => ahead().length > 0)
      if (decoded !== 'full') return decoded
      reply.gather()
      if (!waits) return { kind: 'moment' }
      Atomics.wait(this.#pause, 0, 0, ROOM_MS)
    }
  }

  /** Returns which frames to fetch while there is still something to do, when `frame` and others will be wanted soon. */
  fetchAhead(frame: number): Missing | undefined {
    const { cache, frames } = this.#options
    const { decoder } = frames
    const { pack } = decoder.frame(frame)
    const place = frames.pack(pack)
    if (place === undefined || place.file !== undefined) return undefined
    const next = this.#behind(frame, LEFT_BYTES)
    if (next === undefined) return undefined
    const key = { epoch: decoder.epoch, number: next }
    if (cache.has({ kind: 'frame', ...key }) || cache.has({ kind: 'sealed', ...key })) return undefined
    return { kind: 'frames', epoch: decoder.epoch, frames: this.#framesFrom(next) }
  }

  /** Decodes a frame that will be wanted soon, unless something is in the way; tells whether it did. */
  decodeAhead(frame: number): boolean {
    const { cache, frames } = this.#options
    const { decoder } = frames
    if (frame >= decoder.frames) return false
    const slot = this.#decode({ kind: 'frame', epoch: decoder.epoch, number: frame }, () => false)
    if (typeof slot !== 'number') return false
    cache.unpin(slot)
    return true
  }

  /** `full` also says that somebody else has just begun. */
  #decode(key: PieceKey, isMoreWanted: () => boolean): number | 'failed' | 'full' | Missing {
    const { cache, frames, onBusy } = this.#options
    const { decoder } = frames
    const { pack: row, rawBytes } = decoder.frame(key.number)
    const pack = frames.pack(row)
    if (pack === undefined) return { kind: 'pack', epoch: key.epoch, row }
    let sealedSlot = -1
    if (pack.file === undefined) {
      const found = cache.find({ ...key, kind: 'sealed' })
      if (found === 'failed') return 'failed'
      if (found !== 'ready')
        return { kind: 'frames', epoch: key.epoch, frames: this.#framesAt(key.number, isMoreWanted()) }
      sealedSlot = cache.slot
    }
    try {
      const out = cache.reserve(key, rawBytes)
      if (out === undefined) return 'full'
      const { slot } = cache
      onBusy()
      const isGood = this.#fill(key.number, { out, sealedSlot })
      cache.publish(slot, isGood)
      return isGood ? slot : 'failed'
    } finally {
      if (sealedSlot >= 0) cache.unpin(sealedSlot)
    }
  }

  #fill(frame: number, { out, sealedSlot }: { out: Uint8Array; sealedSlot: number }): boolean {
    const { cache, frames } = this.#options
    const { decoder } = frames
    const pack = frames.pack(decoder.frame(frame).pack)
    if (pack === undefined) return false
    const { file } = pack
    try {
      const sealed = file === undefined ? cache.piece(sealedSlot) : decoder.read(frame, { id: pack.id, file })
      decoder.decode(frame, pack, { sealed, out })
      return true
    } catch (error) {
      // The blobs that are wanted of it are looked for elsewhere, and then it is told.
      if (error instanceof IntegrityError || error instanceof StorageError) return false
      throw error
    }
  }

  /** Returns a frame and, when more is wanted after it, those around it in its pack. */
  #framesAt(frame: number, isMoreWanted: boolean): number[] {
    if (!isMoreWanted) return [frame]
    const { decoder } = this.#options.frames
    const { pack, offset: end } = decoder.frame(frame)
    const before: number[] = []
    // Two threads wrote the pack: what belongs behind a frame may lie a little before it.
    for (let back = frame - 1; back >= 0; back--) {
      const { pack: other, offset } = decoder.frame(back)
      if (other !== pack || end - offset > BEFORE_BYTES) break
      before.push(back)
    }
    return [...this.#framesFrom(frame), ...before]
  }

  /** Returns a frame and those that follow in its pack. */
  #framesFrom(frame: number): number[] {
    const behind = this.#behind(frame, FETCH_BYTES)
    const { decoder } = this.#options.frames
    const { pack } = decoder.frame(frame)
    const wanted: number[] = []
    for (let ahead = frame; ahead < (behind ?? decoder.frames); ahead++) {
      if (decoder.frame(ahead).pack !== pack) break
      wanted.push(ahead)
    }
    return wanted
  }

  /** Returns the first frame of the same pack that ends more than `bytes` behind the beginning of `frame`. */
  #behind(frame: number, bytes: number): number | undefined {
    const { decoder } = this.#options.frames
    const { pack, offset: start } = decoder.frame(frame)
    for (let ahead = frame; ahead < decoder.frames; ahead++) {
      const { pack: other, offset, storedBytes } = decoder.frame(ahead)
      if (other !== pack) return undefined
      if (offset + storedBytes - start > bytes) return ahead
    }
    return undefined
  }
}
