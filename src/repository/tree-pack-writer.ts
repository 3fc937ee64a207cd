import { BLOB_ID_BYTES, idBytes } from '../base/ids.ts'
import { BLOB_BYTES_MAX, FRAME_BYTES_TARGET, PACK_BLOBS_MAX } from '../base/limits.ts'
import { AEAD_TAG_BYTES } from '../crypto/aead.ts'
import { wipe } from '../crypto/secret.ts'
import { BLOB_TYPE_NUMBERS, type BlobType, FRAME_COLUMNS, PACK_HEADER_BYTES, type PackTables } from '../format/pack.ts'
import type { BlobIndex } from './blob-index.ts'
import { FrameSealer } from './frame-sealer.ts'
import type { KeptObjects } from './kept-objects.ts'
import { type PackWriterOptions, putPack } from './pack-writer.ts'
import type { NewPack } from './run-keys.ts'
import type { TreePackKeys } from './tree-pack-keys.ts'

/** Trees are fetched whole and kept: their packs are smaller than those of data. */
const TREE_PACK_BYTES = 4 << 20

interface PendingBlob {
  readonly id: Uint8Array
  readonly type: BlobType
  readonly entry: number
  readonly bytes: Uint8Array
}

interface OpenPack {
  readonly row: number
  readonly start: NewPack
  readonly frames: Uint8Array[]
  /** FRAME_COLUMNS numbers a frame. */
  readonly frameRows: number[]
  readonly blobs: PendingBlob[]
  bytes: number
}

export interface TreePackWriterOptions extends Omit<PackWriterOptions, 'onFailure'> {
  /** Keeps the keys of packs for a writer that could not open them again otherwise. */
  readonly treePackKeys?: TreePackKeys | undefined
  /** Keeps what is put: whoever looks into the point would fetch it. */
  readonly kept?: KeptObjects | undefined
}

/** Writes tree, list and detail blobs, on the main thread, into packs of their own. */
export class TreePackWriter {
  readonly #options: TreePackWriterOptions
  readonly #index: BlobIndex
  readonly #sealer: FrameSealer
  #frame: PendingBlob[] = []
  #frameBytes = 0
  #pack: OpenPack | undefined
  /** Of the pack that is on its way to the store. */
  #bytesPut = 0
  /** The frame or pack that is being ended: nothing is added meanwhile, or it would be counted to another frame. */
  #ending: Promise<void> | undefined

  constructor(options: TreePackWriterOptions, index: BlobIndex) {
    this.#options = options
    this.#index = index
    this.#sealer = new FrameSealer(idBytes(options.repository), FRAME_BYTES_TARGET + BLOB_BYTES_MAX)
  }

  /** How many bytes of a pack that is not durable yet are sealed. */
  get bytesHeld(): number {
    return this.#bytesPut + (this.#pack?.bytes ?? 0)
  }

