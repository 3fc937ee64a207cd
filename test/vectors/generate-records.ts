import { byteStringOf } from '../../src/base/byte-string.ts'
import type { ChainId, InstanceId, ObjectId, PointId, RealmId, RepositoryId, RunId } from '../../src/base/ids.ts'
import { hexId, idBytes } from '../../src/base/ids.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { decodeCbor, encodeCbor } from '../../src/format/cbor.ts'
import { CborWriter } from '../../src/format/cbor-writer.ts'
import { type CreatedEntry, writeCreated } from '../../src/format/created-codec.ts'
import { encodeEnvelopeHeader, encodeEnvelopeInner, envelopeAad, signatureInput } from '../../src/format/envelope.ts'
import { certificateInput, tombstoneInput } from '../../src/format/owner-signatures.ts'
import { encodePointDetail } from '../../src/format/point-detail-codec.ts'
import { encodeRecordBody } from '../../src/format/record-codec.ts'
import type { PointDetail, PointRecord, RecordBodies } from '../../src/format/records.ts'
import type { Json, VectorFile } from './vector-file.ts'
import { broken, counting, jsonOf } from './vector-file.ts'

const repository = hexId<RepositoryId>(counting(16, 0xa0))
const instance = hexId<InstanceId>(counting(16, 0xb0))
const packs = [hexId<ObjectId>(counting(32, 0x20)), hexId<ObjectId>(counting(32, 0x30))]
const time = { seconds: 1_700_000_000, nanoseconds: 5 }
const signature = counting(64, 0x40)

const fullPoint: PointRecord = {
  point: hexId<PointId>(counting(16, 0x10)),
  chain: hexId<ChainId>(counting(16, 0x50)),
  sequence: 1,
  type: 'full',
  started: time,
  finished: { seconds: 1_700_000_100, nanoseconds: 999_999_999 },
  instance,
  run: hexId<RunId>(counting(16, 0x60)),
  parents: [],
  parts: [
    {
      name: 'home',
      source: 'directory',
      version: 1,
      attributes: new Map([
        ['fs', 'ext4'],
        ['mount', '/'],
      ]),
      trees: counting(64),
    },
  ],
  bytes: 123_456_789_012,
  bytesStored: 98_765,
  packs,
  indexes: [hexId<ObjectId>(counting(32, 0x70))],
  objectsHash: counting(64),
  counts: {
    files: 10,
    dirs: 3,
    others: 1,
    filesNew: 10,
    filesChanged: 0,
    filesUnchanged: 0,
    filesRemoved: 0,
    bytesRead: 123_456,
    bytesStored: 98_765,
    blobsStored: 12,
  },
  coverage: {
    expected: 16,
    stored: 14,
    skipped: new Map([['excluded', 1]]),
    unreadable: new Map([['EACCES', 1]]),
  },
  tags: ['nightly'],
  description: '',
  tool: 'tidemark 0.1.0',
  replaces: undefined,
  detail: counting(32, 0x80),
  features: { read: [], write: [], prune: [] },
}

const incrementalPoint: PointRecord = {
  ...fullPoint,
  point: hexId<PointId>(counting(16, 0x11)),
  sequence: 2,
  type: 'incremental',
  parents: [{ point: fullPoint.point, hash: counting(64, 0x90) }],
  replaces: hexId<PointId>(counting(16, 0x12)),
  description: 'before the upgrade',
  features: { read: ['r'], write: ['w'], prune: ['p'] },
}

const copiedPoint: PointRecord = {
  ...fullPoint,
  original: {
    repository: hexId<RepositoryId>(counting(16, 0xd0)),
    inner: counting(80, 0x33),
    publicKey: counting(32, 0xe0),
  },
}

const suspectPoint: PointRecord = {
  ...incrementalPoint,
  tags: ['suspect'],
  tripwire: {
    contentBytes: 1_000_000,
    incompressibleBytes: 990_000,
    suspicions: [
      { reason: 'fewer-files', usual: 400, found: 150 },
      { reason: 'incompressible', usual: 3, found: 140 },
    ],
  },
}

const undoPoint: PointRecord = { ...fullPoint, tags: ['undo'], undo: { restored: hexId<PointId>(counting(16, 0x13)) } }

const tombstone = { target: 'point' as const, id: fullPoint.point, hash: counting(64), made: time }
const instanceRecord = { instance, name: 'ann@host', host: 'host', user: 'ann', publicKey: counting(32), created: time }

const detail: PointDetail = {
  host: 'host',
  user: 'ann',
  sources: ['/home/ann', '/srv/\u00ff'],
  omissions: [{ part: 'home', path: '/cache/x', reason: 'excluded', bytes: 4096 }],
}

export function generate(): VectorFile[] {
  return [...points(), ...created(), ...others(), ...details(), ...envelopes()]
}

