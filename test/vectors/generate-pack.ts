import type { InstanceId, ObjectId, RealmId, RepositoryId } from '../../src/base/ids.ts'
import { hexId, idBytes } from '../../src/base/ids.ts'
import { encodeCbor } from '../../src/format/cbor.ts'
import {
  FOOTER_FRAME_NUMBER,
  FRAME_AAD_BYTES,
  FRAME_NONCE_BYTES,
  frameAad,
  frameNonce,
} from '../../src/format/frame.ts'
import type { FrameKind } from '../../src/format/frame.ts'
import { encodeIndex } from '../../src/format/index-codec.ts'
import type { IndexColumns } from '../../src/format/index-file.ts'
import { encodeFooterTables, encodePackFooter, footerSignatureInput } from '../../src/format/pack-footer-codec.ts'
import { encodePackHeader, encodePackTrailer } from '../../src/format/pack-header-codec.ts'
import type { PackFooterBody, PackTables } from '../../src/format/pack.ts'
import type { VectorFile } from './vector-file.ts'
import { broken, counting, jsonOf } from './vector-file.ts'

const repository = hexId<RepositoryId>(counting(16, 0xa0))
const instance = hexId<InstanceId>(counting(16, 0xb0))
const signature = counting(64, 0x40)
const packHeader = {
  realm: hexId<RealmId>(counting(12, 0xc0)),
  generation: 1,
  sealedWriterKey: counting(1168),
  salt: counting(32, 0xe0),
}

export function generate(): VectorFile[] {
  return [...headers(), ...trailers(), ...frames(), ...footers(), ...indexes()]
}

function headers(): VectorFile[] {
  const bytes = encodePackHeader(packHeader)
  return [
    {
      path: 'pack-header/plain.json',
      content: { description: 'The first 1224 bytes of a pack.', header: jsonOf(packHeader), bytes: jsonOf(bytes) },
    },
    broken('pack-header/magic.json', bytes.with(0, 0x55), 'MALFORMED'),
    broken('pack-header/version.json', bytes.with(5, 2), 'UNSUPPORTED_VERSION'),
    broken('pack-header/suite.json', bytes.with(6, 2), 'UNSUPPORTED_VERSION'),
    broken('pack-header/reserved-byte.json', bytes.with(7, 1), 'MALFORMED'),
    broken('pack-header/generation-zero.json', bytes.with(20, 0), 'MALFORMED'),
    broken('pack-header/cut-short.json', bytes.subarray(0, -1), 'MALFORMED'),
  ]
}

function trailers(): VectorFile[] {
  const bytes = encodePackTrailer(54_321)
  return [
    {
      path: 'pack-trailer/plain.json',
      content: { description: 'The last 12 bytes of a pack.', footerStoredBytes: 54_321, bytes: jsonOf(bytes) },
    },
    broken('pack-trailer/magic.json', bytes.with(4, 0), 'MALFORMED'),
    broken('pack-trailer/footer-too-large.json', bytes.with(3, 1), 'MALFORMED'),
    broken('pack-trailer/footer-too-small.json', Uint8Array.of(16, 0, 0, 0, ...bytes.subarray(4)), 'MALFORMED'),
  ]
}

function frames(): VectorFile[] {
  const frame = (name: string, description: string, kind: FrameKind, number: number): VectorFile => {
    const nonce = new Uint8Array(FRAME_NONCE_BYTES)
    const aad = new Uint8Array(FRAME_AAD_BYTES)
    frameNonce(nonce, number)
    frameAad(aad, { repository: idBytes(repository), kind, number })
    const content = { description, repository, kind, number, nonce: jsonOf(nonce), associatedData: jsonOf(aad) }
    return { path: `frame/${name}.json`, content }
  }
  return [
    frame('data', 'Nonce and associated data of the 259th frame of a pack.', 'data', 258),
    frame('padding', 'A padding frame counts as any other.', 'padding', 3),
    frame('footer', 'The footer has the last number there is.', 'footer', FOOTER_FRAME_NUMBER),
  ]
}

