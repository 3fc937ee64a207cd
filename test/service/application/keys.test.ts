import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { utf8 } from '../../../src/base/bytes.ts'
import { readConfiguration } from '../../../src/service/configuration.ts'
import type { StepForm } from '../../../src/service/application/shown.ts'
import { openCredential } from '../../../src/service/sealed-secret.ts'
import { newPlan } from '../../../tui/screens/plans/plan-fields.ts'
import { ended, openTestApplication, typed } from '../../support/application-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const signal = new AbortController().signal
const EVERYTHING = { label: '', backupOnly: false, realm: '' }

test('passwords and recovery codes are added, changed and removed, and open the repository from then on', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  const { recoveryCode = '' } = await application.addRepository(form, typed('first'), signal)
  const added = await application.addRecoveryCode('home', ' drawer ')
  expect(added.code).not.toBe(recoveryCode)
  const [which] = await application.addPassword('home', typed('second'), EVERYTHING)
  const [notice] = await application.changePassword('home', typed('third'))
  expect(notice).toContain('may have kept its keys')
  const slots = await application.slots('home')
  expect(slots.map(({ kind }) => kind).sort()).toEqual(['password', 'password', 'recovery-code', 'recovery-code'])
  // Codes and passwords are told apart by their numbers, and by when they were added.
  const inOrder = slots.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))
  expect(inOrder.map(({ order }) => order)).toEqual([1, 2, 3, 4])
  expect(inOrder.findIndex(({ id }) => id === added.slot)).toBe(1)
  expect(which).toBe(`It is the key ${inOrder[2]?.id.slice(0, 8)}.`)
  const current = slots.find(({ isCurrent }) => isCurrent)
  await expect(application.removeSlot('home', current?.id ?? '')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  for (const { id, kind, isCurrent } of slots)
    if (kind === 'password' && !isCurrent) await application.removeSlot('home', id)
  for (const gone of ['first', 'second']) {
    await application.lock()
    await expect(application.unlock('home', typed(gone))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  }
  await application.unlock('home', typed('third'))
  await application.lock()
  await application.unlock('home', { kind: 'recovery-code', bytes: utf8(added.code) })
  expect((await application.slots('home')).find(({ isCurrent }) => isCurrent)).toMatchObject({ label: 'drawer' })
  await expect(application.changePassword('home', typed('x'))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('what a server wants is kept sealed with the password, which is needed for that', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const token = utf8('the token of the server')
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  await application.addRepository({ ...form, credentials: [{ kind: 'token', bytes: token }] }, typed('pass'), signal)
  expect(token.every((byte) => byte === 0)).toBe(true)
  const { repositories } = await readConfiguration(join(folder, 'own', 'config.yaml'))
  const source = repositories.get('home')?.secrets.get('token')
  const sealed = source?.from === 'sealed' ? source.sealed : new Uint8Array(0)
  expect(await openCredential(sealed, { kind: 'token', password: utf8('pass') })).toEqual(
    utf8('the token of the server'),
  )
  const code = { kind: 'recovery-code', bytes: utf8('0000-0000') } as const
  const other = utf8('x')
  const again = { ...form, name: 'again', create: false, credentials: [{ kind: 'token', bytes: other }] } as const
  await expect(application.addRepository(again, code, signal)).rejects.toThrow()
  expect(other).toEqual(new Uint8Array(1))
  expect((await application.repositories()).map(({ name }) => name)).toEqual(['home'])
})

test('a password that is changed seals anew what was sealed with the old one, and opens both from then on', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const configFile = join(folder, 'own', 'config.yaml')
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  const credentials = [{ kind: 'token', bytes: utf8('the token of the server') }] as const
  await application.addRepository({ ...form, credentials }, typed('old'), signal)
  writeFileSync(configFile, `# mine\n${readFileSync(configFile, 'utf8')}`)
  const notices = await application.changePassword('home', typed('new'))
  expect(notices.join(' ')).toContain('is sealed with the new password')
  const source = (await readConfiguration(configFile)).repositories.get('home')?.secrets.get('token')
  const sealed = source?.from === 'sealed' ? source.sealed : new Uint8Array(0)
  expect(await openCredential(sealed, { kind: 'token', password: utf8('new') })).toEqual(
    utf8('the token of the server'),
  )
  expect(readFileSync(configFile, 'utf8')).toMatch(/^# mine\n/)
  expect(await application.repositories()).toMatchObject([{ name: 'home', state: { kind: 'open' } }])
  await application.lock()
  await expect(application.unlock('home', typed('old'))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  await application.unlock('home', typed('new'))
})

test('a password stays what it was where what it seals cannot be written', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  const credentials = [{ kind: 'token', bytes: utf8('the token of the server') }] as const
  await application.addRepository({ ...form, credentials }, typed('old'), signal)
  await application.points('home')
  const configFile = join(folder, 'own', 'config.yaml')
  const before = readFileSync(configFile, 'utf8')
  // Somebody has given the name to another place meanwhile.
  writeFileSync(configFile, before.replace(form.url, `${form.url}-elsewhere`))
  await expect(application.changePassword('home', typed('new'))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  writeFileSync(configFile, before)
  expect((await application.slots('home')).map(({ kind }) => kind).sort()).toEqual(['password', 'recovery-code'])
  await application.lock()
  await expect(application.unlock('home', typed('new'))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  await application.unlock('home', typed('old'))
})

test('key files and backup-only keys are made, new keys are made for all, and a key file opens the repository', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  await application.addRepository(form, typed('first'), signal)
  const file = join(folder, 'full.key')
  expect(await application.exportKey('home', file, EVERYTHING)).toEqual([
    expect.stringMatching(/^It is the key [0-9a-f]{8}\.$/),
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await expect(application.exportKey('home', file, EVERYTHING)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  const nowhere = join(folder, 'nowhere', 'other.key')
  await expect(application.exportKey('home', nowhere, EVERYTHING)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  const own = { label: 'laptop', backupOnly: true, realm: '' }
  const [, notice] = await application.exportKey('home', join(folder, 'laptop.key'), own)
  expect(notice).toContain('"laptop"')
  for (const [field, key] of Object.entries({ label: { label: 'L'.repeat(129) }, realm: { realm: 'r'.repeat(65) } })) {
    const long = typed('long')
    const refused = application.addPassword('home', long, { ...own, ...key })
    await expect(refused).rejects.toMatchObject({ code: 'BAD_ARGUMENT', context: { field } })
    expect(long.bytes).toEqual(new Uint8Array(4))
  }
  const [, shared] = await application.addPassword('home', typed('shared'), { ...own, realm: 'home' })
  expect(shared).toContain('Machines that share a realm can tell')
  expect((await application.rotateKeys('home'))[0]).toContain('5 keys')
  const slots = await application.slots('home')
  expect(slots.map(({ kind, scope, realm }) => [kind, scope, realm].join(' ')).sort()).toEqual([
    'key-file backup-only laptop',
    'key-file full ',
    'password backup-only home',
    'password full ',
    'recovery-code full ',
  ])
  await application.lock()
  await application.unlock('home', { kind: 'key-file', bytes: utf8(file) })
  expect(await application.points('home')).toEqual([])
  await application.lock()
  const config = { kind: 'key-file', bytes: utf8(join(folder, 'own', 'config.yaml')) } as const
  await expect(application.unlock('home', config)).rejects.toMatchObject({ code: 'WRONG_KEY' })
  await application.unlock('home', { kind: 'key-file', bytes: utf8(join(folder, 'laptop.key')) })
  await expect(application.rotateKeys('home')).rejects.toMatchObject({ code: 'KEY_NOT_FULL' })
})

test('a plan copies into a repository with another password, and says what it would forget while that is open', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  for (const name of ['home', 'away']) {
    const form = { name, url: join(folder, name), create: true }
    await application.addRepository(form, typed(`password of ${name}`), signal)
  }
  const source = join(folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'file'), 'content')
  const copy: StepForm = { kind: 'copy', settings: { value: ['away'] } }
  const forget: StepForm = { kind: 'forget', settings: { 'keep-last': ['1'] } }
  const steps: readonly StepForm[] = [{ kind: 'incremental', settings: {} }, copy, forget]
  const form = { ...newPlan('home'), name: 'nightly', sources: [source], trigger: '@monthly', steps }
  await ended(application, await application.backup('home', [source]))
  await application.savePlan({ ...form, steps: steps.slice(0, -1) }, undefined)
  await application.runPlan('nightly')
  const isOver = async (): Promise<boolean> => {
    return (await application.jobs()).every(({ state }) => state !== 'queued' && state !== 'running')
  }
  await expect.poll(isOver).toBe(true)
  expect((await application.jobs()).map(({ kind, state, outcome }) => [kind, state, outcome])).toMatchObject([
    ['copy', 'done', expect.anything()],
    ['backup', 'done', expect.anything()],
    ['backup', 'done', expect.anything()],
  ])
  const [older, newer] = await application.points('home')
  const copied = await application.points('away')
  expect(copied.map(({ id }) => id).sort()).toEqual([older?.id, newer?.id].sort())
  const meaning = await application.explainPlan(form)
  expect(meaning).toMatchObject({ mistakes: {}, remarks: {}, forgotten: [older?.id] })
  const tagged = { kind: 'forget', settings: { 'keep-tag': ['weekly', 'wekly'] } } as const
  const options = { ...form.options, tags: ['weekly'] }
  expect(await application.explainPlan({ ...form, options, steps: [...steps.slice(0, -1), tagged] })).toMatchObject({
    mistakes: {},
    remarks: { 'steps.2.keep-tag': 'no point has the tag "wekly"; is "weekly" meant?' },
  })
  await application.lock()
  expect((await application.explainPlan(form)).forgotten).toBeUndefined()
})
