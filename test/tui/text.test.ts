import { fc } from '../support/fast-check.ts'
import { expect, test } from 'vitest'

import { formatPermissions } from '../../src/base/permissions.ts'
import { printable } from '../../src/base/printable.ts'
import { ONE_COLUMN, textWidth } from '../../src/base/text-width.ts'
import { shownText } from '../../src/service/application/shown-text.ts'
import type { EntryData } from '../../src/service/application/shown.ts'
import { fuzzySearch } from '../../tui/keymap/fuzzy.ts'
import { keysOf, type PressedKey } from '../../tui/keymap/key.ts'
import { moveInList, placeAt } from '../../tui/state/list.ts'
import { fit, wrap } from '../../tui/text/fit.ts'
import { metadataChange } from '../../tui/text/metadata-change.ts'
import { renamedPath } from '../../tui/text/renamed.ts'
import { Graphemes } from '../../tui/text/graphemes.ts'
import { shownDistance } from '../../tui/text/when.ts'

const NO_KEY: PressedKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  shift: false,
  backspace: false,
  delete: false,
  ctrl: false,
  meta: false,
}

const KEPT = fc.constantFrom('start', 'end', 'ends')

test('text of any kind becomes exactly as wide as there is room, and nothing in it moves a cursor', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), KEPT, (text, columns, keep) => {
      const fitted = fit(text, columns, { keep })
      expect(textWidth(fitted)).toBe(columns)
      expect(fitted).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
    }),
  )
})

test('what screens are drawn with takes a column each, other writing what it takes', () => {
  const drawn = 'a é ─│┌┘ █▏░ ●○▲▸►▾ ✓✗ …•›· ⠿⣿ ← ↔ → © ¼'
  expect(textWidth(drawn)).toBe(drawn.length)
  expect([textWidth('漢字'), textWidth('e\u0301'), textWidth('🚀'), textWidth('a漢b')]).toEqual([4, 1, 2, 4])
})

test('escape sequences and what turns writing around are written out', () => {
  expect(printable('a\u001b[31mb\u202ec')).toBe('a\\x1b[31mb\\u202ec')
  // A name is the same whether the service or the dashboard writes it out.
  const name = 'a\u0007b\u009bc\u2066d\ufeff'
  expect(shownText(name)).toBe(printable(name))
})

test('paths are cut at their beginning, other text at its end', () => {
  expect(fit('/home/arthur/notes', 8, { keep: 'end' })).toBe('…r/notes')
  expect(fit('/home/arthur/notes', 8)).toBe('/home/a…')
  expect(fit('/home/arthur/notes', 9, { keep: 'ends' })).toBe('/hom…otes')
})

test('two paths of one file say once what they share', () => {
  expect(renamedPath('/home/arthur/a/notes.txt', '/home/arthur/b/c/notes.txt')).toBe('/home/arthur/{a → b/c}/notes.txt')
  expect(renamedPath('/home/old.txt', '/home/new.txt')).toBe('/home/{old.txt → new.txt}')
  expect(renamedPath('/a/x.txt', '/b/x.txt')).toBe('/{a → b}/x.txt')
  expect(renamedPath('/a', '/b')).toBe('/a → /b')
  expect(renamedPath('/a/a/x', '/a/x')).toBe('/a/{a/x → x}')
  // At 80 columns both ends of it are read, and the rest below the chosen row.
  const long = renamedPath(
    '/home/arthur/documents/2025/taxes/letter-to-the-office.txt',
    '/home/arthur/archive/letter.txt',
  )
  expect(fit(long, 44, { keep: 'ends' })).toMatch(/^\/home\/arthur\/\{docume.*….*letter\.txt\}$/)
})

test('long words are broken, and no line is wider than there is room', () => {
  const lines = wrap(`one two ${'x'.repeat(25)} three`, 10)
  expect(lines.join('').replaceAll(' ', '')).toBe(`onetwo${'x'.repeat(25)}three`)
  expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(10)
})

test('keys that a slow line brings together are keys one by one', () => {
  expect(keysOf('jj G', NO_KEY)).toEqual(['j', 'j', 'space', 'G'])
  expect(keysOf('\r', NO_KEY)).toEqual(['enter'])
  expect(keysOf('c', { ...NO_KEY, ctrl: true })).toEqual(['ctrl+c'])
  expect(keysOf('', { ...NO_KEY, tab: true, shift: true })).toEqual(['shift+tab'])
  expect(keysOf('x', { ...NO_KEY, meta: true })).toEqual([])
  expect(keysOf('\t\u0015ab\u0013', NO_KEY)).toEqual(['tab', 'ctrl+u', 'a', 'b', 'ctrl+s'])
  expect(keysOf('a\u0000\u001c\u0085', NO_KEY)).toEqual(['a'])
})

