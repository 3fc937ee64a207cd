import { assert } from '../base/assert.ts'
import { IntegrityError } from '../base/errors.ts'
import { FRAME_BYTES_MAX } from '../base/limits.ts'
import { open } from '../crypto/aead.ts'
import {
  FOOTER_FRAME_NUMBER,
  FRAME_AAD_BYTES,
  FRAME_CODEC_BYTES,
  FRAME_CODEC_STORED,
  FRAME_CODEC_ZSTD,
  FRAME_NONCE_BYTES,
  frameAad,
  type FrameKind,
  frameNonce,
} from '../format/frame.ts'
import { FRAME_TAG_BYTES } from '../format/pack.ts'
import { packPath } from '../storage/driver.ts'
import { decompressAtMost, decompressesTo, decompressInto } from './zstd.ts'

export interface SealedFrame {
  /** The pack's key. */
  readonly key: Uint8Array
  /** 16 bytes. */
  readonly repositoryIdBytes: Uint8Array
  /** The frame's ordinal within its pack. */
  readonly number: number
  /** Ciphertext with tag; may lie in shared memory. */
  readonly sealed: Uint8Array
  /** What the index says of its payload: 0..FRAME_BYTES_MAX. */
  readonly rawBytes: number
  /** Names the pack in errors. */
  readonly pack: string
  /** `data` where it is not said. */
  readonly kind?: FrameKind
}

// Nothing is awaited between filling these and using them, and every thread has its own.
const nonce = new Uint8Array(FRAME_NONCE_BYTES)
const associatedData = new Uint8Array(FRAME_AAD_BYTES)
let scratch = new Uint8Array(0)

/**
 * Where a plaintext begins in `scratch`, so that its payload, behind the codec, begins at a multiple of eight.
 *
 * Shared memory is copied byte by byte, four times as slowly, between places that differ in that.
 */
const PLAIN_START = 8 - FRAME_CODEC_BYTES

/**
 * Decrypts and decompresses one frame into the start of `out`, which may lie in shared memory and has at least
 * `rawBytes` bytes, and returns that part of it. Fit for any thread.
 *
 * @throws {IntegrityError} AUTH_FAILED: the bytes are not those that were sealed; MALFORMED: they were sealed by someone
 * who did not keep to the format. `out` then holds nothing of use.
 * @see docs/format.md, "Pack"
 */
export function decodeFrame(frame: SealedFrame, out: Uint8Array): Uint8Array {
  const { rawBytes } = frame
  assert(rawBytes <= FRAME_BYTES_MAX && out.byteLength >= rawBytes, 'a frame fits where it is decoded to')
  const { codec, payload } = decrypt(frame)
  if (codec === FRAME_CODEC_STORED) out.set(ofLength(frame, payload))
  else decompressing(frame, () => decompressInto(out.subarray(0, rawBytes), payload))
  return out.subarray(0, rawBytes)
}

/**
 * Tells whether a frame decodes to `raw`, which has `rawBytes` bytes, without copying what it holds. Fit for any thread.
 *
 * @throws {IntegrityError} as `decodeFrame`.
 */
export function frameHolds(frame: SealedFrame, raw: Uint8Array): boolean {
  const { codec, payload } = decrypt(frame)
  if (codec === FRAME_CODEC_STORED) return Buffer.compare(ofLength(frame, payload), raw) === 0
  return decompressing(frame, () => decompressesTo(raw, payload))
}

/**
 * Decrypts and decompresses a pack's footer frame: the payload, of any length up to FRAME_BYTES_MAX, freshly allocated.
 *
 * @throws {IntegrityError} as `decodeFrame`.
 */
export function decodeFooterFrame(footer: Omit<SealedFrame, 'number' | 'kind' | 'rawBytes'>): Uint8Array {
  const frame = { ...footer, number: FOOTER_FRAME_NUMBER, kind: 'footer', rawBytes: FRAME_BYTES_MAX } as const
  const { codec, payload } = decrypt(frame)
  if (codec === FRAME_CODEC_STORED) return payload.slice()
  return decompressing(frame, () => decompressAtMost(FRAME_BYTES_MAX, payload))
}

/** Returns the codec of a frame, one of the two there are, and its payload, a view that is good until the next call. */
function decrypt(frame: SealedFrame): { readonly codec: number; readonly payload: Uint8Array } {
  const { sealed } = frame
  const plainBytes = sealed.byteLength - FRAME_TAG_BYTES
  if (plainBytes < FRAME_CODEC_BYTES) throw malformedFrame(frame, `it has ${sealed.byteLength} bytes`)
  if (scratch.byteLength < PLAIN_START + plainBytes) scratch = new Uint8Array(PLAIN_START + plainBytes)
  const plain = scratch.subarray(PLAIN_START, PLAIN_START + plainBytes)
  frameNonce(nonce, frame.number)
  frameAad(associatedData, { repository: frame.repositoryIdBytes, kind: frame.kind ?? 'data', number: frame.number })
  if (!open(plain, sealed, { key: frame.key, nonce, associatedData })) {
    throw new IntegrityError('AUTH_FAILED', `${nameOf(frame)} does not verify`, details(frame))
  }
  const codec = plain[0] ?? 0
  if (codec !== FRAME_CODEC_STORED && codec !== FRAME_CODEC_ZSTD) {
    throw malformedFrame(frame, `its codec is ${codec}`)
  }
  return { codec, payload: plain.subarray(FRAME_CODEC_BYTES) }
}

/** Returns a stored payload when it is as long as the index says. */
function ofLength(frame: SealedFrame, payload: Uint8Array): Uint8Array {
  if (payload.byteLength === frame.rawBytes) return payload
  throw malformedFrame(frame, `it holds ${payload.byteLength} bytes`)
}

function decompressing<T>(frame: SealedFrame, decompress: () => T): T {
  try {
    return decompress()
  } catch (cause) {
    throw malformedFrame(frame, 'it does not decompress', cause)
  }
}

function malformedFrame(frame: SealedFrame, problem: string, cause?: unknown): IntegrityError {
  const size = frame.kind === 'footer' ? '' : `, not ${frame.rawBytes}`
  const message = `${nameOf(frame)} is malformed: ${problem}${size}`
  return new IntegrityError('MALFORMED', message, { ...details(frame), ...(cause === undefined ? {} : { cause }) })
}

function nameOf({ number, kind, pack }: SealedFrame): string {
  return kind === 'footer' ? `the footer of ${packPath(pack)}` : `frame ${number} of ${packPath(pack)}`
}

function details(frame: SealedFrame): { context: Record<string, string | number>; hint: string } {
  return {
    context: { pack: frame.pack, frame: frame.number },
    hint: 'Run `tidemark check --repair`: the next backup then stores again what it held.',
  }
}