const dataTables: PackTables = {
  frames: Uint32Array.of(1224, 120, 300, 2, 1344, 1000, 0, 0, 2344, 80, 63, 1),
  blobIds: counting(96),
  blobTypes: Uint8Array.of(1, 1, 1),
  blobLengths: Uint32Array.of(100, 200, 63),
}
const treeTables: PackTables = {
  frames: Uint32Array.of(1224, 120, 600, 3),
  blobIds: counting(96),
  blobTypes: Uint8Array.of(2, 3, 4),
  blobLengths: Uint32Array.of(268, 32, 300),
}

function footers(): VectorFile[] {
  const footer = (name: string, description: string, body: PackFooterBody, framesEnd: number): VectorFile => {
    const encoded = encodeFooterTables(body)
    const header = encodePackHeader(packHeader)
    return {
      path: `pack-footer/${name}.json`,
      content: {
        description,
        footer: jsonOf(body),
        framesEnd,
        signature: jsonOf(signature),
        repository,
        header: jsonOf(header),
        signatureInput: jsonOf(footerSignatureInput({ repository, header, body: encoded })),
        bytes: jsonOf(encodePackFooter({ body: encoded, signature })),
      },
    }
  }
  const spoilt = (name: string, changes: Partial<PackTables>, extensions = new Map<number, number>()): VectorFile => {
    const tables = { ...dataTables, ...changes }
    const body = encodeCbor([
      idBytes(instance),
      1,
      column(tables.frames),
      tables.blobIds,
      tables.blobTypes,
      column(tables.blobLengths),
      extensions,
    ])
    return broken(`pack-footer/${name}.json`, encodePackFooter({ body, signature }), 'MALFORMED', { framesEnd: 2424 })
  }
  const { frames: rows, blobLengths } = dataTables
  return [
    footer(
      'data',
      'Two frames of data blobs around one of padding.',
      { instance, kind: 'data', level: 0, tables: dataTables },
      2424,
    ),
    footer(
      'tree',
      'A tree, a list and a detail blob in one frame.',
      { instance, kind: 'tree', level: 0, tables: treeTables },
      1344,
    ),
    footer(
      'level',
      'A pack of level 3: its copies of blobs come before those of lower levels.',
      { instance, kind: 'data', level: 3, tables: dataTables },
      2424,
    ),
    spoilt('level-zero-spelt-out', {}, new Map([[1, 0]])),
    spoilt('level-too-high', {}, new Map([[1, 2 ** 32]])),
    spoilt('frame-inside-the-header', { frames: rows.with(0, 1223) }),
    spoilt('frames-overlap', { frames: rows.with(4, 1343) }),
    spoilt('gap-between-frames', { frames: rows.with(8, 2345).with(9, 79) }),
    spoilt('gap-before-the-footer', { frames: rows.with(9, 79) }),
    spoilt('frame-beyond-the-end', { frames: rows.with(9, 81) }),
    spoilt('blobs-do-not-fill-frame', { blobLengths: blobLengths.with(0, 99) }),
    spoilt('blob-without-frame', { frames: rows.slice(0, 8) }),
    spoilt('blob-empty', { blobLengths: Uint32Array.of(0, 300, 63) }),
    spoilt('blob-type-unknown', { blobTypes: Uint8Array.of(1, 5, 1) }),
    spoilt('tree-blob-in-data-pack', { blobTypes: Uint8Array.of(1, 2, 1) }),
    spoilt('column-cut-short', { blobTypes: Uint8Array.of(1, 1) }),
  ]
}

