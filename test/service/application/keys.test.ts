import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { utf8 } from '../../../src/base/bytes.ts'
import { readConfiguration } from '../../../src/service/configuration.ts'
import { openCredential } from '../../../src/service/sealed-secret.ts'
import { ended, openTestApplication, typed } from '../../support/application-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const signal = new AbortController().signal

test('passwords and recovery codes are added, changed and removed, and open the repository from then on', async () => {
  const folder = temporaryFolder()
  const { application } = await openTestApplication(join(folder, 'own'))
  onTestFinished(() => application[Symbol.asyncDispose]())
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  const { recoveryCode = '' } = await application.addRepository(form, typed('first'), signal)
  const added = await application.addRecoveryCode('home')
  expect(added).not.toBe(recoveryCode)
  await application.addPassword('home', typed('second'))
  const [notice] = await application.changePassword('home', typed('third'))
  expect(notice).toContain('may have kept its keys')
  const slots = await application.slots('home')
  expect(slots.map(({ kind }) => kind).sort()).toEqual(['password', 'password', 'recovery-code', 'recovery-code'])
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
  await application.unlock('home', { kind: 'recovery-code', bytes: new Uint8Array(Buffer.from(added)) })
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
  await expect(application.changePassword('home', typed('other'))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  const code = { kind: 'recovery-code', bytes: utf8('0000-0000') } as const
  const again = { ...form, name: 'again', create: false, credentials: [{ kind: 'token', bytes: utf8('x') }] } as const
  await expect(application.addRepository(again, code, signal)).rejects.toThrow()
  expect((await application.repositories()).map(({ name }) => name)).toEqual(['home'])
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
  const form = {
    ...{ name: 'nightly', sources: [source], excludes: [], repository: 'home', trigger: '@monthly', fullEvery: '' },
    ...{ keep: { last: '1', daily: '', weekly: '', monthly: '', yearly: '' }, copyTo: 'away', verifyPercent: '' },
  }
  await ended(application, await application.backup('home', [source]))
  await application.savePlan({ ...form, keep: { ...form.keep, last: '' } }, undefined)
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
  expect(meaning.mistakes).toEqual({})
  expect(meaning).toMatchObject({ forgotten: [older?.id] })
  await application.lock()
  expect((await application.explainPlan(form)).forgotten).toEqual([])
})
