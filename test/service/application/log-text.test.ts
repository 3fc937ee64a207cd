import { expect, test } from 'vitest'

import { logLines, logText } from '../../../src/service/application/log-text.ts'

test.each([
  [
    { type: 'summary', point: 'ab12', filesNew: 2000, errors: 0, bytesStored: 2048, durationMs: 61_000, parent: null },
    'summary: point ab12, files new 2,000, bytes stored 2.0 KiB, duration 1 min 01 s',
  ],
  [
    { type: 'trouble', path: '/a\\xff', pathBytes: 'L2H/', reason: 'missing', bytes: 0 },
    'trouble: path /a\\xff, reason missing',
  ],
  [
    { type: 'error', code: 'STORE_FULL', message: 'no room', hint: 'make some', exitCode: 1, transient: true },
    'error: code STORE_FULL, no room, hint make some, exit code 1, transient',
  ],
  [
    { type: 'summary', troubles: { missing: 1, denied: 0 }, marked: { packs: 2, bytes: 4096 }, points: ['a', 'b'] },
    'summary: troubles missing 1, marked packs 2, marked bytes 4.0 KiB, points a, points b',
  ],
  [
    { type: 'summary', actions: { overwrite: { entries: 1, bytes: 11 }, create: { entries: 0, bytes: 0 } } },
    'summary: overwrite 1 entry, 11 B',
  ],
  [{ type: 'summary', graceSeconds: 86_400, dryRun: false }, 'summary: grace 1 d 00 h'],
])('an event of a command is told in words: %j', (event, words) => {
  expect(logText('out', JSON.stringify(event))).toBe(words)
})

test.each([
  ['err', '{"type":"summary"}'],
  ['hook', '{"type":"summary"}'],
  ['out', '{"type":1}'],
  ['out', '[{"type":"summary"}]'],
  ['out', '{"type":"summary","cut of'],
  ['out', 'a line'],
] as const)('what is no event of a command is left as it is: %s %s', (from, text) => {
  expect(logText(from, text)).toBe(text)
})

test('a summary has a line for each of its figures, and anything else one', () => {
  const summary = {
    type: 'summary',
    target: null,
    filesVerified: 1200,
    bytesWritten: 2048,
    full: true,
    durationMs: 400,
  }
  expect(logLines('out', JSON.stringify(summary))).toEqual([
    'summary',
    '  files verified       1,200',
    '  bytes written        2.0 KiB',
    '  full',
    '  duration             0.4 s',
  ])
  expect(logLines('out', '{"type":"error","message":"no room"}')).toEqual(['error: no room'])
  expect(logLines('err', 'a line')).toEqual(['a line'])
})

test('an event that is deeper than any is cut, however deep', () => {
  const text = `{"type":"x","a":${'{"a":'.repeat(700)}1${'}'.repeat(700)}}`
  expect(logText('out', text)).toBe('x: …')
})