  /** Takes over a blob that the caller has claimed; waits while a full pack is put. */
  async add(blob: PendingBlob): Promise<void> {
    for (;;) {
      if (this.#ending !== undefined) await this.#ending
      else if (this.#isFull(blob)) await this.#end(() => this.#endFrame())
      else break
    }
    this.#frame.push(blob)
    this.#frameBytes += blob.bytes.byteLength
  }

  /** Puts all that was added; resolves once it is durable. */
  async drain(): Promise<void> {
    while (this.#ending !== undefined) await this.#ending
    await this.#end(async () => {
      await this.#endFrame()
      await this.#endPack()
    })
  }

  /** Wipes the key of a pack that will not be put. */
  close(): void {
    if (this.#pack !== undefined) wipe(this.#pack.start.key)
  }

  #isFull(blob: PendingBlob): boolean {
    if (this.#frame.length === 0) return false
    return this.#frameBytes + blob.bytes.byteLength > FRAME_BYTES_TARGET || this.#frame.length === PACK_BLOBS_MAX
  }

  async #end(work: () => Promise<void>): Promise<void> {
    this.#ending = work().finally(() => (this.#ending = undefined))
    await this.#ending
  }

  async #endFrame(): Promise<void> {
    if (this.#frame.length === 0) return
    const raw = Buffer.concat(this.#frame.map((blob) => blob.bytes))
    const plain = this.#sealer.encode(raw)
    const storedBytes = plain.byteLength + AEAD_TAG_BYTES
    const room = TREE_PACK_BYTES - (this.#pack?.bytes ?? 0)
    const isFull = storedBytes > room || (this.#pack?.blobs.length ?? 0) + this.#frame.length > PACK_BLOBS_MAX
    if (this.#pack !== undefined && isFull) await this.#endPack()
    const pack = (this.#pack ??= this.#startPack())
    const sealed = new Uint8Array(storedBytes)
    const number = pack.frames.length
    this.#sealer.seal(sealed, plain, raw, { key: pack.start.key, number, kind: 'data' })
    pack.frames.push(sealed)
    pack.frameRows.push(pack.bytes, storedBytes, raw.byteLength, this.#frame.length)
    pack.blobs.push(...this.#frame)
    pack.bytes += storedBytes
    this.#frame = []
    this.#frameBytes = 0
  }

  /** Numbers the pack's frames in a row, so that they can be read in this very run, and says where its blobs lie. */
  #locate({ row, frameRows, blobs }: OpenPack): number {
    const count = frameRows.length / FRAME_COLUMNS
    this.#index.ensure({ blobs: 0, frames: count })
    const first = this.#index.takeFrames(count)
    let blob = 0
    for (let frame = 0; frame < count; frame++) {
      const [offset = 0, storedBytes = 0, rawBytes = 0, blobCount = 0] = frameRows.slice(frame * FRAME_COLUMNS)
      this.#index.frames.set(first + frame, { pack: row, offset, storedBytes, rawBytes })
      let at = 0
      for (const { entry, bytes } of blobs.slice(blob, blob + blobCount)) {
        this.#index.locate(entry, { frame: first + frame, offset: at, length: bytes.byteLength })
        at += bytes.byteLength
      }
      blob += blobCount
    }
    return first
  }

  #startPack(): OpenPack {
    const start = this.#options.keys.newPack()
    const row = this.#options.packs.reserve()
    return { row, start, frames: [], frameRows: [], blobs: [], bytes: PACK_HEADER_BYTES }
  }

  async #endPack(): Promise<void> {
    const pack = this.#pack
    if (pack === undefined) return
    this.#pack = undefined
    const parts = [pack.start.header, ...pack.frames]
    const filled = { kind: 'tree' as const, parts, key: pack.start.key, tables: tablesOf(pack) }
    this.#options.treePackKeys?.keep(pack.start.salt, pack.start.key)
    const firstFrame = this.#locate(pack)
    this.#bytesPut = pack.bytes
    const put = await putPack(this.#options, { filled, packRow: pack.row, salt: pack.start.salt, firstFrame })
    this.#bytesPut = 0
    this.#options.kept?.keep(put.id, put.parts)
    wipe(pack.start.key)
  }
}

function tablesOf(pack: OpenPack): PackTables {
  const { blobs, frameRows } = pack
  const blobIds = new Uint8Array(blobs.length * BLOB_ID_BYTES)
  blobs.forEach((blob, i) => blobIds.set(blob.id, i * BLOB_ID_BYTES))
  return {
    frames: Uint32Array.from({ length: pack.frames.length * FRAME_COLUMNS }, (_, i) => frameRows[i] ?? 0),
    blobIds,
    blobTypes: Uint8Array.from(blobs, (blob) => BLOB_TYPE_NUMBERS[blob.type]),
    blobLengths: Uint32Array.from(blobs, (blob) => blob.bytes.byteLength),
  }
}
