import { AEAD_TAG_BYTES } from '../../crypto/aead.ts'
import { FRAME_CODEC_BYTES } from '../../format/frame.ts'
import { FRAME_COLUMNS, type PackTables } from '../../format/pack.ts'

/** A frame that compression made no smaller than this share of itself holds what cannot be compressed. */
const INCOMPRESSIBLE_SHARE = 0.95

/** How well the content that a run stored could be compressed: summed up from its frames, at no cost. */
export class ContentMeasure {
  #contentBytes = 0
  #incompressibleBytes = 0

  /** Adds the frames of a pack of file content. */
  add({ frames }: Pick<PackTables, 'frames'>): void {
    for (let row = 0; row < frames.length; row += FRAME_COLUMNS) {
      const [, storedBytes = 0, rawBytes = 0] = frames.subarray(row, row + FRAME_COLUMNS)
      this.#contentBytes += rawBytes
      const packedBytes = storedBytes - FRAME_CODEC_BYTES - AEAD_TAG_BYTES
      if (packedBytes > INCOMPRESSIBLE_SHARE * rawBytes) this.#incompressibleBytes += rawBytes
    }
  }

  get bytes(): { readonly contentBytes: number; readonly incompressibleBytes: number } {
    return { contentBytes: this.#contentBytes, incompressibleBytes: this.#incompressibleBytes }
  }
}
