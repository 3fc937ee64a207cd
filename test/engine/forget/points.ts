import { timespecOfMs } from '../../../src/base/clock.ts'
import type { ChainId, InstanceId, ObjectId, PointId, RealmId, RunId } from '../../../src/base/ids.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'

/** Returns a point of one chain, number `sequence` of it, started at a time that `Date.parse` takes. */
export function pointAt(time: string | number, sequence: number, tags: readonly string[] = []): PointInfo {
  const started = timespecOfMs(typeof time === 'number' ? time : Date.parse(time))
  const id = sequence.toString(16).padStart(32, '0')
  return {
    object: id.padStart(64, '0') as ObjectId,
    realm: '00'.repeat(12) as RealmId,
    signer: '01'.repeat(16) as InstanceId,
    innerHash: new Uint8Array(64),
    tags,
    record: {
      point: id as PointId,
      chain: '02'.repeat(16) as ChainId,
      sequence,
      type: sequence === 1 ? 'full' : 'incremental',
      started,
      finished: started,
      instance: '01'.repeat(16) as InstanceId,
      run: '03'.repeat(16) as RunId,
      parents: [],
      parts: [],
      bytes: 0,
      bytesStored: 0,
      packs: [],
      indexes: [],
      objectsHash: new Uint8Array(64),
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
      tags,
      description: '',
      tool: 'test',
      replaces: undefined,
      detail: new Uint8Array(32),
      features: { read: [], write: [], prune: [] },
    },
  }
}
