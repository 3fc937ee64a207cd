import { expect, test } from 'vitest'

import { filterPoints, whyNoneFound } from '../../tui/screens/points/filter-points.ts'
import { seededApplication } from '../support/seeded-application.ts'

const POINTS = seededApplication({ pointCount: 3 }).pointList.map((point, index) => ({
  ...point,
  tags: index === 0 ? ['weekly', 'before-update'] : ['weekly'],
  instanceName: 'atlas',
}))

test('points are found by words of any place, or of one that is named', () => {
  expect(filterPoints(POINTS, 'tag:before instance:ATL')).toEqual(POINTS.slice(0, 1))
  expect(filterPoints(POINTS, 'weekly')).toEqual(POINTS)
})

test.each([
  ['tag:wekly', 'no tag has "wekly" in it; is "weekly" meant?'],
  ['tag:photos', 'no tag has "photos" in it; there are weekly, before-update'],
  ['type:full instance:laptop', 'no instance has "laptop" in it; there is atlas'],
  ['tags:weekly', 'no point has the word "tags:weekly"; what can be asked for is tag: instance: source: type:'],
  ['nowhere', 'no point has the word "nowhere"'],
])('of a filter that finds nothing it is told which word, and what there is: %s', (filter, told) => {
  const points = POINTS.map((point) => ({ ...point, type: 'full' as const }))
  expect(filterPoints(points, filter)).toEqual([])
  expect(whyNoneFound(points, filter)).toBe(told)
})

test('a filter whose words are all there, but never together, says so; and so does one for what nothing has', () => {
  const apart = POINTS.map((point, index) => ({ ...point, tags: [index === 0 ? 'one' : 'two'] }))
  expect(whyNoneFound(apart, 'tag:one tag:two')).toBe('no point has all of these words')
  const untagged = POINTS.map((point) => ({ ...point, tags: [] }))
  expect(whyNoneFound(untagged, 'tag:one')).toBe('no tag has "one" in it: there is none')
})
