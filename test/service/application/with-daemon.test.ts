import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { LocalApplication } from '../../../src/service/application/local-application.ts'
import { ControlClient } from '../../../src/service/control/client.ts'
import type { HeldKey } from '../../../src/service/keys/held-key.ts'
import { openTestApplication, typed } from '../../support/application-fixture.ts'
import { startTestControl, type TestControl, UID } from '../../support/control-server.ts'
import { INSTANCE } from '../../support/stored-daemon.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const SLOT = 'ab'.repeat(32) as HeldKey['slot']
const signal = new AbortController().signal

interface Linked {
  readonly folder: string
  readonly application: LocalApplication
  /** Of a daemon that follows the configuration of the application, and whose jobs stand still. */
  readonly control: TestControl
  readonly derivedFrom: string[]
}

/** Opens an application beside a daemon, with one repository. */
async function link(configFile?: string): Promise<Linked> {
  const folder = temporaryFolder()
  const control = await startControlAt(folder, configFile)
  onTestFinished(() => control[Symbol.asyncDispose]())
  const derivedFrom: string[] = []
  const { application } = await openTestApplication(join(folder, 'own'), {
    connect: () => ControlClient.connect(control.path, UID),
    derive: async (_, secret) => {
      derivedFrom.push(Buffer.from(secret.bytes).toString('utf8'))
      return { kind: 'derived', slot: SLOT, bytes: new Uint8Array(32), credentials: new Map() }
    },
  })
  onTestFinished(() => application[Symbol.asyncDispose]())
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  await application.addRepository(form, typed('correct horse'), signal)
  return { folder, application, control, derivedFrom }
}

const BACKUP = ['backup', '--json', '--repository=home']

async function startControlAt(folder: string, configFile = join(folder, 'own', 'config.yaml')): Promise<TestControl> {
  const control = await startTestControl(join(folder, 'daemon'))
  control.stored.about = { version: 'test', configFile }
  return control
}

test('a daemon is asked to do what somebody wants done, and gets the key for it', async () => {
  const { application, control, derivedFrom, folder } = await link()
  expect(application.host).toEqual({ kind: 'daemon' })
  const how = { tags: ['now'], excludes: ['-*.o'] }
  const backup = await application.backup('home', ['-x', '/srv'], how)
  await expect(application.backup('home', ['/srv'], { ...how, tags: [''] })).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  })
  await application.restore({
    ...{ repository: 'home', point: 'p', target: '/back', deleteOthers: false, without: [] },
    selections: [{ path: '/srv', overwrite: 'never' }],
  })
  const { jobs } = await control.stored.jobs.list({ instance: INSTANCE, limit: 9 })
  expect(jobs.map(({ kind, message }) => [kind, message])).toEqual([
    ['once', expect.objectContaining({ input: expect.stringContaining('/srv') as string })],
    ['command', { words: [...BACKUP, '--tag=now', '--exclude=-*.o', '--', join(folder, 'own', '-x'), '/srv'] }],
  ])
  expect(jobs.at(-1)?.id).toBe(Number(backup))
  expect(control.keys.list()).toMatchObject([{ location: join(folder, 'repository'), slot: SLOT }])
  // Once is enough.
  expect(derivedFrom).toEqual(['correct horse'])
  await application.lock()
  expect(control.keys.list()).toEqual([])
  await application.unlock('home', typed('correct horse'))
  expect(control.keys.list()).toHaveLength(1)
})

test('a daemon that follows another configuration is asked for nothing', async () => {
  const { application, control } = await link('/etc/tidemark.yaml')
  expect(application.host).toEqual({ kind: 'other-daemon', why: 'the daemon follows /etc/tidemark.yaml' })
  const job = await application.check('home', 0)
  expect(await application.jobs()).toMatchObject([{ id: job, kind: 'check' }])
  expect(control.keys.list()).toEqual([])
  expect((await control.stored.jobs.list({ instance: INSTANCE, limit: 9 })).jobs).toEqual([])
})

test('a daemon that ends is told, this process does its work meanwhile, and the next one is found', async () => {
  const { application, control, folder } = await link()
  const told: string[] = []
  application.subscribe((topic) => told.push(topic))
  await control.stop()
  await expect.poll(() => application.host.kind).toBe('daemon-gone')
  expect(told).toContain('daemon')
  const job = await application.check('home', 0)
  await expect.poll(async () => (await application.jobs()).find(({ id }) => id === job)?.state).toBe('done')
  const next = await startControlAt(folder)
  onTestFinished(() => next[Symbol.asyncDispose]())
  await expect.poll(() => application.host.kind).toBe('daemon')
})
