import { concatBytes } from '../../src/base/bytes.ts'
import { sealed } from '../../src/crypto/aead.ts'
import {
  FOOTER_FRAME_NUMBER,
  FRAME_AAD_BYTES,
  FRAME_NONCE_BYTES,
  frameAad,
  type FrameKind,
  frameNonce,
} from '../../src/format/frame.ts'
import { FRAME_TAG_BYTES } from '../../src/format/pack.ts'
import { packKeyOf } from '../../src/repository/run-keys.ts'
import { broken, counting, type Json, jsonOf, type VectorFile } from './vector-file.ts'

const repository = counting(16, 0xa0)
const writerKey = counting(32, 0x30)
const salt = counting(32, 0xe0)
const payload = counting(100)
/** One Zstandard frame (RFC 8878) of one block: a hundred times the letter a. No library's choices are in it. */
const HUNDRED_LETTERS = Buffer.from('28b52ffd206423030061', 'hex')

interface Frame {
  readonly kind?: FrameKind
  readonly number?: number
  readonly rawBytes?: number
  readonly codec?: number
  /** What stands behind the codec. */
  readonly behind?: Uint8Array
}

/** Frames as they lie in packs, from the writer key of the run to the payload. */
export function generate(): VectorFile[] {
  const good = (name: string, description: string, frame: Frame & { readonly holds: Uint8Array }): VectorFile => ({
    path: `sealed-frame/${name}.json`,
    content: {
      ...{ description, ...saidOf(frame), packKey: jsonOf(packKeyOf(writerKey, salt)) },
      ...{ payload: jsonOf(frame.holds), bytes: jsonOf(bytesOf(frame)) },
    },
  })
  const bad = (name: string, error: string, frame: Frame, said: Readonly<Record<string, Json>> = {}): VectorFile =>
    broken(`sealed-frame/${name}.json`, bytesOf(frame), error, { ...saidOf(frame), ...said })
  const zstd: Frame = { codec: 1, behind: HUNDRED_LETTERS }
  const bytes = bytesOf({})
  return [
    good('stored', 'The 259th frame of a pack, as it is.', { number: 258, holds: payload }),
    good('zstd', 'The first frame of a pack, compressed.', { ...zstd, holds: Buffer.alloc(100, 'a') }),
    good('footer', 'The footer frame of a pack.', { kind: 'footer', number: FOOTER_FRAME_NUMBER, holds: payload }),
    bad('other-number', 'AUTH_FAILED', {}, { number: 1 }),
    bad('other-kind', 'AUTH_FAILED', { kind: 'padding' }, { kind: 'data' }),
    bad('other-repository', 'AUTH_FAILED', {}, { repository: 'ff'.repeat(16) }),
    bad('other-salt', 'AUTH_FAILED', {}, { salt: 'ff'.repeat(32) }),
    broken('sealed-frame/tag.json', bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1), 'AUTH_FAILED', saidOf({})),
    broken('sealed-frame/no-codec.json', bytes.subarray(0, FRAME_TAG_BYTES), 'MALFORMED', saidOf({})),
    bad('codec-unknown', 'MALFORMED', { codec: 2 }),
    bad('stored-too-short', 'MALFORMED', { rawBytes: 101 }),
    bad('stored-too-long', 'MALFORMED', { rawBytes: 99 }),
    bad('zstd-too-short', 'MALFORMED', { ...zstd, rawBytes: 101 }),
    bad('zstd-too-long', 'MALFORMED', { ...zstd, rawBytes: 99 }),
    bad('zstd-cut-short', 'MALFORMED', { ...zstd, behind: HUNDRED_LETTERS.subarray(0, -1) }),
    bad('zstd-is-none', 'MALFORMED', { ...zstd, behind: payload }),
  ]
}

function saidOf({ kind = 'data', number = 0, rawBytes = 100 }: Frame): Record<string, Json> {
  const keys = { repository: jsonOf(repository), writerKey: jsonOf(writerKey), salt: jsonOf(salt) }
  return { ...keys, kind, number, rawBytes }
}

function bytesOf({ kind = 'data', number = 0, codec = 0, behind = payload }: Frame): Uint8Array {
  const nonce = new Uint8Array(FRAME_NONCE_BYTES)
  const associatedData = new Uint8Array(FRAME_AAD_BYTES)
  frameNonce(nonce, number)
  frameAad(associatedData, { repository, kind, number })
  return sealed(concatBytes(Uint8Array.of(codec), behind), { key: packKeyOf(writerKey, salt), nonce, associatedData })
}
