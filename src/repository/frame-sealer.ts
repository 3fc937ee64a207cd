import { IntegrityError } from '../base/errors.ts'
import { FRAME_BYTES_MAX } from '../base/limits.ts'
import { AEAD_TAG_BYTES, seal } from '../crypto/aead.ts'
import {
  FRAME_AAD_BYTES,
  FRAME_CODEC_BYTES,
  FRAME_CODEC_STORED,
  FRAME_CODEC_ZSTD,
  FRAME_NONCE_BYTES,
  frameAad,
  frameNonce,
  type FrameKind,
} from '../format/frame.ts'
import { frameHolds } from './frame-codec.ts'
import { compressInto } from './zstd.ts'

export interface FrameKey {
  /** The pack's key, 32 bytes. */
  readonly key: Uint8Array
  /** Taken once under this key. */
  readonly number: number
  readonly kind: FrameKind
}

/**
 * Makes frames: compresses, encrypts, and decodes again what it made. One per thread; it reuses its buffers.
 *
 * @see docs/format.md, "Pack"
 */
export class FrameSealer {
  readonly #repository: Uint8Array
  readonly #nonce = new Uint8Array(FRAME_NONCE_BYTES)
  readonly #aad = new Uint8Array(FRAME_AAD_BYTES)
  readonly #plain: Uint8Array

  /** @param rawBytesMax the longest payload it is given. */
  constructor(repositoryIdBytes: Uint8Array, rawBytesMax: number) {
    this.#repository = repositoryIdBytes
    this.#plain = new Uint8Array(Math.min(rawBytesMax, FRAME_BYTES_MAX) + FRAME_CODEC_BYTES)
  }

  /** Returns the plaintext of a frame with this payload: a codec byte and the payload, compressed where that helps. */
  encode(raw: Uint8Array): Uint8Array {
    const room = this.#plain.subarray(FRAME_CODEC_BYTES, FRAME_CODEC_BYTES + Math.max(0, raw.byteLength - 1))
    // No probe first: zstd passes over random bytes at 5 GB/s, and a sample of a frame says little about its other files.
    const compressed = compressInto(room, raw)
    if (compressed >= 0) {
      this.#plain[0] = FRAME_CODEC_ZSTD
      return this.#plain.subarray(0, FRAME_CODEC_BYTES + compressed)
    }
    this.#plain[0] = FRAME_CODEC_STORED
    this.#plain.set(raw, FRAME_CODEC_BYTES)
    return this.#plain.subarray(0, FRAME_CODEC_BYTES + raw.byteLength)
  }

  /**
   * Encrypts `plain`, which `encode` returned, into `out`, and proves that it decodes to `raw` again.
   *
   * @throws {IntegrityError} MALFORMED: this machine miscalculated; nothing of it may reach the store.
   */
  seal(out: Uint8Array, plain: Uint8Array, raw: Uint8Array, frame: FrameKey): void {
    frameNonce(this.#nonce, frame.number)
    frameAad(this.#aad, { repository: this.#repository, kind: frame.kind, number: frame.number })
    seal(out, plain, { key: frame.key, nonce: this.#nonce, associatedData: this.#aad })
    this.#verify(out, raw, frame)
  }

  #verify(sealed: Uint8Array, raw: Uint8Array, { key, number, kind }: FrameKey): void {
    const frame = {
      key,
      number,
      kind,
      sealed,
      rawBytes: raw.byteLength,
      repositoryIdBytes: this.#repository,
      pack: 'new',
    }
    let cause: unknown
    try {
      if (frameHolds(frame, raw)) return
    } catch (error) {
      cause = error
    }
    throw new IntegrityError('MALFORMED', 'a frame did not decode to what it was made of', {
      cause,
      hint: 'This machine makes mistakes when it computes: test its memory before you trust it with a backup.',
    })
  }
}

/** Bytes of a frame's ciphertext whose plaintext is `plain`. */
export function sealedBytes(plain: Uint8Array): number {
  return plain.byteLength + AEAD_TAG_BYTES
}
