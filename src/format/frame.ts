import { assert } from '../base/assert.ts'
import { REPOSITORY_ID_BYTES } from '../base/ids.ts'

/** What a frame holds: blobs, the pack's footer, or nothing but bytes to be thrown away. */
export type FrameKind = 'data' | 'footer' | 'padding'

export const FRAME_NONCE_BYTES = 12
/** Repository id, frame kind and frame number. */
export const FRAME_AAD_BYTES = REPOSITORY_ID_BYTES + 1 + 4

/** First byte of a frame's plaintext: how the payload after it is compressed. */
export const FRAME_CODEC_STORED = 0
export const FRAME_CODEC_ZSTD = 1
export const FRAME_CODEC_BYTES = 1

/** Frames of one pack: each has at least a codec byte, a tag and, unless it is padding, a blob. */
export const PACK_FRAMES_MAX = 32_768
/** The footer's frame number: a reader must know it before it knows how many frames there are. */
export const FOOTER_FRAME_NUMBER = 0xffff_ffff

const FRAME_KIND_NUMBERS: Readonly<Record<FrameKind, number>> = { data: 1, footer: 2, padding: 3 }

/** Writes the nonce of frame `number` of a pack into `out`: the number, 32 bits little-endian, and 8 zero bytes. */
export function frameNonce(out: Uint8Array, number: number): void {
  assert(out.byteLength === FRAME_NONCE_BYTES, 'a frame nonce has 12 bytes')
  out.fill(0, 4)
  writeUint32(out, { at: 0, value: number })
}

export interface FrameAad {
  /** 16 bytes. */
  readonly repository: Uint8Array
  readonly kind: FrameKind
  readonly number: number
}

/** Writes the associated data of a frame into `out`, so that no frame passes for another one, or in another repository. */
export function frameAad(out: Uint8Array, { repository, kind, number }: FrameAad): void {
  assert(out.byteLength === FRAME_AAD_BYTES, "a frame's associated data has 21 bytes")
  assert(repository.byteLength === REPOSITORY_ID_BYTES, 'a repository id has 16 bytes')
  assert((kind === 'footer') === (number === FOOTER_FRAME_NUMBER), 'the footer alone has the last frame number')
  out.set(repository)
  out[REPOSITORY_ID_BYTES] = FRAME_KIND_NUMBERS[kind]
  writeUint32(out, { at: REPOSITORY_ID_BYTES + 1, value: number })
}

function writeUint32(out: Uint8Array, { at, value }: { at: number; value: number }): void {
  assert(value >= 0 && value <= 0xffff_ffff, 'a frame number has 32 bits')
  out[at] = value
  out[at + 1] = value >>> 8
  out[at + 2] = value >>> 16
  out[at + 3] = value >>> 24
}