function points(): VectorFile[] {
  const spoilt = (name: string, changes: Readonly<Record<number, CborValue>>): VectorFile => {
    return broken(`point/${name}.json`, changed('points', fullPoint, changes), 'MALFORMED')
  }
  return [
    record('point/full', 'points', { description: 'The first point of a chain.', body: fullPoint }),
    record('point/incremental', 'points', { description: 'A point with a parent.', body: incrementalPoint }),
    record('point/copied', 'points', {
      description: 'A point that was copied from another repository.',
      body: copiedPoint,
    }),
    spoilt('original-without-key', { 23: new Map([[1, [counting(16), counting(80)]]]) }),
    spoilt('original-key-cut-short', { 23: new Map([[1, [counting(16), counting(80), counting(31)]]]) }),
    record('point/suspect', 'points', {
      description: 'A point whose making looked as if somebody had encrypted and deleted files.',
      body: suspectPoint,
    }),
    spoilt('tripwire-part-above-whole', { 23: new Map([[2, [1, 2, []]]]) }),
    spoilt('tripwire-suspicion-cut-short', { 23: new Map([[2, [2, 1, [['fewer-files', 1]]]]]) }),
    record('point/undo', 'points', { description: 'A point of what a restore overwrote.', body: undoPoint }),
    spoilt('undo-without-point', { 23: new Map([[3, []]]) }),
    {
      path: 'point/extensions-of-a-later-version.json',
      content: {
        description: 'Unknown extensions are passed over.',
        record: jsonOf(fullPoint),
        bytes: jsonOf(changed('points', fullPoint, { 23: new Map([[4, 'later']]) })),
      },
    },
    spoilt('sequence-zero', { 2: 0 }),
    spoilt('type-unknown', { 3: 3 }),
    spoilt('nanoseconds-out-of-range', { 4: [0, 1_000_000_000] }),
    spoilt('part-without-trees', { 9: [['home', 'directory', 1, new Map(), counting(0)]] }),
    spoilt('pack-id-cut-short', { 12: counting(31) }),
    spoilt('hash-cut-short', { 14: counting(63) }),
    spoilt('detail-missing', { 21: null }),
    spoilt('features-missing', { 22: [] }),
    broken('point/cut-short.json', encodeRecordBody('points', fullPoint).subarray(0, -1), 'MALFORMED'),
  ]
}

function others(): VectorFile[] {
  const ownerSignature = signature
  const run = { run: fullPoint.run, instance, counter: 7, started: time }
  const slotTombstone = {
    target: 'slot' as const,
    id: packs[0] ?? fullPoint.point,
    hash: counting(32, 0x20),
    made: time,
  }
  const pointTombstone = { ...tombstone, ownerSignature }
  const mark = { packs, made: time }
  const note = { point: fullPoint.point, addTags: ['keep'], removeTags: ['nightly'], text: 'checked', made: time }
  return [
    record('instance/certified', 'instances', {
      description: 'An instance that the owner certified.',
      body: { ...instanceRecord, certificate: signature },
      more: { repository, certificateInput: jsonOf(certificateInput(repository, instanceRecord)) },
    }),
    record('instance/uncertified', 'instances', {
      description: 'An instance that met no owner key.',
      body: { ...instanceRecord, certificate: counting(0) },
    }),
    broken(
      'instance/certificate-cut-short.json',
      changed('instances', { ...instanceRecord, certificate: counting(0) }, { 6: counting(63) }),
      'MALFORMED',
    ),
    record('run/plain', 'runs', { description: 'A run that renewed its record seven times.', body: run }),
    broken('run/id-cut-short.json', changed('runs', run, { 0: counting(15) }), 'MALFORMED'),
    record('mark/plain', 'marks', { description: 'Two packs that are not needed.', body: mark }),
    broken('mark/pack-id-cut-short.json', changed('marks', mark, { 0: counting(33) }), 'MALFORMED'),
    record('dead/plain', 'dead', {
      description: 'Two packs that are about to be deleted.',
      body: { packs, mark: hexId<ObjectId>(counting(32)), made: time },
    }),
    broken('dead/mark-missing.json', encodeRecordBody('marks', mark), 'MALFORMED'),
    record('lost/plain', 'lost', {
      description: 'A pack and two blobs that cannot be read.',
      body: { packs: packs.slice(0, 1), blobs: counting(64), made: time },
    }),
    broken(
      'lost/blob-id-cut-short.json',
      changed('lost', { packs, blobs: counting(32), made: time }, { 1: counting(31) }),
      'MALFORMED',
    ),
    record('tombstone/point', 'tombstones', {
      description: 'A point that was removed on purpose.',
      body: pointTombstone,
      more: { repository, ownerSignatureInput: jsonOf(tombstoneInput(repository, tombstone)) },
    }),
    record('tombstone/taken-back', 'tombstones', {
      description: 'A point that was taken back by whoever made it. The owner signed it without the extension.',
      body: { ...pointTombstone, takenBack: true },
      more: { repository, ownerSignatureInput: jsonOf(tombstoneInput(repository, tombstone)) },
    }),
    record('tombstone/slot', 'tombstones', {
      description: 'A key slot that was removed on purpose.',
      body: { ...slotTombstone, ownerSignature },
      more: { repository, ownerSignatureInput: jsonOf(tombstoneInput(repository, slotTombstone)) },
    }),
    broken('tombstone/unsigned.json', changed('tombstones', pointTombstone, { 4: counting(0) }), 'MALFORMED'),
    broken('tombstone/target-unknown.json', changed('tombstones', pointTombstone, { 0: 3 }), 'MALFORMED'),
    broken('tombstone/slot-by-uuid.json', changed('tombstones', pointTombstone, { 0: 2 }), 'MALFORMED'),
    record('note/plain', 'notes', { description: 'Tags changed, and a word about it.', body: note }),
    broken('note/tag-too-long.json', changed('notes', note, { 1: ['x'.repeat(256)] }), 'MALFORMED'),
  ]
}

