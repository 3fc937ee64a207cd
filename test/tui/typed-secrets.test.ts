import { expect, test } from 'vitest'

import { BACKUP } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'

test('passwords that were typed are wiped when they differ, when a form is left, and when it is done', () => {
  const dashboard = new DashboardState().start().answer('repositories', [])
  expect(dashboard.state.screen).toBe('start')
  dashboard.press('down', 'enter', 'a', 'tab', 'b')
  const typed = secretsIn(dashboard)
  dashboard.press('enter')
  expect(typed.map((secret) => secret.take())).toEqual([new Uint8Array(1), new Uint8Array(1)])
  dashboard.press('c', 'tab', 'c')
  const again = secretsIn(dashboard)
  dashboard.press('enter')
  const call = dashboard.lastCall('addRepository')
  expect(call.args[1].bytes).toEqual(new Uint8Array([0x63]))
  dashboard.fail('addRepository', 'STORE_UNAVAILABLE', 'the disk is full')
  expect(again.map(({ length }) => length)).toEqual([1, 1])
  dashboard.press('enter').answer('addRepository', { recoveryCode: 'ABCDE-FGHJK' })
  expect(dashboard.lastCall('addRepository').args[1].bytes).toEqual(new Uint8Array([0x63]))
  expect(again.map((secret) => secret.take())).toEqual([new Uint8Array(1), new Uint8Array(1)])
})

test('why a form was refused stays in it whatever else is told, with the passwords, until something is changed', () => {
  const dashboard = new DashboardState().start().answer('repositories', []).press('down', 'enter', 'c', 'tab', 'c')
  dashboard.press('enter').fail('addRepository', 'STORE_UNAVAILABLE', 'the disk is full')
  dashboard.answer('jobs', [{ ...BACKUP, state: 'running' }]).answer('jobs', [{ ...BACKUP, state: 'done' }])
  expect(dashboard.state.message?.text).toContain('is done')
  const problem = () => {
    const { start } = dashboard.state.screens
    return start.page === 'backup' ? start.editor.form.problem : undefined
  }
  dashboard.press('tab', 'tab')
  expect(problem()).toBe('the disk is full')
  dashboard.press('tab', 'd')
  expect(problem()).toBeUndefined()
  const left = secretsIn(dashboard)
  dashboard.press('esc', 'y')
  expect(left[0]?.take()).toEqual(new Uint8Array(2))
  expect(dashboard.state.screens.start.page).toBe('choose')
})

/** Returns the secrets that are being typed on the first start. */
function secretsIn({ state }: DashboardState) {
  const { start } = state.screens
  const fields = start.page === 'backup' ? start.editor.form.fields : []
  return fields.flatMap(({ field }) => (field.kind === 'secret' ? [field.secret] : []))
}
