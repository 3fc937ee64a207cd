import { expect, test } from 'vitest'

import type { PlaceData } from '../../src/service/application/shown.ts'
import { editorAfterAnswer, editorCalls, editorOf, typeInEditor } from '../../tui/forms/editor.ts'
import { textField, textOf } from '../../tui/forms/form.ts'
import { noteOnPlaces, type PathWish } from '../../tui/forms/path-wish.ts'
import type { Answer } from '../../tui/state/call.ts'
import type { ScreenName } from '../../tui/state/screen-name.ts'
import { BACKUP, DEPOT } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { pointId, seededApplication } from '../support/seeded-application.ts'

const PLACE = { home: '/home/arthur', height: 5 }
const NOWHERE: PlaceData = { kind: 'nothing', isHeld: false, upTo: '/mnt' }

function started(): DashboardState {
  return new DashboardState().start().answer('repositories', [DEPOT]).answer('points', seededApplication().pointList)
}

/** A preview of a restore of two files of the newest point. */
function previewing(): DashboardState {
  const dashboard = started().press('3')
  dashboard.answer('entries', [entry('/a'), entry('/b')])
  return dashboard.press('space', 'space', 'r')
}

function entry(path: string) {
  const name = path.slice(1)
  const owner = { owner: 'arthur', group: 'users', mode: 0o644, target: undefined }
  return { name, path, shownPath: path, kind: 'file', bytes: 1, modifiedMs: 0, ...owner } as const
}

/** How one gets to each form that can be typed into, and where the keys go then. */
const FORMS: readonly (readonly [string, ScreenName, () => DashboardState])[] = [
  ['the target of a restore', 'restore', () => previewing().press('t').type('/x')],
  ['where a point is mounted', 'points', () => started().press('2', 'm', 'x')],
  ['where all points are mounted', 'mounts', () => started().press('8').answer('mounts', []).press('m', 'tab', 'x')],
  ['the folder of settings', 'settings', () => started().press('9', 'e', 'tab', 'tab', 'x')],
  ['a place that is added', 'drivers', () => started().press('6', 'a', 'enter', '/')],
  ['a name behind a place', 'drivers', () => started().press('6', 'a', 'down', 'enter', 'ctrl+s', 'x', 'esc')],
  ['another password', 'drivers', () => started().press('6', 's').answer('slots', []).press('a', 'x')],
  ['the first backup', 'start', () => new DashboardState({ hasNothing: true }).start().press('down', 'enter', 'x')],
]

test.each(FORMS)('Esc asks before it loses %s, and no goes on with it', (_, screen, begin) => {
  const dashboard = begin()
  const typed = dashboard.state.screens[screen]
  dashboard.press('esc')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'question', question: { name: 'leave-form' } })
  dashboard.press('n')
  expect(dashboard.state.screens[screen]).toEqual(typed)
  dashboard.press('ctrl+c')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'quit' })
  dashboard.press('n', 'esc', 'y')
  expect(dashboard.state.screens[screen]).not.toEqual(typed)
})

test('what opens a repository is not left by one Esc once something of it was typed', () => {
  const dashboard = started().press('ctrl+u', 'x', 'esc', 'esc', 'y')
  // The Esc after the question went on, so that y was typed as well.
  expect(dashboard.state.overlay).toMatchObject({ kind: 'unlock', isLeaving: false })
  dashboard.press('esc', 'y')
  expect(dashboard.state.overlay).toBeUndefined()
  expect(started().press('ctrl+u', 'esc').state.overlay).toBeUndefined()
})

test('a name that was typed is there again behind another place, and only the secret is not', () => {
  const dashboard = started()
    .press('6', 'a', 'enter')
    .type('/mnt/a')
    .press('enter')
    .type('old')
    .press('tab', 'tab', 's', 'esc')
  expect(dashboard.state.screens.drivers.adding?.at.page).toBe('place')
  dashboard.press('backspace', 'b', 'enter')
  const at = dashboard.state.screens.drivers.adding?.at
  expect(at).toMatchObject({ page: 'secret' })
  const form = at?.page === 'secret' ? at.editor.form : undefined
  expect(form && textOf(form, 'name')).toBe('old')
  expect(form?.fields.find(({ name }) => name === 'secret')?.field).toMatchObject({ secret: { length: 0 } })
})

