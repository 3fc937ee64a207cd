import type { PointData } from '../../src/service/application/shown.ts'
import { FakeApplication } from './fake-application.ts'
import { FakeTree } from './fake-tree.ts'

/** The moment at which dashboards are looked at in tests: 2026-11-21 12:00 UTC. */
export const TEST_NOW_MS = Date.UTC(2026, 10, 21, 12)
const HOUR_MS = 3_600_000

export interface SeedOptions {
  readonly pointCount?: number
  /** Files in the folder /home/arthur/many of every point. */
  readonly manyFiles?: number
}

/** Returns an application with one open repository, `depot`, and points of one tree that changes a little. */
export function seededApplication({ pointCount = 5, manyFiles = 0 }: SeedOptions = {}): FakeApplication {
  const application = new FakeApplication()
  application.repositoryList = [
    {
      name: 'depot',
      url: '/srv/depot',
      driver: 'local',
      isDefault: true,
      state: { kind: 'open', pointCount },
      sharesDisk: false,
      lastTest: undefined,
    },
  ]
  const many = new FakeTree()
  for (let file = 0; file < manyFiles; file++) {
    many.file(`/home/arthur/many/file-${String(file).padStart(6, '0')}.txt`, 'x')
  }
  for (let index = 0; index < pointCount; index++) {
    application.addPoint(pointOf(index, pointCount), manyFiles > 0 ? many : treeOf(index))
    application.sizeList.push({
      atMs: TEST_NOW_MS - (pointCount - index) * HOUR_MS,
      bytesStored: (100 + index) * 2 ** 20,
      bytesRaw: (300 + index * 90) * 2 ** 20,
    })
  }
  return application
}

/** Returns the id of the point that is the `index`th oldest. */
export function pointId(index: number): string {
  return index.toString(16).padStart(8, '0') + 'c0ffee'.repeat(4)
}

function pointOf(index: number, count: number): PointData {
  const startedMs = TEST_NOW_MS - (count - index) * HOUR_MS
  return {
    id: pointId(index),
    chain: 'a'.repeat(32),
    instance: 'b'.repeat(32),
    instanceName: index % 3 === 2 ? 'laptop' : 'server',
    type: index === 0 ? 'full' : 'incremental',
    parents: index === 0 ? [] : [pointId(index - 1)],
    startedMs,
    finishedMs: startedMs + 65_000,
    files: 1000 + index,
    dirs: 100,
    filesNew: 3,
    filesChanged: 2,
    filesRemoved: 1,
    bytes: (300 + index * 90) * 2 ** 20,
    bytesStored: 2 ** 20,
    tags: index % 2 === 0 ? ['nightly'] : [],
    description: '',
    suspect: [],
    sources: ['/home/arthur', '/etc'],
    isUndo: false,
  }
}

function treeOf(index: number): FakeTree {
  const tree = new FakeTree()
    .file('/etc/hosts', '127.0.0.1 localhost\n')
    .file('/home/arthur/notes.txt', `line one\nversion ${index}\nline three\n`, TEST_NOW_MS - index * 1000)
    .file('/home/arthur/photo.png', pngOf(640, 480))
    .file(
      '/home/arthur/data.bin',
      Uint8Array.from({ length: 600 }, (_, at) => at & 0xff),
    )
    .file('/home/arthur/src/main.ts', 'export const answer = 42\n')
    .file('/home/arthur/src/lib/deep.ts', 'export {}\n')
    .link('/home/arthur/latest', 'src/main.ts')
  return index > 0 ? tree.file(`/home/arthur/new-${index}.txt`, 'new') : tree
}

/** Returns the beginning of a PNG file of a size. */
function pngOf(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
  const view = new DataView(bytes.buffer)
  view.setUint32(16, width)
  view.setUint32(20, height)
  return bytes
}
