import { fc } from '../support/fast-check.ts'
import type { Timespec } from '../../src/base/clock.ts'
import type { ChainId, InstanceId, ObjectId, PointId, RunId } from '../../src/base/ids.ts'
import { hexId } from '../../src/base/ids.ts'
import { byteString } from '../../src/base/byte-string.ts'
import type { PointDetail, RecordBodies } from '../../src/format/records.ts'
import { bytesOfLength } from './pack-arbitraries.ts'

function id<Id extends string>(length: number): fc.Arbitrary<Id> {
  return bytesOfLength(length).map((bytes) => hexId<Id>(bytes))
}

const time: fc.Arbitrary<Timespec> = fc.record({
  seconds: fc.maxSafeInteger(),
  nanoseconds: fc.nat({ max: 999_999_999 }),
})
const label = fc.string({ unit: 'grapheme', maxLength: 12 })
const labels = fc.array(label, { maxLength: 4 })
const count = fc.maxSafeNat()
const objects = fc.array(id<ObjectId>(32), { maxLength: 4 })
const labelled = fc.array(fc.tuple(label, count), { maxLength: 4 }).map((pairs) => new Map(pairs))
const idsOf = (most: number): fc.Arbitrary<Uint8Array> => {
  return fc.array(bytesOfLength(32), { minLength: 1, maxLength: most }).map((ids) => new Uint8Array(Buffer.concat(ids)))
}

const plainPoint: fc.Arbitrary<RecordBodies['points']> = fc.record({
  point: id<PointId>(16),
  chain: id<ChainId>(16),
  sequence: fc.integer({ min: 1 }),
  type: fc.constantFrom('full' as const, 'incremental' as const),
  started: time,
  finished: time,
  instance: id<InstanceId>(16),
  run: id<RunId>(16),
  parents: fc.array(fc.record({ point: id<PointId>(16), hash: bytesOfLength(64) }), { maxLength: 2 }),
  parts: fc.array(
    fc.record({
      name: label,
      source: label,
      version: count,
      attributes: fc.array(fc.tuple(label, label), { maxLength: 3 }).map((pairs) => new Map(pairs)),
      trees: idsOf(2),
    }),
    { maxLength: 3 },
  ),
  bytes: count,
  bytesStored: count,
  packs: objects,
  indexes: objects,
  objectsHash: bytesOfLength(64),
  counts: fc.record({
    files: count,
    dirs: count,
    others: count,
    filesNew: count,
    filesChanged: count,
    filesUnchanged: count,
    filesRemoved: count,
    bytesRead: count,
    bytesStored: count,
    blobsStored: count,
  }),
  coverage: fc.record({ expected: count, stored: count, skipped: labelled, unreadable: labelled }),
  tags: labels,
  description: label,
  tool: label,
  replaces: fc.option(id<PointId>(16), { nil: undefined }),
  detail: bytesOfLength(32),
  features: fc.record({ read: labels, write: labels, prune: labels }),
})

const extensions: fc.Arbitrary<Pick<RecordBodies['points'], 'tripwire' | 'undo'>> = fc.record(
  {
    tripwire: fc.record({
      contentBytes: count,
      incompressibleBytes: fc.constant(0),
      suspicions: fc.array(fc.record({ reason: label, usual: count, found: count }), { maxLength: 2 }),
    }),
    undo: fc.record({ restored: id<PointId>(16) }),
  },
  { requiredKeys: [] },
)
const point = fc.tuple(plainPoint, extensions).map(([plain, more]) => ({ ...plain, ...more }))

/** Any record of each kind. */
export const anyRecord: { readonly [Kind in keyof RecordBodies]: fc.Arbitrary<RecordBodies[Kind]> } = {
  points: point,
  instances: fc.record({
    instance: id<InstanceId>(16),
    name: label,
    host: label,
    user: label,
    publicKey: bytesOfLength(32),
    created: time,
    certificate: fc.oneof(bytesOfLength(0), bytesOfLength(64)),
  }),
  runs: fc.record({ run: id<RunId>(16), instance: id<InstanceId>(16), counter: count, started: time }),
  marks: fc.record({ packs: objects, made: time }),
  dead: fc.record({ packs: objects, mark: id<ObjectId>(32), made: time }),
  lost: fc.record({ packs: objects, blobs: idsOf(3), made: time }),
  tombstones: fc.oneof(
    fc.record(
      {
        target: fc.constant('point' as const),
        id: id<PointId>(16),
        hash: bytesOfLength(64),
        made: time,
        ownerSignature: bytesOfLength(64),
        takenBack: fc.constant(true as const),
      },
      { requiredKeys: ['target', 'id', 'hash', 'made', 'ownerSignature'] },
    ),
    fc.record({
      target: fc.constant('slot' as const),
      id: id<ObjectId>(32),
      hash: bytesOfLength(32),
      made: time,
      ownerSignature: bytesOfLength(64),
    }),
  ),
  notes: fc.record({ point: id<PointId>(16), addTags: labels, removeTags: labels, text: label, made: time }),
}

const path = fc.uint8Array({ maxLength: 60 }).map(byteString)

export const anyDetail: fc.Arbitrary<PointDetail> = fc.record({
  host: label,
  user: label,
  sources: fc.array(path, { maxLength: 4 }),
  omissions: fc.array(fc.record({ part: label, path, reason: label, bytes: count }), { maxLength: 6 }),
})
