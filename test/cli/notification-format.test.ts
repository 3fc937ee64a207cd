import { expect, test } from 'vitest'

import { missedLines } from '../../src/cli/plan-format.ts'
import { notificationLines } from '../../src/cli/notification-format.ts'
import type { NotificationDocument } from '../../src/service/control/documents.ts'

const FAILED: NotificationDocument = {
  ...{ id: 7, state: 'active', priority: 'high', category: 'failure', plan: 'home', title: 'home: copy failed' },
  ...{ message: 'copy of the plan "home" failed: no room.\nFree some \u001b[2Jroom.', count: 2 },
  ...{ raised: '2026-03-01T10:00:00Z', last: '2026-03-01T10:00:00Z', resolved: null },
}

test('what a notification says stands below it, wrapped, and orders a terminal nothing', () => {
  const [headings, row, ...message] = notificationLines([FAILED], 32)
  expect(headings).toMatch(/^Id {2}Last.*What$/)
  expect(row).toMatch(/^ 7 .*home: copy failed$/)
  expect(message).toEqual(['    copy of the plan "home"', '    failed: no room.', '    Free some \\x1b[2Jroom.'])
})

test('each promise that a plan misses is said in words', () => {
  const missed = [
    { promise: 'recovery', promisedMs: 7_200_000, actualMs: 10_800_000 },
    { promise: 'no-success-since', promisedMs: 86_400_000, actualMs: 172_800_000 },
  ] as const
  const lines = missedLines([
    { name: 'home', missed: [...missed] },
    { name: 'other', missed: [] },
  ])
  expect(lines).toEqual([
    expect.stringMatching(/home misses its promise: a restore would take 3 h.*; it promises 2 h/),
    expect.stringMatching(/home misses its promise: no point for 2 d.*; it promises one every 1 d/),
  ])
})
