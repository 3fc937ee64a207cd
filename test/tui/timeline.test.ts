import { expect, test } from 'vitest'

import { timelineOf } from '../../tui/screens/points/timeline.ts'
import { shownTime } from '../../tui/text/when.ts'
import { seededApplication } from '../support/seeded-application.ts'

const COLUMNS = 80
const POINTS = seededApplication({ pointCount: COLUMNS }).pointList.toReversed()
const TIMES = [POINTS.at(-1), POINTS[0]].map((point) => shownTime(point?.startedMs ?? 0))

test('below each point that is chosen there is a mark, which covers neither the first nor the last time', () => {
  for (const [index, chosen] of POINTS.entries()) {
    const { bars, scale } = timelineOf(POINTS, chosen, COLUMNS)
    expect([bars.length, scale.length]).toEqual([COLUMNS, COLUMNS])
    // The newest one comes first, and stands at the end.
    expect(scale.indexOf('▲')).toBe(COLUMNS - 1 - index)
    const words = scale.split(/ {2,}|▲/).map((word) => word.trim())
    expect(words.filter((word) => word !== '')).toEqual(TIMES)
  }
})

test('without a chosen point there are the times alone, and of one point both are the same', () => {
  expect(timelineOf(POINTS, undefined, COLUMNS).scale.split(/ {2,}/)).toEqual(TIMES)
  const one = POINTS.slice(0, 1)
  expect(timelineOf(one, one[0], COLUMNS).scale.split(/ +▲? +/)).toEqual([TIMES[1], TIMES[1]])
  expect(timelineOf([], undefined, COLUMNS)).toEqual({ bars: '', scale: '' })
})