function created(): VectorFile[] {
  const entries: CreatedEntry[] = [
    { path: byteStringOf('/home/ann/new'), kind: 'dir', size: 0, mtime: time },
    { path: byteStringOf('/home/ann/new/a.txt'), kind: 'file', size: 5, mtime: time },
  ]
  const encoded = (list: readonly CreatedEntry[]): Uint8Array => {
    const writer = new CborWriter()
    for (const entry of list) writeCreated(writer, entry)
    return writer.bytes()
  }
  const bytes = encoded(entries)
  const dots = Buffer.from(bytes).toString('latin1').replace('/new/a.txt', '/new/../xt')
  const content = { description: 'What a restore created.', entries: jsonOf(entries), bytes: jsonOf(bytes) }
  return [
    { path: 'created/plain.json', content },
    broken('created/path-leads-up.json', Buffer.from(dots, 'latin1'), 'MALFORMED'),
    broken('created/cut-short.json', bytes.subarray(0, -1), 'MALFORMED'),
  ]
}

function details(): VectorFile[] {
  const bytes = encodePointDetail(detail)
  const content = { description: 'What a record keeps out of sight.', detail: jsonOf(detail), bytes: jsonOf(bytes) }
  return [
    { path: 'point-detail/plain.json', content },
    broken('point-detail/cut-short.json', bytes.subarray(0, -1), 'MALFORMED'),
  ]
}

function envelopes(): VectorFile[] {
  const header = {
    kind: 'points' as const,
    realm: hexId<RealmId>(counting(12, 0xc0)),
    generation: 1,
    salt: counting(32, 0xe0),
  }
  const bytes = encodeEnvelopeHeader(header)
  const inner = { body: encodeRecordBody('points', fullPoint), signer: instance, signature }
  const innerBytes = encodeEnvelopeInner(inner)
  return [
    {
      path: 'envelope-header/plain.json',
      content: {
        description: 'The first 56 bytes of a sealed point, and what its cipher authenticates.',
        header: jsonOf(header),
        repository,
        associatedData: jsonOf(envelopeAad({ header: bytes, repository })),
        bytes: jsonOf(bytes),
      },
    },
    broken('envelope-header/magic.json', bytes.with(0, 0x55), 'MALFORMED'),
    broken('envelope-header/version.json', bytes.with(5, 2), 'UNSUPPORTED_VERSION'),
    broken('envelope-header/suite.json', bytes.with(6, 2), 'UNSUPPORTED_VERSION'),
    broken('envelope-header/kind-unknown.json', bytes.with(7, 10), 'MALFORMED'),
    broken('envelope-header/generation-zero.json', bytes.with(20, 0), 'MALFORMED'),
    broken('envelope-header/cut-short.json', bytes.subarray(0, -1), 'MALFORMED'),
    {
      path: 'envelope-inner/plain.json',
      content: {
        description: 'The plaintext of a sealed point, and what its signer signs.',
        inner: jsonOf(inner),
        kind: 'points',
        repository,
        signatureInput: jsonOf(signatureInput('points', repository, inner.body)),
        bytes: jsonOf(innerBytes),
      },
    },
    broken(
      'envelope-inner/signature-cut-short.json',
      encodeCbor([inner.body, idBytes(instance), counting(63)]),
      'MALFORMED',
    ),
    broken('envelope-inner/bytes-after-the-end.json', Buffer.concat([innerBytes, Buffer.of(0)]), 'MALFORMED'),
  ]
}

interface RecordCase<Body> {
  readonly description: string
  readonly body: Body
  readonly more?: Readonly<Record<string, Json>>
}

function record<Kind extends keyof RecordBodies>(
  name: string,
  kind: Kind,
  { description, body, more = {} }: RecordCase<RecordBodies[Kind]>,
): VectorFile {
  const content = { description, record: jsonOf(body), ...more, bytes: jsonOf(encodeRecordBody(kind, body)) }
  return { path: `${name}.json`, content }
}

/** The encoding of a record, some of its items exchanged for what its encoder would refuse. */
function changed<Kind extends keyof RecordBodies>(
  kind: Kind,
  body: RecordBodies[Kind],
  changes: Readonly<Record<number, CborValue>>,
): Uint8Array {
  const items = [...(decodeCbor(encodeRecordBody(kind, body)) as readonly CborValue[])]
  for (const [index, item] of Object.entries(changes)) items[Number(index)] = item
  return encodeCbor(items)
}
