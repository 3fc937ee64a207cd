import { expect, test } from 'vitest'

import type { Json } from '../../../src/service/jobs/job.ts'
import { progressOf } from '../../../src/service/jobs/command-progress.ts'

const NOTHING = { bytesDone: 0, bytesTotal: undefined, itemsDone: 0, itemsTotal: undefined, path: undefined }

test.each<[string, Record<string, Json>, object]>([
  [
    'backup',
    { filesDone: 1, filesFound: 9, bytesDone: 2, bytesFound: 8, bytesStored: 5, scanned: false, path: '/a' },
    { step: 'backup', bytesDone: 2, itemsDone: 1, path: '/a' },
  ],
  [
    'backup',
    { filesDone: 1, filesFound: 9, bytesDone: 2, bytesFound: 8, bytesStored: 5, scanned: true, path: '/a' },
    { step: 'backup', bytesDone: 2, bytesTotal: 8, itemsDone: 1, itemsTotal: 9, path: '/a' },
  ],
  [
    'backup',
    {
      ...{ filesDone: 9, filesFound: 9, bytesDone: 8, bytesFound: 8, scanned: true, path: '/a' },
      ...{ storing: true, bytesStored: 5, bytesWaiting: 2 },
    },
    { step: 'storing', bytesDone: 5, bytesTotal: 7, itemsDone: 9, itemsTotal: 9 },
  ],
  [
    'restore',
    { entriesDone: 3, entriesTotal: 4, bytesDone: 5, bytesTotal: 6, planned: true, path: '/b' },
    { step: 'restore', bytesDone: 5, bytesTotal: 6, itemsDone: 3, itemsTotal: 4, path: '/b' },
  ],
  ['check', { step: 'trees', done: 3, total: 0 }, { step: 'trees', itemsDone: 3 }],
  ['check', { step: 'data', done: 3, total: 7 }, { step: 'data', bytesDone: 3, bytesTotal: 7 }],
  [
    'copy',
    { point: 'x', pointsDone: 1, pointsTotal: 2, filesDone: 77, bytesRead: 5, bytesStored: 3 },
    { step: 'copy', bytesDone: 5, itemsDone: 1, itemsTotal: 2 },
  ],
  ['prune', { step: 'repack', done: 1, total: 2 }, { step: 'repack', itemsDone: 1, itemsTotal: 2 }],
  ['prune', { step: 7, done: -1, total: 'many', bytesDone: 1e300, path: null }, { step: 'prune' }],
])('of %s, %j is understood', (command, event, expected) => {
  expect(progressOf(command, { type: 'progress', ...event }, 5)).toEqual({ atMs: 5, ...NOTHING, ...expected })
})