test('whoever goes back from a preview to mark one more finds target, modes and what was left out again', () => {
  const dashboard = previewing()
  const items = ['/a', '/b'].map(
    (path) => ({ path, shownPath: path, kind: 'file', bytes: 1, action: 'create' }) as const,
  )
  const preview = items.map((item) => ({ ...item, after: undefined, before: undefined }))
  dashboard.answer('preview', preview).press('space', 't').type('/x').press('ctrl+s').answer('preview', preview)
  dashboard.press('esc')
  expect(dashboard.state.screen).toBe('browse')
  dashboard.press('r').answer('preview', preview)
  const { without, target } = dashboard.state.screens.restore
  expect([...without, target]).toEqual(['/a', '/x'])
  dashboard.press('q')
  expect(dashboard.state.overlay).toMatchObject({ reasons: ['A restore is prepared, and not begun.'] })
  dashboard.press('n')
  // Where one of them is no longer marked, nothing that was said of single paths would bring it back.
  dashboard.press('esc', 'up', 'space', 'r').answer('preview', preview)
  expect(dashboard.state.screens.restore).toMatchObject({ target: '/x', without: new Set() })
  expect(dashboard.state.message?.text).toContain('was of other marks')
})

test('what is left out of a restore is still left out after an undo was looked at', () => {
  const dashboard = previewing()
  dashboard.send({ kind: 'answer', ...PREVIEW, value: [{ ...ITEM, path: '/a', shownPath: '/a' }] })
  dashboard.press('space', 'u').answer('undoable', { id: 'u', restored: 'p', target: '/', atMs: 0 })
  dashboard.answer('previewUndo', [{ ...ITEM, path: '/a', shownPath: '/a' }])
  expect(dashboard.state.screens.restore.totals['left out'].count).toBe(0)
  dashboard.press('esc').send({ kind: 'answer', ...PREVIEW, value: [{ ...ITEM, path: '/a', shownPath: '/a' }] })
  expect(dashboard.state.screens.restore.totals['left out'].count).toBe(1)
})

test('marks of a point are there again when somebody comes back to it, and q knows of them meanwhile', () => {
  const dashboard = started()
    .press('3')
    .answer('entries', [entry('/a')])
    .press('space', '[')
  dashboard.answer('entries', [entry('/a')])
  expect(dashboard.state.screens.browse).toMatchObject({ point: pointId(3), marked: new Map() })
  dashboard.press('q')
  expect(dashboard.state.overlay).toMatchObject({ reasons: ['1 entry in Browse would no longer be marked.'] })
  dashboard.press('n', ']')
  expect([...dashboard.state.screens.browse.marked.keys()]).toEqual(['/a'])
  expect(dashboard.state.message?.text).toBe('1 entry is marked here from before.')
  // Also after another repository was looked at, of which nothing is known yet.
  const other = { ...DEPOT, name: 'attic', isDefault: false }
  dashboard.press('ctrl+r').answer('repositories', [DEPOT, other]).press('ctrl+n')
  expect(dashboard.state.screens.browse).toMatchObject({ point: undefined, marked: new Map() })
  dashboard.press('ctrl+n').answer('points', seededApplication().pointList)
  expect([...dashboard.state.screens.browse.marked.keys()]).toEqual(['/a'])
})

test('what was typed into a filter, a search or a path comes back with ↑', () => {
  const dashboard = started().press('2', '/').type('tag:x').press('esc', '/')
  expect(dashboard.state.screens.points.filter.line.text).toBe('')
  expect(dashboard.press('up').state.screens.points.filter.line.text).toBe('tag:x')
  dashboard.press('esc', '3').answer('entries', [entry('/a')])
  for (const [key, kind] of [
    ['/', 'search'],
    ['p', 'path'],
  ] as const) {
    dashboard.press(key).type('deep').press('esc', key)
    expect(dashboard.state.screens.browse.prompts[kind].line.text).toBe('')
    dashboard.press('up')
    expect(dashboard.state.screens.browse.prompts[kind].line.text).toBe('deep')
    dashboard.press('esc')
  }
})

