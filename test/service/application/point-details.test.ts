import { expect, test } from 'vitest'

import { IntegrityError } from '../../../src/base/errors.ts'
import type { PointBlobs } from '../../../src/engine/point-view-layout.ts'
import { encodePointDetail } from '../../../src/format/point-detail-codec.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { PointDetails } from '../../../src/service/application/show-point.ts'

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
