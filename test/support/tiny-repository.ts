import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import {
  type BlobId,
  type ChainId,
  hexId,
  idBytes,
  type ObjectId,
  type PointId,
  type RealmId,
  type RepositoryId,
  type RunId,
} from '../../src/base/ids.ts'
import type { Randomness } from '../../src/base/random.ts'
import { keyedBlake3 } from '../../src/crypto/blake3.ts'
import { sha512 } from '../../src/crypto/sha512.ts'
import type { IndexColumns } from '../../src/format/index-file.ts'
import {
  BLOB_TYPE_NUMBERS,
  type BlobType,
  FRAME_TAG_BYTES,
  type PackKind,
  type PackTables,
} from '../../src/format/pack.ts'
import type { PointRecord } from '../../src/format/records.ts'
import { finishPack } from '../../src/repository/finish-pack.ts'
import { FrameSealer } from '../../src/repository/frame-sealer.ts'
import { type Instance, openInstance } from '../../src/repository/instance-key.ts'
import { type KeyRing, openKeyRing } from '../../src/repository/key-ring.ts'
import { RecordStore } from '../../src/repository/record-store.ts'
import { RunKeys } from '../../src/repository/run-keys.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { seededRandomness } from './seeded-randomness.ts'

export interface TinyBlob {
  readonly id: BlobId
  readonly type: BlobType
  readonly bytes: Uint8Array
}

/** A pack in the store, with all that an index file says of it. */
export interface TinyPack {
  readonly id: ObjectId
  readonly kind: PackKind
  readonly salt: Uint8Array
  readonly bytes: number
  readonly generation: number
  readonly level: number
  readonly sealedWriterKey: Uint8Array
  readonly tables: PackTables
}

export interface TinyPoint {
  readonly object: ObjectId
  readonly record: PointRecord
  /** SHA-512 of the record's inner bytes. */
  readonly innerHash: Uint8Array
}

/** A repository built by hand, object by object, with the real codecs and keys: for tests of what reads one. */
export class TinyRepository {
  readonly id: RepositoryId
  readonly ring: KeyRing
  readonly records: RecordStore
  readonly driver: Driver
  readonly instance: Instance
  readonly run: RunId
  readonly #randomness: Randomness
  readonly #runKeys: RunKeys

