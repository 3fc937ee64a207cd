import { randomBytes } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import { FRAMES_PER_SEGMENT } from '../base/limits.ts'
import { generationLayout } from './blob-generation.ts'
import { BlobIndex } from './blob-index.ts'
import { CopyTable } from './copy-table.ts'
import { newFrameSegment } from './frame-table.ts'
import { IndexTables } from './index-tables.ts'
import type { LocalCache } from './local-cache.ts'
import { decodeMergedHead, encodeMergedHead, type MergedHead } from './merged-head.ts'

const HEAD = 'index'
const PIECE_PREFIX = 'index-'
/** Entries in one file of a column. */
const PIECE_ENTRIES = 1 << 18
const PIECE_BYTES = 4 << 20
const COPY_BYTES = 16
const FRAME_BYTES = 16

/** A merged index as it was kept: the head at once, the large parts one file at a time, in the layout of memory. */
export class MergedFile {
  readonly head: MergedHead
  readonly #cache: LocalCache

  private constructor(cache: LocalCache, head: MergedHead) {
    this.#cache = cache
    this.head = head
  }

  /** Returns what is kept, or `undefined` when nothing is. */
  static read(cache: LocalCache): MergedFile | undefined {
    const bytes = cache.read(HEAD)
    const head = bytes === undefined ? undefined : decodeMergedHead(bytes)
    if (head === undefined) return undefined
    const isCount = Number.isSafeInteger(head.slots) && head.slots > 0
    if (!isCount || head.entries > generationLayout(head.slots).capacity) return undefined
    return new MergedFile(cache, head)
  }

  /**
   * Keeps merged tables, whose blobs lie in one generation, in place of what was kept before.
   *
   * The head is written last and names fresh files, so that whoever reads meanwhile sees one version or none.
   */
  static write(cache: LocalCache, tables: IndexTables): void {
    const generation = tables.blobs.onlyGeneration
    if (generation === undefined) return
    const token = toHex(randomBytes(8))
    const head: MergedHead = {
      token,
      slots: generation.slots,
      entries: tables.blobs.entryCount,
      frames: tables.blobs.frameCount,
      copies: tables.copies.count,
      indexIds: tables.indexIds,
      packs: tables.packs,
    }
    const copies = new Uint8Array(tables.copies.rows.buffer, 0, head.copies * COPY_BYTES)
    const ok =
      columnPieces(head, generation.buffer).every(({ name, bytes }) => cache.write(name, [bytes])) &&
      framePieces(head, tables.blobs.frames.segments).every(({ name, bytes }) => cache.write(name, [bytes])) &&
      cache.write(pieceName(token, 'c', 0), [copies]) &&
      cache.write(HEAD, [encodeMergedHead(head)])
    const keep = ok ? token : this.read(cache)?.head.token
    for (const { name } of cache.list(PIECE_PREFIX)) {
      if (keep === undefined || !name.startsWith(`${PIECE_PREFIX}${keep}-`)) cache.remove(name)
    }
  }

  /** Returns the tables as they were, or `undefined` when a part is missing. */
  load(): IndexTables | undefined {
    const { slots, entries, frames, indexIds, packs } = this.head
    const frameSegments = this.readFrames()
    const copies = this.readCopies()
    if (frameSegments === undefined || copies === undefined) return undefined
    const buffer = new SharedArrayBuffer(generationLayout(slots).bytes)
    if (!columnPieces(this.head, buffer).every(({ name, bytes }) => this.#cache.readInto(name, bytes))) return undefined
    const blobs = BlobIndex.fromGeneration({ buffer, slots }, { entries, frames, frameSegments })
    return new IndexTables({ blobs, packs, copies, indexIds })
  }

  readFrames(): SharedArrayBuffer[] | undefined {
    const count = Math.max(1, Math.ceil(this.head.frames / FRAMES_PER_SEGMENT))
    const segments = Array.from({ length: count }, newFrameSegment)
    const whole = framePieces(this.head, segments).every(({ name, bytes }) => this.#cache.readInto(name, bytes))
    return whole ? segments : undefined
  }

  readCopies(): CopyTable | undefined {
    const rows = new Uint32Array(this.head.copies * 4)
    const ok = this.#cache.readInto(pieceName(this.head.token, 'c', 0), new Uint8Array(rows.buffer))
    return ok ? new CopyTable(rows) : undefined
  }

  /** How many pieces `readEntries` takes. */
  get entryPieces(): number {
    return Math.ceil(this.head.entries / PIECE_ENTRIES)
  }

  /** Returns one piece of the columns of blobs: 16 bytes of id and three words of location an entry. */
  readEntries(piece: number): { first: number; ids: Uint8Array; locations: Uint32Array } | undefined {
    const first = piece * PIECE_ENTRIES
    const count = Math.min(PIECE_ENTRIES, this.head.entries - first)
    const { idBytes, locationBytes } = generationLayout(this.head.slots)
    const ids = new Uint8Array(count * idBytes)
    const locations = new Uint8Array(count * locationBytes)
    const { token } = this.head
    const ok =
      this.#cache.readInto(pieceName(token, 'i', piece), ids) &&
      this.#cache.readInto(pieceName(token, 'l', piece), locations)
    return ok ? { first, ids, locations: new Uint32Array(locations.buffer) } : undefined
  }
}

function pieceName(token: string, column: 't' | 'i' | 'l' | 'f' | 'c', piece: number): string {
  return `${PIECE_PREFIX}${token}-${column}${piece}`
}

interface Piece {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Cuts a frame table into the files that hold its rows in use. */
function framePieces(
  { token, frames }: Pick<MergedHead, 'token' | 'frames'>,
  segments: readonly SharedArrayBuffer[],
): Piece[] {
  return segments.slice(0, Math.ceil(frames / FRAMES_PER_SEGMENT)).map((segment, i) => {
    const rows = Math.min(FRAMES_PER_SEGMENT, frames - i * FRAMES_PER_SEGMENT)
    return { name: pieceName(token, 'f', i), bytes: new Uint8Array(segment, 0, rows * FRAME_BYTES) }
  })
}

/** Cuts a generation's buffer into the files that hold it: its slots, and the entries in use of both columns. */
function columnPieces(
  { token, slots, entries }: Pick<MergedHead, 'token' | 'slots' | 'entries'>,
  buffer: SharedArrayBuffer,
): Piece[] {
  const layout = generationLayout(slots)
  const cut = (column: 't' | 'i' | 'l', at: { offset: number; bytes: number; pieceBytes: number }) =>
    Array.from({ length: Math.ceil(at.bytes / at.pieceBytes) }, (_, piece) => {
      const start = piece * at.pieceBytes
      const bytes = new Uint8Array(buffer, at.offset + start, Math.min(at.pieceBytes, at.bytes - start))
      return { name: pieceName(token, column, piece), bytes }
    })
  const { idBytes, locationBytes } = layout
  return [
    ...cut('t', { offset: layout.tableOffset, bytes: layout.tableBytes, pieceBytes: PIECE_BYTES }),
    ...cut('i', { offset: layout.idsOffset, bytes: entries * idBytes, pieceBytes: PIECE_ENTRIES * idBytes }),
    ...cut('l', {
      offset: layout.locationsOffset,
      bytes: entries * locationBytes,
      pieceBytes: PIECE_ENTRIES * locationBytes,
    }),
  ]
}
