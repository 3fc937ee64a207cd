import { expect, test } from 'vitest'

import { IntegrityError } from '../../../src/base/errors.ts'
import type { PointBlobs } from '../../../src/engine/point-view-layout.ts'
import { encodePointDetail } from '../../../src/format/point-detail-codec.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { PointDetails, sizesOf } from '../../../src/service/application/show-point.ts'
import type { PointData } from '../../../src/service/application/shown.ts'

const MINUTE_MS = 60_000

function pointOf(id: string): PointInfo {
  return { object: id, realm: 'home', record: { detail: id } } as unknown as PointInfo
}

test('the detail of a point that is damaged leaves the others readable, and is asked for again once it may be mended', async () => {
  const damaged = new Set(['b'])
  const asked: string[][] = []
  const blobs = {
    readAll: async (ids: readonly string[]) => {
      asked.push([...ids])
      if (ids.some((id) => damaged.has(id))) throw new IntegrityError('AUTH_FAILED', 'it was damaged')
      return ids.map((id) => encodePointDetail({ host: 'h', user: 'u', sources: [`/${id}`], omissions: [] }))
    },
  } as unknown as PointBlobs
  const points = [pointOf('a'), pointOf('b')]
  const details = new PointDetails()
  const known = async (nowMs: number): Promise<string[]> =>
    [...(await details.of({ blobs: async () => blobs }, points, nowMs)).keys()].map(String)
  expect(await known(0)).toEqual(['a'])
  asked.length = 0
  expect(await known(MINUTE_MS - 1)).toEqual(['a'])
  expect(asked).toEqual([])
  damaged.clear()
  expect(await known(MINUTE_MS)).toEqual(['a', 'b'])
  expect(asked).toEqual([['b']])
})

function grown(bytesStored: number, bytes: number): PointData {
  return { finishedMs: 0, bytesStored, bytes } as PointData
}

test.each([
  ['with what forgotten points left to it', 1000, [990, 1000]],
  ['without what was taken away by a prune', 9, [4, 9]],
  ['and never to more than there is', 6, [4, 6]],
])('a repository has grown to what its packs take now, %s', (_, packBytes, stored) => {
  const sizes = sizesOf([grown(4, 980), grown(10, 1000)], packBytes)
  expect(sizes.map(({ bytesStored }) => bytesStored)).toEqual(stored)
  expect(sizes.map(({ bytesRaw }) => bytesRaw)).toEqual([980, 1980])
})