  private constructor(parts: {
    id: RepositoryId
    ring: KeyRing
    records: RecordStore
    driver: Driver
    instance: Instance
    randomness: Randomness
    runKeys: RunKeys
  }) {
    this.id = parts.id
    this.ring = parts.ring
    this.records = parts.records
    this.driver = parts.driver
    this.instance = parts.instance
    this.#randomness = parts.randomness
    this.#runKeys = parts.runKeys
    this.run = hexId(this.#randomness.bytes(16))
  }

  /** Makes an empty one; the same seed makes the same bytes. */
  static async create(options: { seed?: string; driver?: Driver } = {}): Promise<TinyRepository> {
    const randomness = seededRandomness(options.seed ?? 'tiny')
    const driver = options.driver ?? new MemoryDriver()
    const id = hexId<RepositoryId>(randomness.bytes(16))
    const ring = openKeyRing(
      {
        kind: 'full',
        ownerSeed: Uint8Array.from(randomness.bytes(32)),
        generations: [Uint8Array.from(randomness.bytes(32))],
        realms: [{ id: hexId<RealmId>(randomness.bytes(12)), name: 'home' }],
      },
      randomness,
    )
    const records = new RecordStore({ driver, repository: id, ring, randomness })
    const instance = await newInstance('tiny', randomness)
    const runKeys = new RunKeys(id, ring.realm(), randomness)
    return new TinyRepository({ id, ring, records, driver, instance, randomness, runKeys })
  }

  /** Returns a record store of its own, as another process would have it. */
  reopenRecords(driver: Driver = this.driver): RecordStore {
    return new RecordStore({ driver, repository: this.id, ring: this.ring, randomness: this.#randomness })
  }

  /** Makes another machine that writes to the repository. */
  async newInstance(name: string): Promise<Instance> {
    return newInstance(name, this.#randomness)
  }

  randomId<Id extends string>(bytes = 16): Id {
    return hexId(this.#randomness.bytes(bytes))
  }

  blob(text: string | Uint8Array, type: BlobType = 'data'): TinyBlob {
    const bytes = typeof text === 'string' ? utf8(text) : text
    return { id: keyedBlake3(this.ring.realm().idKey(type), bytes) as BlobId, type, bytes }
  }

  /** Stores a pack with these frames. */
  async putPack(frames: readonly (readonly TinyBlob[])[], kind: PackKind = 'data', level = 0): Promise<TinyPack> {
    const { header, salt, key } = this.#runKeys.newPack()
    const sealer = new FrameSealer(idBytes(this.id), 4 << 20)
    const parts: Uint8Array[] = [header]
    const rows: number[] = []
    let end = header.byteLength
    frames.forEach((blobs, number) => {
      const raw = concatBytes(...blobs.map((blob) => blob.bytes))
      const plain = sealer.encode(raw)
      const sealed = new Uint8Array(plain.byteLength + FRAME_TAG_BYTES)
      sealer.seal(sealed, plain, raw, { key, number, kind: 'data' })
      rows.push(end, sealed.byteLength, raw.byteLength, blobs.length)
      parts.push(sealed)
      end += sealed.byteLength
    })
    const blobs = frames.flat()
    const tables: PackTables = {
      frames: Uint32Array.from(rows),
      blobIds: concatBytes(...blobs.map((blob) => blob.id)),
      blobTypes: Uint8Array.from(blobs, (blob) => BLOB_TYPE_NUMBERS[blob.type]),
      blobLengths: Uint32Array.from(blobs, (blob) => blob.bytes.byteLength),
    }
    const finished = finishPack(this.id, this.instance, { kind, level, parts, key, tables })
    await this.driver.put({ kind: 'packs', id: finished.id }, finished.parts)
    const { generation, sealedWriterKey } = this.#runKeys
    return { id: finished.id, kind, salt, bytes: finished.storedBytes, generation, level, sealedWriterKey, tables }
  }

  /** Stores an index file that names these packs. */
  async putIndex(packs: readonly TinyPack[]): Promise<ObjectId> {
    return (await this.records.put('index', indexOf(packs), this.instance)).id
  }

  /** Stores a point; `parents` are linked by the hashes of their records. */
  async putPoint(
    fields: Partial<PointRecord> & { readonly after?: readonly TinyPoint[] } = {},
    signer: Instance = this.instance,
  ): Promise<TinyPoint> {
    const { after = [], ...rest } = fields
    const record: PointRecord = {
      point: this.randomId<PointId>(),
      chain: after[0]?.record.chain ?? this.randomId<ChainId>(),
      sequence: 1 + Math.max(0, ...after.map((parent) => parent.record.sequence)),
      type: after.length === 0 ? 'full' : 'incremental',
      started: { seconds: 1_700_000_000, nanoseconds: 0 },
      finished: { seconds: 1_700_000_060, nanoseconds: 0 },
      instance: signer.id,
      run: this.run,
      parents: after.map((parent) => ({ point: parent.record.point, hash: parent.innerHash })),
      parts: [],
      bytes: 0,
      bytesStored: 0,
      packs: [],
      indexes: [],
      objectsHash: sha512(),
      counts: {
        files: 0,
        dirs: 0,
        others: 0,
        filesNew: 0,
        filesChanged: 0,
        filesUnchanged: 0,
        filesRemoved: 0,
        bytesRead: 0,
        bytesStored: 0,
        blobsStored: 0,
      },
      coverage: { expected: 0, stored: 0, skipped: new Map(), unreadable: new Map() },
      tags: [],
      description: '',
      tool: 'test',
      replaces: undefined,
      detail: new Uint8Array(32),
      features: { read: [], write: [], prune: [] },
      ...rest,
    }
    const { id, inner } = await this.records.put('points', record, signer)
    return { object: id, record, innerHash: sha512(inner) }
  }
}

/** Returns the columns of an index file that names these packs. */
export function indexOf(packs: readonly TinyPack[]): IndexColumns {
  const writerKeys = [...new Set(packs.map((pack) => pack.sealedWriterKey))]
  const frames: { pack: number; offset: number; storedBytes: number; rawBytes: number }[] = []
  const blobs: { id: Uint8Array; frame: number; offset: number; length: number }[] = []
  packs.forEach(({ tables }, pack) => {
    let blob = 0
    for (let row = 0; row < tables.frames.length; row += 4) {
      const [offset = 0, storedBytes = 0, rawBytes = 0, count = 0] = tables.frames.subarray(row, row + 4)
      const frame = frames.push({ pack, offset, storedBytes, rawBytes }) - 1
      let at = 0
      for (const end = blob + count; blob < end; blob++) {
        const length = tables.blobLengths[blob]!
        blobs.push({ id: tables.blobIds.subarray(blob * 32, blob * 32 + 32), frame, offset: at, length })
        at += length
      }
    }
  })
  blobs.sort((a, b) => Buffer.compare(a.id, b.id))
  // Within one file every blob stands once.
  const unique = blobs.filter((blob, i) => i === 0 || Buffer.compare(blob.id, blobs[i - 1]!.id) !== 0)
  return {
    sealedWriterKeys: writerKeys,
    packs: packs.map(({ id, kind, salt, bytes, generation, level, sealedWriterKey }) => {
      return { id, kind, salt, bytes, generation, level, writerKey: writerKeys.indexOf(sealedWriterKey) }
    }),
    framePacks: Uint32Array.from(frames, (frame) => frame.pack),
    frameOffsets: Uint32Array.from(frames, (frame) => frame.offset),
    frameStoredBytes: Uint32Array.from(frames, (frame) => frame.storedBytes),
    frameRawBytes: Uint32Array.from(frames, (frame) => frame.rawBytes),
    blobIds: concatBytes(...unique.map((blob) => blob.id)),
    blobFrames: Uint32Array.from(unique, (blob) => blob.frame),
    blobOffsets: Uint32Array.from(unique, (blob) => blob.offset),
    blobLengths: Uint32Array.from(unique, (blob) => blob.length),
  }
}

async function newInstance(name: string, randomness: Randomness): Promise<Instance> {
  return openInstance(
    { load: async () => undefined, save: async () => undefined },
    {
      describe: () => ({ name, host: `${name}-host`, user: 'user' }),
      clock: { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 },
      randomness,
    },
  )
}
