import { IntegrityError } from '../base/errors.ts'
import { hexId, idBytes, OBJECT_ID_BYTES, type ObjectId } from '../base/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import { PACK_KIND_NUMBERS, PACK_SALT_BYTES, packKindOf, SEALED_WRITER_KEY_BYTES } from '../format/pack.ts'
import { bytesOfU32s, u32sOfBytes } from '../format/u32-column.ts'
import { type NewPack, PackTable } from './pack-table.ts'

const VERSION = 3

/** The small part of a merged index that is kept locally: all but blobs, frames and copies. */
export interface MergedHead {
  /** Names the files with the large parts. */
  readonly token: string
  readonly slots: number
  readonly entries: number
  readonly frames: number
  readonly copies: number
  /** Index files that are merged. */
  readonly indexIds: readonly ObjectId[]
  readonly packs: PackTable
}

/** Returns the bytes of a head, in this machine's own layout: it never leaves the local cache. */
export function encodeMergedHead(head: MergedHead): Uint8Array {
  const { packs, indexIds } = head
  const rows = Array.from({ length: packs.size }, (_, row) => packs.row(row))
  const indexRow = new Map(indexIds.map((id, row) => [id, row]))
  const names = rows.map((_, row) => packs.namedBy(row).map((id) => indexRow.get(id) ?? 0))
  const column = (values: Iterable<number>): Uint8Array => bytesOfU32s(Uint32Array.from(values))
  return encodeCbor([
    VERSION,
    head.token,
    [head.slots, head.entries, head.frames, head.copies],
    Buffer.concat(indexIds.map(idBytes)),
    column(packs.writerKeys.map((key) => key.generation)),
    Buffer.concat(packs.writerKeys.map((key) => key.sealed)),
    Buffer.concat(rows.map((pack) => idBytes(pack.id))),
    Uint8Array.from(rows, (pack) => PACK_KIND_NUMBERS[pack.kind]),
    Buffer.concat(rows.map((pack) => pack.salt)),
    column(rows.map((pack) => pack.bytes)),
    column(rows.map((pack) => pack.writerKey)),
    column(rows.map((pack) => pack.frames ?? 0)),
    column(rows.map((pack) => pack.level)),
    column(names.map((list) => list.length)),
    column(names.flat()),
  ])
}

/** Returns what `encodeMergedHead` encoded, or `undefined` for what it did not, such as another version's. */
export function decodeMergedHead(bytes: Uint8Array): MergedHead | undefined {
  try {
    const items = decodeCbor(bytes)
    if (!Array.isArray(items) || items.length !== 15 || items[0] !== VERSION) return undefined
    return headOf(items as readonly CborValue[])
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}

function headOf(items: readonly CborValue[]): MergedHead | undefined {
  const [, token, counts] = items
  if (typeof token !== 'string' || !Array.isArray(counts)) return undefined
  const [slots, entries, frames, copies] = (counts as readonly CborValue[]).map(Number)
  if (slots === undefined || entries === undefined || frames === undefined || copies === undefined) return undefined
  const columns = items.slice(3).map((item) => (item instanceof Uint8Array ? item : new Uint8Array()))
  const indexIds = rowsOf(columns[0], OBJECT_ID_BYTES).map((id) => hexId<ObjectId>(id))
  const packs = packsOf(columns.slice(1), indexIds)
  return { token, slots, entries, frames, copies, indexIds, packs }
}

function packsOf(columns: readonly Uint8Array[], indexIds: readonly ObjectId[]): PackTable {
  const numbers = (column: number): Uint32Array => u32sOfBytes(columns[column] ?? new Uint8Array())
  const generations = numbers(0)
  const sealed = rowsOf(columns[1], SEALED_WRITER_KEY_BYTES)
  const ids = rowsOf(columns[2], OBJECT_ID_BYTES)
  const salts = rowsOf(columns[4], PACK_SALT_BYTES)
  const [bytes, writerKeys, frames] = [numbers(5), numbers(6), numbers(7)]
  const [levels, nameCounts, names] = [numbers(8), numbers(9), numbers(10)]
  const packs = new PackTable()
  sealed.forEach((key, row) => packs.addWriterKey(generations[row] ?? 0, key))
  let firstFrame = 0
  let name = 0
  ids.forEach((id, row) => {
    const nameEnd = name + (nameCounts[row] ?? 0)
    const key = writerKeys[row] ?? 0
    const pack: NewPack = {
      id: hexId(id),
      kind: packKindOf(columns[3]?.[row] ?? 0) ?? 'data',
      salt: salts[row] ?? new Uint8Array(),
      bytes: bytes[row] ?? 0,
      generation: generations[key] ?? 0,
      level: levels[row] ?? 0,
      sealedWriterKey: sealed[key] ?? new Uint8Array(),
      namedBy: Array.from(names.subarray(name, nameEnd), (index) => indexIds[index]).filter((id) => id !== undefined),
      firstFrame,
      frames: frames[row] ?? 0,
    }
    packs.add(pack)
    firstFrame += frames[row] ?? 0
    name = nameEnd
  })
  return packs
}

function rowsOf(column: Uint8Array | undefined, rowBytes: number): Uint8Array[] {
  if (column === undefined) return []
  return Array.from({ length: Math.floor(column.byteLength / rowBytes) }, (_, row) => {
    return column.subarray(row * rowBytes, (row + 1) * rowBytes)
  })
}