test('folders that were chosen in a list are chosen again after Esc, unless something else was typed since', () => {
  const form = { fields: [{ name: 'sources', label: 'Sources', field: textField('/etc') }], focus: 0 }
  const folders = (value: readonly string[]): Answer => {
    return { kind: 'answer', slot: 'start:folders', method: 'folders', args: ['/home/arthur'], value, isLast: true }
  }
  let editor = editorOf(form, { pickable: { sources: 'many' } })
  const press = (...keys: readonly string[]): void => {
    for (const key of keys) editor = typeInEditor(editor, key, PLACE).editor
  }
  press('ctrl+o')
  editor = editorAfterAnswer(editor, folders(['docs']))
  press('down', 'space', 'esc')
  expect(typeInEditor(editor, 'esc', PLACE).outcome).toBe('asked')
  press('ctrl+o')
  expect(editor.picking?.picker.chosen).toEqual(['/etc', '/home/arthur/docs'])
  press('esc', 'x', 'ctrl+o')
  expect(editor.picking?.picker.chosen).toEqual(['/etcx'])
})

test('groups of a recovery code that were typed stay while the code is looked at again', () => {
  const dashboard = started()
    .press('6', 's')
    .answer('slots', [])
    .press('c', 'enter')
    .answer('addRecoveryCode', RECOVERY)
  dashboard.press('enter').type('wrong').press('esc', 'enter')
  const { detail } = dashboard.state.screens.drivers
  const code = detail?.kind === 'slots' && detail.at.page === 'code' ? detail.at.code : undefined
  expect(code?.isChecking).toBe(true)
  expect(code?.check.form.fields[0]?.field).toMatchObject({ line: { text: 'wrong' } })
})

test('a path is looked at when its field is left, and what is wrong with it stands there', () => {
  const dashboard = previewing().press('t').type('/mnt/usb/x').press('tab')
  expect(dashboard.lastCall('placesAt').args).toEqual([['/mnt/usb/x']])
  dashboard.answer('placesAt', [NOWHERE])
  expect(targetOf(dashboard)).toMatchObject({
    remark: 'there is no folder /mnt/usb: /mnt is the last on the way that is there; all are made',
  })
  dashboard.press('up', 'backspace')
  expect(targetOf(dashboard)?.remark).toBeUndefined()
  // What is told of another path than the one that is there by now is not told.
  dashboard.answer('placesAt', [NOWHERE])
  expect(targetOf(dashboard)?.remark).toBeUndefined()
  dashboard.press('ctrl+u', 'x', 'tab')
  expect(targetOf(dashboard)?.mistake).toBe('begins with /')
})

function targetOf({ state }: DashboardState) {
  return state.screens.restore.options?.form.fields.find(({ name }) => name === 'target')
}

test('each of several folders in a line is looked at, and a field that takes no path is not', () => {
  const form = {
    fields: [
      { name: 'sources', label: 'Sources', field: textField('/etc, /gone') },
      { name: 'name', label: 'Name', field: textField('/x') },
    ],
    focus: 0,
  }
  const editor = editorOf(form, { pickable: { sources: 'many' }, wishes: { sources: 'anything' } })
  const left = typeInEditor(editor, 'tab', PLACE)
  expect(editorCalls(left, 'start')).toMatchObject([{ slot: 'start:places:sources', args: [['/etc', '/gone']] }])
  expect(editorCalls(typeInEditor(left.editor, 'tab', PLACE), 'start')).toEqual([])
  const value: readonly PlaceData[] = [{ kind: 'folder', isHeld: true, upTo: '/' }, NOWHERE]
  const args = [['/etc', '/gone']] as const
  const answer = {
    kind: 'answer',
    slot: 'start:places:sources',
    method: 'placesAt',
    args,
    value,
    isLast: true,
  } as const
  expect(editorAfterAnswer(left.editor, answer).form.fields[0]).toMatchObject({
    mistake: 'there is nothing at /gone: /mnt is the last on the way that is there',
  })
})

const HELD: PlaceData = { kind: 'nothing', isHeld: true, upTo: '/a' }
const FOLDER: PlaceData = { kind: 'folder', isHeld: true, upTo: '/a' }
const FILE: PlaceData = { kind: 'file', isHeld: true, upTo: '/a' }