test('a list is never left, whatever keys come and however it grows and shrinks', () => {
  const motion = fc.constantFrom('up', 'down', 'page-up', 'page-down', 'first', 'last')
  const step = fc.record({ motion, count: fc.nat(50), height: fc.integer({ min: 1, max: 10 }) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let place = { selected: 0, top: 0 }
      for (const { motion, count, height } of steps) {
        place = moveInList(place, motion, { count, height })
        expect(place.selected).toBeGreaterThanOrEqual(0)
        expect(place.selected).toBeLessThan(Math.max(1, count))
        expect(place.top).toBeLessThanOrEqual(place.selected)
        expect(place.selected - place.top).toBeLessThan(height)
      }
    }),
  )
})

test('a window scrolls no further than needed', () => {
  expect(placeAt({ selected: 0, top: 0 }, 9, { count: 100, height: 10 })).toEqual({ selected: 9, top: 0 })
  expect(placeAt({ selected: 9, top: 0 }, 10, { count: 100, height: 10 })).toEqual({ selected: 10, top: 1 })
  expect(placeAt({ selected: 10, top: 5 }, 6, { count: 100, height: 10 })).toEqual({ selected: 6, top: 5 })
})

test('the search finds letters in their order and puts beginnings of words first', () => {
  const items = ['show the other charts', 'go to Points', 'go to Overview', 'open the repository']
  expect(fuzzySearch('gtp', items, (item) => item)[0]).toBe('go to Points')
  expect(fuzzySearch('repo', items, (item) => item)[0]).toBe('open the repository')
  // What was typed as it stands there is found, also where its first letters begin other words before.
  expect(fuzzySearch('other ch', items, (item) => item)).toEqual(['show the other charts'])
  expect(fuzzySearch('tory', ['to the repository'], (item) => item)).toEqual(['to the repository'])
  expect(fuzzySearch('zz', items, (item) => item)).toEqual([])
  expect(fuzzySearch('', items, (item) => item)).toEqual(items)
})

test('modes and distances are shown as people write them', () => {
  expect([0o755, 0o1777, 0o1776, 0o4711, 0o2644].map(formatPermissions)).toEqual([
    ...['rwxr-xr-x', 'rwxrwxrwt', 'rwxrwxrwT', 'rws--x--x', 'rw-r-Sr--'],
  ])
  expect(shownDistance(0, 7_200_000)).toBe('2 h ago')
  expect(shownDistance(90_000, 0)).toBe('in 1 min')
})

test('text is cut into graphemes as the language does it, whether or not its characters stand alone', () => {
  type Cut = readonly [string, number] | undefined
  const cut = (by: Pick<Intl.Segmenter, 'segment'> | Graphemes, text: string): readonly Cut[] => {
    const pair = (found: { readonly segment: string; readonly index: number } | undefined): Cut =>
      found && [found.segment, found.index]
    const segments = by.segment(text)
    const places = [undefined, -1, ...Array.from({ length: Math.min(text.length, 100) + 1 }, (_, index) => index)]
    return [...Array.from(segments, pair), ...places.map((index) => pair(segments.containing(index)))]
  }
  const each = new RegExp(`[\\u001B${ONE_COLUMN}]`)
  const alone = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((one) => each.test(one))
  const texts = [alone.join(''), alone.toReversed().join(''), '', 'e\u0301 👩‍👩‍👧 한글\r\n', '\u001b[36m⠉⣿\u001b[39m │']
  for (const text of texts) expect(cut(new Graphemes(), text)).toEqual(cut(new Intl.Segmenter(), text))
})

test('what of metadata changed is named', () => {
  const owned = { owner: 'arthur', group: 'users', modifiedMs: 1e12, mode: 0o644 }
  const before: EntryData = {
    name: 'a',
    path: '/a',
    shownPath: '/a',
    kind: 'file',
    bytes: 1,
    target: undefined,
    ...owned,
  }
  const change = metadataChange(before, { ...before, mode: 0o600, owner: 'root' })
  expect(change).toContain('owner arthur:users → root:users')
  expect(change).not.toContain('time')
  expect(metadataChange(before, { ...before, modifiedMs: 1e12 + 2e8 })).toMatch(/^time 2001-.* → 2001-/)
  expect(metadataChange(before, before)).toBe('times or attributes')
})