function indexes(): VectorFile[] {
  const pack = { salt: counting(32, 0x10), bytes: 5000, generation: 1, level: 0 }
  const good: IndexColumns = {
    sealedWriterKeys: [counting(1168), counting(1168, 1)],
    packs: [
      { id: hexId<ObjectId>(counting(32, 0x20)), kind: 'data', ...pack, writerKey: 1 },
      { id: hexId<ObjectId>(counting(32, 0x30)), kind: 'tree', ...pack, writerKey: 0 },
    ],
    framePacks: Uint32Array.of(0, 0, 1),
    frameOffsets: Uint32Array.of(1224, 2224, 1224),
    frameStoredBytes: Uint32Array.of(1000, 500, 700),
    frameRawBytes: Uint32Array.of(3000, 400, 1000),
    blobIds: counting(128),
    blobFrames: Uint32Array.of(2, 0, 1, 0),
    blobOffsets: Uint32Array.of(0, 0, 0, 2000),
    blobLengths: Uint32Array.of(1000, 2000, 400, 1000),
  }
  const none = new Uint32Array(0)
  const empty: IndexColumns = {
    sealedWriterKeys: [],
    packs: [],
    framePacks: none,
    frameOffsets: none,
    frameStoredBytes: none,
    frameRawBytes: none,
    blobIds: new Uint8Array(0),
    blobFrames: none,
    blobOffsets: none,
    blobLengths: none,
  }
  const spoilt = (
    name: string,
    changes: Parameters<typeof indexItems>[1],
    extensions?: ReadonlyMap<number, Uint8Array>,
  ): VectorFile => {
    return broken(`index/${name}.json`, encodeCbor(indexItems(good, changes, extensions)), 'MALFORMED')
  }
  const vector = (name: string, description: string, columns: IndexColumns): VectorFile => {
    const content = { description, index: jsonOf(columns), bytes: jsonOf(encodeIndex(columns)) }
    return { path: `index/${name}.json`, content }
  }
  return [
    vector('plain', 'Two packs of two runs, three frames, four blobs.', good),
    vector('levels', 'The second pack has level 3.', {
      ...good,
      packs: good.packs.map((each, i) => ({ ...each, level: i * 3 })),
    }),
    vector('empty', 'An index of nothing.', empty),
    spoilt('levels-all-zero', {}, new Map([[1, column(Uint32Array.of(0, 0))]])),
    spoilt('levels-cut-short', {}, new Map([[1, column(Uint32Array.of(3))]])),
    spoilt('pack-twice', { 1: Buffer.concat([counting(32), counting(32)]) }),
    spoilt('pack-kind-unknown', { 2: Uint8Array.of(1, 3) }),
    spoilt('writer-key-missing', { 5: column(Uint32Array.of(2, 0)) }),
    spoilt('frame-of-missing-pack', { 7: column(Uint32Array.of(0, 0, 2)) }),
    spoilt('frames-out-of-order', { 7: column(Uint32Array.of(1, 0, 0)) }),
    spoilt('frame-left-out', { 8: column(Uint32Array.of(1224, 2225, 1224)) }),
    spoilt('frame-beyond-its-pack', { 9: column(Uint32Array.of(1000, 500, 4000)) }),
    spoilt('blobs-out-of-order', { 11: Buffer.concat([counting(32, 1), counting(96)]) }),
    spoilt('blob-twice', { 11: Buffer.concat([counting(32), counting(32), counting(64, 64)]) }),
    spoilt('blob-of-missing-frame', { 12: column(Uint32Array.of(3, 0, 1, 0)) }),
    spoilt('blob-beyond-its-frame', { 13: column(Uint32Array.of(0, 0, 0, 2001)) }),
    spoilt('column-cut-short', { 14: column(Uint32Array.of(1000, 2000, 400)) }),
  ]
}

/** The items of an index file, some of them exchanged for what its encoder would refuse. */
function indexItems(
  columns: IndexColumns,
  changes: Readonly<Record<number, Uint8Array>>,
  extensions: ReadonlyMap<number, Uint8Array> = new Map(),
): (Uint8Array | ReadonlyMap<number, Uint8Array>)[] {
  const { packs } = columns
  const items = [
    Buffer.concat(columns.sealedWriterKeys),
    Buffer.concat(packs.map(({ id }) => idBytes(id))),
    Uint8Array.of(1, 2),
    Buffer.concat(packs.map(({ salt }) => salt)),
    column(Uint32Array.from(packs, ({ bytes }) => bytes)),
    column(Uint32Array.from(packs, ({ writerKey }) => writerKey)),
    column(Uint32Array.from(packs, ({ generation }) => generation)),
    column(columns.framePacks),
    column(columns.frameOffsets),
    column(columns.frameStoredBytes),
    column(columns.frameRawBytes),
    columns.blobIds,
    column(columns.blobFrames),
    column(columns.blobOffsets),
    column(columns.blobLengths),
  ]
  for (const [index, item] of Object.entries(changes)) items[Number(index)] = item
  return [...items, extensions]
}

function column(numbers: Uint32Array): Uint8Array {
  const bytes = Buffer.alloc(numbers.byteLength)
  numbers.forEach((number, i) => bytes.writeUInt32LE(number, i * 4))
  return bytes
}
