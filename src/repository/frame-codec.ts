import { assert } from '../base/assert.ts'
import { IntegrityError } from '../base/errors.ts'
import { FRAME_BYTES_MAX } from '../base/limits.ts'
import { open } from '../crypto/aead.ts'
import {
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
import { decompressInto } from './zstd.ts'

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
 * Decrypts and decompresses one frame into the start of `out`, which may lie in shared memory and has at least
 * `rawBytes` bytes, and returns that part of it. Fit for any thread.
 *
 * @throws {IntegrityError} AUTH_FAILED: the bytes are not those that were sealed; MALFORMED: they were sealed by someone
 * who did not keep to the format. `out` then holds nothing of use.
 * @see docs/format.md, "Pack"
 */
export function decodeFrame(frame: SealedFrame, out: Uint8Array): Uint8Array {
  const { sealed, rawBytes } = frame
  assert(rawBytes <= FRAME_BYTES_MAX && out.byteLength >= rawBytes, 'a frame fits where it is decoded to')
  const plainBytes = sealed.byteLength - FRAME_TAG_BYTES
  if (plainBytes < FRAME_CODEC_BYTES) throw malformedFrame(frame, `it has ${sealed.byteLength} bytes`)
  if (scratch.byteLength < plainBytes) scratch = new Uint8Array(plainBytes)
  const plain = scratch.subarray(0, plainBytes)
  frameNonce(nonce, frame.number)
  frameAad(associatedData, { repository: frame.repositoryIdBytes, kind: frame.kind ?? 'data', number: frame.number })
  if (!open(plain, sealed, { key: frame.key, nonce, associatedData })) {
    throw new IntegrityError(
      'AUTH_FAILED',
      `frame ${frame.number} of packs/${frame.pack} does not verify`,
      details(frame),
    )
  }
  const payload = plain.subarray(FRAME_CODEC_BYTES)
  if (plain[0] === FRAME_CODEC_STORED) {
    if (payload.byteLength !== rawBytes) throw malformedFrame(frame, `it holds ${payload.byteLength} bytes`)
    out.set(payload)
  } else if (plain[0] === FRAME_CODEC_ZSTD) {
    decompress(frame, { payload, out })
  } else {
    throw malformedFrame(frame, `its codec is ${plain[0] ?? 0}`)
  }
  return out.subarray(0, rawBytes)
}

function decompress(frame: SealedFrame, { payload, out }: { payload: Uint8Array; out: Uint8Array }): void {
  try {
    decompressInto(out.subarray(0, frame.rawBytes), payload)
  } catch (cause) {
    throw malformedFrame(frame, 'it does not decompress', cause)
  }
}

function malformedFrame(frame: SealedFrame, problem: string, cause?: unknown): IntegrityError {
  const message = `frame ${frame.number} of packs/${frame.pack} is malformed: ${problem}, not ${frame.rawBytes}`
  return new IntegrityError('MALFORMED', message, { ...details(frame), ...(cause === undefined ? {} : { cause }) })
}

function details(frame: SealedFrame): { context: Record<string, string | number>; hint: string } {
  return {
    context: { pack: frame.pack, frame: frame.number },
    hint: 'Run `tidemark check --repair`: the next backup then stores again what it held.',
  }
}
