import { expect, test } from 'vitest'

import type { PlaceData, SlotData } from '../../src/service/application/shown.ts'
import { editorOf, pasteInEditor } from '../../tui/forms/editor.ts'
import { textField, textOf } from '../../tui/forms/form.ts'
import { placeEditor, placeMistakes } from '../../tui/screens/adding/places.ts'
import { shownCode, typeInCode } from '../../tui/screens/recovery-code/recovery-code.ts'
import { BACKUP, DEPOT } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'

const NOWHERE: PlaceData = { kind: 'nothing', isHeld: false, upTo: '/mnt' }

function started(): DashboardState {
  return new DashboardState().start().answer('repositories', [DEPOT])
}

test('paths that are pasted line by line are one item each, and one line is a list as it is typed', () => {
  const form = { fields: [{ name: 'sources', label: 'Sources', field: textField() }], focus: 0 } as const
  const editor = editorOf(form, { pickable: { sources: 'many' } })
  expect(textOf(pasteInEditor(editor, '/a, b\r\n/c\n').form, 'sources')).toBe('/a\\, b, /c')
  expect(textOf(pasteInEditor(editor, '/a, /b\n').form, 'sources')).toBe('/a, /b')
})

test('a folder that is not there is told behind its page, and stands at its field after Esc', () => {
  const dashboard = started().press('6', 'a', 'enter').type('/mnt/gone').press('enter').answer('placesAt', [NOWHERE])
  const at = () => dashboard.state.screens.drivers.adding?.at
  const secrets = at()
  expect(secrets?.page === 'secret' && secrets.editor.form.problem).toMatch(
    /^there is no folder .*Esc goes back to it\.$/,
  )
  dashboard.press('esc')
  const place = at()
  expect(place?.page === 'place' && place.editor.form.fields[0]?.mistake).toContain('there is no folder /mnt/gone')
})

test('the folder that is proposed at the first start is not remarked on, another one is', () => {
  const dashboard = new DashboardState({ hasNothing: true }).start().press('down', 'enter', 'up', 'up')
  const remark = () => {
    const { start } = dashboard.state.screens
    return start.page === 'backup' ? start.editor.form.fields[1]?.remark : undefined
  }
  dashboard.answer('placesAt', [NOWHERE])
  expect(remark()).toBeUndefined()
  dashboard.press('down').type('/x').press('up').answer('placesAt', [NOWHERE])
  expect(remark()).toContain('all are made')
})

test.each([
  ['storageClass', '1', 'STANDARD_IA'],
  ['storageClass', '/tmp/x', 'GLACIER_IR'],
  ['sse', 'yes', 'aws:kms'],
] as const)('the %s of a bucket is not %s, and may be %s', (name, wrong, right) => {
  const mistakesOf = (text: string) => {
    const { form } = placeEditor('s3', true)
    const fields = form.fields.map((each) => (each.name === name ? { ...each, field: textField(text) } : each))
    return Object.keys(placeMistakes('s3', { ...form, fields }))
  }
  expect(mistakesOf(wrong)).toContain(name)
  expect(mistakesOf(right)).not.toContain(name)
})

test('groups that were wrong are typed anew after Esc, and those that were right stay', () => {
  const begun = typeInCode(shownCode({ repository: 'r', code: 'ABCD-EFGH' }, 0), 'enter').code
  const keys = [...Array.from('ABCD'), 'tab', ...Array.from('XXXX'), 'enter', 'esc', 'enter']
  const { check } = keys.reduce((code, key) => typeInCode(code, key).code, begun)
  expect([textOf(check.form, '0'), textOf(check.form, '1')]).toEqual(['ABCD', ''])
  expect(check.form.fields[1]?.mistake).toBeUndefined()
})

test('another recovery code is removed again by Esc and yes, and the first one of a repository is not', () => {
  const dashboard = started().press('6', 's').answer('slots', []).press('c', 'enter')
  dashboard.answer('addRecoveryCode', { slot: 'c0de5107', code: 'ABCDE-FGHJK' }).press('esc', 'n')
  expect(dashboard.state.screens.drivers.detail).toMatchObject({ at: { page: 'code' } })
  dashboard.press('esc', 'y')
  expect(dashboard.lastCall('removeSlot').args).toEqual(['depot', 'c0de5107'])
  dashboard.answer('removeSlot', [])
  expect(dashboard.state.screens.drivers.detail).toMatchObject({ at: { page: 'list' } })
  expect(typeInCode(shownCode({ repository: 'r', code: 'AB-CD' }, 0), 'esc').outcome).toBe('shown')
})

test('before a key is removed that opened the repository now, that is said', () => {
  const slot = { id: 'a', kind: 'password', scope: 'full', realm: undefined, order: 1 } as const
  const isCurrent: SlotData = { ...slot, isCurrent: true, label: undefined, createdMs: undefined }
  const lines = (slots: readonly SlotData[]) => {
    const { overlay } = started().press('6', 's').answer('slots', slots).press('x').state
    return overlay?.kind === 'question' ? overlay.question.lines.join(' ') : ''
  }
  expect(lines([isCurrent])).toContain('opened the repository now')
  expect(lines([{ ...isCurrent, isCurrent: false }])).not.toContain('opened the repository now')
})

test('Ctrl+U opens the repository that a job waits for when the one looked at is open, which Esc leaves open', () => {
  const open = { ...DEPOT, state: { kind: 'open', pointCount: 1 } } as const
  const locked = { ...DEPOT, name: 'attic', isDefault: false, state: { kind: 'locked' } } as const
  const dashboard = new DashboardState().start().answer('repositories', [open, locked])
  dashboard.press('ctrl+u', 'esc')
  expect(dashboard.state.message?.text ?? '').not.toContain('stays locked')
  const wait = { for: 'unlock', repository: 'attic', untilMs: undefined, job: undefined } as const
  dashboard.answer('jobs', [{ ...BACKUP, repository: 'attic', state: 'queued', wait }]).press('ctrl+u')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'unlock', repository: 'attic' })
  dashboard.press('esc')
  expect(dashboard.state.message?.text).toContain('stays locked')
})
