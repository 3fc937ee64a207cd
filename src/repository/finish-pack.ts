import { present } from '../base/assert.ts'
import { idBytes, type ObjectId, type RepositoryId } from '../base/ids.ts'
import { AEAD_TAG_BYTES } from '../crypto/aead.ts'
import { objectIdOf } from '../crypto/blake3.ts'
import { FOOTER_FRAME_NUMBER } from '../format/frame.ts'
import { encodeFooterTables, encodePackFooter, footerSignatureInput } from '../format/pack-footer-codec.ts'
import { encodePackTrailer } from '../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES, type PackKind, type PackTables } from '../format/pack.ts'
import { FrameSealer } from './frame-sealer.ts'
import type { Instance } from './instance-key.ts'

export interface FilledPack {
  readonly kind: PackKind
  readonly level: number
  /** Header and frames, one after the other; the header is a part of its own or the start of the first. */
  readonly parts: readonly Uint8Array[]
  readonly key: Uint8Array
  readonly tables: PackTables
}

export interface FinishedPack {
  readonly id: ObjectId
  /** The object, in the order in which it is stored; the first ones are the caller's own memory. */
  readonly parts: readonly Uint8Array[]
  /** Sum of the parts' lengths. */
  readonly storedBytes: number
}

/** Puts the signed footer and the trailer behind a filled pack, and names it. */
export function finishPack(repository: RepositoryId, instance: Instance, pack: FilledPack): FinishedPack {
  const { kind, level, key, tables } = pack
  const body = encodeFooterTables({ instance: instance.id, kind, level, tables })
  const header = present(pack.parts[0], 'the start of a pack').slice(0, PACK_HEADER_BYTES)
  const signature = instance.sign(footerSignatureInput({ repository, header, body }))
  const raw = encodePackFooter({ body, signature })
  const sealer = new FrameSealer(idBytes(repository), raw.byteLength)
  const plain = sealer.encode(raw)
  const footer = new Uint8Array(plain.byteLength + AEAD_TAG_BYTES)
  sealer.seal(footer, plain, raw, { key, number: FOOTER_FRAME_NUMBER, kind: 'footer' })
  const parts = [...pack.parts, footer, encodePackTrailer(footer.byteLength)]
  const storedBytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return { id: objectIdOf(...parts), parts, storedBytes }
}
