import { fc } from '../support/fast-check.ts'
import { expect, test } from 'vitest'

import type { PreviewItem } from '../../src/service/application/shown.ts'
import { imageSizeOf } from '../../tui/screens/browse/image-size.ts'
import { diffLines } from '../../tui/screens/comparison/line-diff.ts'
import { previewLines } from '../../tui/screens/browse/preview.ts'
import { inTreeOrder, leftOut, restoreRows, totalsOf } from '../../tui/screens/restore/restore-rows.ts'

test('a difference of lines leads from the one text to the other, and keeps what they have in common', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = diffLines(before, after)
      expect(diff.filter(({ sign }) => sign !== '+').map(({ text }) => text)).toEqual(before)
      expect(diff.filter(({ sign }) => sign !== '-').map(({ text }) => text)).toEqual(after)
    }),
  )
  expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c']).map(({ sign, text }) => sign + text)).toEqual([
    ' a',
    '-b',
    '+x',
    ' c',
  ])
})

test('texts without anything in common do not take all memory', () => {
  const before = Array.from({ length: 30_000 }, (_, line) => `old ${line}`)
  const after = Array.from({ length: 30_000 }, (_, line) => `new ${line}`)
  expect(diffLines(before, after)).toHaveLength(60_000)
})

test('sizes of pictures stand at their beginnings', () => {
  const png = Uint8Array.of(
    0x89,
    0x50,
    0x4e,
    0x47,
    13,
    10,
    26,
    10,
    0,
    0,
    0,
    13,
    73,
    72,
    68,
    82,
    0,
    0,
    2,
    128,
    0,
    0,
    1,
    224,
  )
  expect(imageSizeOf(png)).toEqual({ format: 'PNG', width: 640, height: 480 })
  const gif = Uint8Array.of(0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x40, 0x01, 0xf0, 0x00)
  expect(imageSizeOf(gif)).toEqual({ format: 'GIF', width: 320, height: 240 })
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8, 0, 100, 0, 200, 3, 0, 0)
  expect(imageSizeOf(jpeg)).toEqual({ format: 'JPEG', width: 200, height: 100 })
})

test('nothing that calls itself a picture makes the preview throw or run on', () => {
  const beginnings = fc.constantFrom(
    [0x89, 0x50, 0x4e, 0x47],
    [0xff, 0xd8, 0xff],
    [0x47, 0x49, 0x46, 0x38],
    [0x42, 0x4d],
    [],
  )
  fc.assert(
    fc.property(beginnings, fc.uint8Array({ maxLength: 200 }), (beginning, rest) => {
      expect(previewLines(Uint8Array.from([...beginning, ...rest])).join('')).not.toContain('\u001b')
    }),
  )
})

test('text is shown as text without its orders to the terminal, anything else in hexadecimal', () => {
  expect(previewLines(Buffer.from('one\r\n\u001b[2Jtwo\tx'))).toEqual(['one', '\\x1b[2Jtwo  x'])
  expect(previewLines(Uint8Array.of(0, 1, 0x41))).toEqual(['0000 0001 41             ..A'])
  expect(previewLines(new Uint8Array(0))).toEqual(['(empty)'])
})

test('a character that the preview cuts in two does not make a text unreadable', () => {
  const odd = Buffer.from(`x${'ä'.repeat(32_768)}`).subarray(0, 64 * 1024)
  expect(previewLines(odd)[0]?.startsWith('xää')).toBe(true)
})

function item(shownPath: string, kind: string, action: PreviewItem['action'], bytes = 0): PreviewItem {
  return { path: shownPath, shownPath, kind, action, bytes, after: undefined, before: undefined }
}

const ITEMS = [
  item('/home/a', 'dir', 'unchanged'),
  item('/home/a/b', 'dir', 'create'),
  item('/home/a/b/c', 'file', 'create', 10),
  item('/home/a/d', 'file', 'overwrite', 5),
  item('/srv/e', 'file', 'delete', 7),
]

test('what is below a closed folder is not shown, and only changes when only they are asked for', () => {
  const all = restoreRows(ITEMS, { closed: new Set(), changesOnly: false })
  expect(all.map(({ depth }) => depth)).toEqual([0, 1, 2, 1, 0])
  const closed = restoreRows(ITEMS, { closed: new Set(['/home/a/b']), changesOnly: false })
  expect(closed.map(({ item: { path } }) => path)).toEqual(['/home/a', '/home/a/b', '/home/a/d', '/srv/e'])
  const changed = restoreRows(ITEMS, { closed: new Set(), changesOnly: true })
  const kept = [item('/home/a/z', 'dir', 'unchanged'), item('/home/a/z/y', 'file', 'keep')]
  const more = restoreRows([...ITEMS, ...kept], { closed: new Set(), changesOnly: true })
  for (const rows of [changed, more]) {
    // The folder that they lie in is seen, though nothing happens to it itself.
    expect(rows.map(({ item: { path } }) => path)).toEqual([
      '/home/a',
      '/home/a/b',
      '/home/a/b/c',
      '/home/a/d',
      '/srv/e',
    ])
  }
})

test('every item of a preview stands below its folder, by name, in whatever order the items come', () => {
  // As a plan tells them: folder by folder, and what is deleted before the folder that it lies in.
  const planned = [
    item('/docs', 'dir', 'unchanged'),
    item('/docs/a', 'dir', 'create'),
    item('/docs/b', 'dir', 'create'),
    item('/docs/m', 'file', 'create'),
    item('/docs/k/x', 'file', 'delete'),
    item('/docs/k', 'dir', 'delete'),
    item('/docs/t', 'dir', 'delete'),
    item('/docs/t', 'file', 'create'),
    item('/docs/a/2', 'file', 'create'),
    item('/docs/a/1', 'dir', 'create'),
    item('/docs/b/3', 'file', 'create'),
    item('/docs/a/1/4', 'file', 'create'),
    item('/', 'dir', 'keep'),
  ]
  const items = inTreeOrder(planned)
  const rows = restoreRows(items, { closed: new Set(), changesOnly: false })
  expect(rows.map(({ item: { path, action }, depth }) => `${depth} ${path} ${action}`)).toEqual([
    '0 / keep',
    '1 /docs unchanged',
    '2 /docs/a create',
    '3 /docs/a/1 create',
    '4 /docs/a/1/4 create',
    '3 /docs/a/2 create',
    '2 /docs/b create',
    '3 /docs/b/3 create',
    '2 /docs/k delete',
    '3 /docs/k/x delete',
    '2 /docs/m create',
    '2 /docs/t delete',
    '2 /docs/t create',
  ])
  expect([...leftOut(items, new Set(['/docs/k']))]).toEqual(['/docs/k', '/docs/k/x'])
})

test('what is left out takes with it all below it, and counts as nothing else', () => {
  expect([...leftOut(ITEMS, new Set(['/home/a/b']))]).toEqual(['/home/a/b', '/home/a/b/c'])
  const totals = totalsOf(ITEMS, leftOut(ITEMS, new Set(['/home/a/b'])))
  expect(totals.create.count).toBe(0)
  expect(totals['left out']).toEqual({ count: 2, bytes: 10 })
  expect(totals.overwrite).toEqual({ count: 1, bytes: 5 })
})