test.each<[PathWish, Record<'nowhere' | 'held' | 'folder' | 'file', 'fine' | 'mistake' | 'remark'>]>([
  ['anything', { nowhere: 'mistake', held: 'mistake', folder: 'fine', file: 'fine' }],
  ['folder', { nowhere: 'mistake', held: 'mistake', folder: 'fine', file: 'mistake' }],
  ['file', { nowhere: 'mistake', held: 'mistake', folder: 'mistake', file: 'fine' }],
  ['new-file', { nowhere: 'mistake', held: 'fine', folder: 'mistake', file: 'mistake' }],
  ['new-folder', { nowhere: 'mistake', held: 'fine', folder: 'fine', file: 'mistake' }],
  ['new-folders', { nowhere: 'remark', held: 'fine', folder: 'fine', file: 'mistake' }],
])('where there has to be %s, it is told what there is instead', (wish, expected) => {
  const places = { nowhere: NOWHERE, held: HELD, folder: FOLDER, file: FILE }
  for (const [name, place] of Object.entries(places)) {
    const [note = 'fine'] = Object.keys(noteOnPlaces(wish, ['/a/b'], [place]))
    expect([name, note]).toEqual([name, expected[name as keyof typeof places]])
  }
})

const RECOVERY = { slot: 'c0de5107', code: 'ABCDE-FGHJK' }
const ITEM = { kind: 'file', bytes: 1, action: 'create', after: undefined, before: undefined } as const
const PREVIEW = { slot: 'restore:preview', method: 'preview', args: [] as never, isLast: true } as const

test('a restore that was begun is not told to be lost any more', () => {
  const dashboard = previewing()
  dashboard
    .press('t')
    .type('/x')
    .press('ctrl+s')
    .send({ kind: 'answer', ...PREVIEW, value: [{ ...ITEM, path: '/a', shownPath: '/a' }] })
  dashboard
    .press('s')
    .send({ kind: 'answer', ...PREVIEW, slot: 'restore:look', value: [{ ...ITEM, path: '/a', shownPath: '/a' }] })
    .press('y')
    .answer('restore', BACKUP.id)
    .answer('jobs', [{ ...BACKUP, state: 'done' }])
  dashboard.press('esc', 'q')
  expect(dashboard.effects.at(-1)).toEqual({ kind: 'quit' })
})

test('what a field does not take of pasted text it says, and a path that is pasted into the list of folders goes to the field', () => {
  const dashboard = previewing()
    .press('t')
    .send({ kind: 'paste', text: 'x'.repeat(5000) })
  expect(targetOf(dashboard)?.mistake).toContain('the rest was not taken')
  dashboard.press('ctrl+u', 'ctrl+o').send({ kind: 'paste', text: '/mnt/back\n' })
  expect(targetOf(dashboard)).toMatchObject({ field: { line: { text: '/mnt/back' } }, mistake: undefined })
  dashboard.press('tab').send({ kind: 'paste', text: 'never' })
  const { options } = dashboard.state.screens.restore
  expect(options?.form.fields[1]).toMatchObject({ mistake: 'takes no pasted text' })
  expect(options?.picking).toBeUndefined()
})

test('what is wrong with a place is said at its field once that was left', () => {
  const dashboard = started().press('6', 'a', 'down', 'down', 'enter').type('a/b')
  const host = () => {
    const at = dashboard.state.screens.drivers.adding?.at
    return at?.page === 'place' ? at.editor.form.fields[0] : undefined
  }
  expect(host()?.mistake).toBeUndefined()
  dashboard.press('tab')
  expect(host()?.mistake).toBe('a host name or an address, and nothing else')
})

test('a URL that is pasted where a kind is chosen is where the repository lies, and what its server wants is asked for', () => {
  const dashboard = started()
    .press('6', 'a')
    .send({ kind: 'paste', text: 'sftp://arthur@attic/~/backup\n' })
    .press('ctrl+s')
  const fields = () => {
    const at = dashboard.state.screens.drivers.adding?.at
    return at?.page === 'secret' ? at.editor.form.fields.map(({ name }) => name) : []
  }
  expect(fields()).toEqual(['sftp-password', 'sftp-passphrase', 'name', 'openWith', 'secret'])
  // Of another place, what was typed and fits stays.
  dashboard.type('attic').press('esc', 'ctrl+u').send({ kind: 'paste', text: '/mnt/disk' }).press('ctrl+s')
  expect(fields()).toEqual(['name', 'openWith', 'secret'])
  dashboard.press('tab', 'tab').type('geheim').press('enter')
  expect(dashboard.lastCall('addRepository').args[0]).toMatchObject({
    name: 'attic',
    url: '/mnt/disk',
    credentials: [],
  })
})
