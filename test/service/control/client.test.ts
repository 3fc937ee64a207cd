import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { dirname, join } from 'node:path'

import { expect, onTestFinished, test, vi } from 'vitest'

import { DaemonError, StorageError, UsageError } from '../../../src/base/errors.ts'
import type { ObjectId } from '../../../src/base/ids.ts'
import { askDaemonForKey } from '../../../src/service/control/ask-key.ts'
import { ControlClient } from '../../../src/service/control/client.ts'
import type { HeldKey } from '../../../src/service/keys/held-key.ts'
import type { JobId } from '../../../src/service/jobs/job.ts'
import { startTestControl, type TestControl, UID } from '../../support/control-server.ts'
import { passes } from '../../support/eventually.ts'
import { jobFor } from '../../support/stored-daemon.ts'

async function start(): Promise<{ control: TestControl; client: ControlClient }> {
  const control = await startTestControl()
  const client = (await ControlClient.connect(control.path, UID))!
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]()
    await control[Symbol.asyncDispose]()
  })
  return { control, client }
}

function key(): HeldKey {
  const credentials = new Map([['token', Uint8Array.of(1, 2)]] as const)
  return { kind: 'derived', slot: 'ab'.repeat(32) as ObjectId, bytes: new Uint8Array(32).fill(5), credentials }
}

test('a key that was given is given to commands until it is forgotten', async () => {
  const { control, client } = await start()
  const ask = (location: string) => askDaemonForKey({ socketPath: control.path, uid: UID, location })
  const given = key()
  await client.hold('sftp://host/a b', given)
  expect(given.bytes).toEqual(new Uint8Array(32))
  expect(await ask('sftp://host/a b')).toEqual(key())
  expect(await ask('sftp://host/a')).toBeUndefined()
  expect((await client.status()).unlocked).toEqual([
    { location: 'sftp://host/a b', since: expect.any(String) as string },
  ])
  expect(await client.forget({ location: 'sftp://host/a b', slot: 'cd'.repeat(32) })).toBe(0)
  expect(await client.forget({ location: 'sftp://host/a b' })).toBe(1)
  expect(await ask('sftp://host/a b')).toBeUndefined()
  expect(control.stored.keyChanges).toBe(2)
})

test('what the daemon refuses with is thrown as what it is', async () => {
  const { control, client } = await start()
  await expect(client.job(9)).rejects.toThrow(UsageError)
  await expect(client.runPlan('weekly')).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /weekly/ })
  vi.spyOn(control.stored.jobs, 'list').mockRejectedValue(
    new StorageError('STORE_FULL', 'no room', { retry: 'transient', hint: 'Make some.' }),
  )
  await expect(client.jobs({ limit: 1 })).rejects.toMatchObject({
    code: 'STORE_FULL',
    retry: 'transient',
    hint: 'Make some.',
  })
  vi.spyOn(control.stored.jobs, 'list').mockRejectedValue(new Error('a defect with a secret'))
  await expect(client.jobs({ limit: 1 })).rejects.toMatchObject({ code: 'DAEMON_FAILED' })
  await expect(client.jobs({ limit: 1 })).rejects.not.toThrow('secret')
  expect(control.faults).toHaveLength(2)
})

test('names of plans cross the socket whatever they hold', async () => {
  const { client } = await start()
  await expect(client.runPlan('../../v1/stop?x#y')).rejects.toMatchObject({ message: /"\.\.\/\.\.\/v1\/stop\?x#y"/ })
})

test('a client whose daemon ended says so', async () => {
  const { control, client } = await start()
  await control.stop()
  await expect(client.status()).rejects.toThrow(DaemonError)
  await expect(client.status()).rejects.toMatchObject({ code: 'NO_DAEMON' })
})

test('changes are told to whoever listens, and nobody is listened for after that', async () => {
  const { control } = await start()
  const socket = connect(control.path, () => socket.write('GET /v1/changes HTTP/1.0\r\n\r\n'))
  let text = ''
  socket.on('data', (part) => (text += part.toString('utf8')))
  await passes(() => expect(text).toContain('listening'))
  for (const listener of control.stored.listeners) listener({ type: 'job', job: 7 as JobId })
  await passes(() => expect(text).toContain('{"type":"job","job":7}\n'))
  socket.destroy()
  await passes(() => expect(control.stored.listeners.size).toBe(0))
})

test('whoever listens and takes nothing is let go', async () => {
  const { control } = await start()
  const socket = connect(control.path, () => socket.write('GET /v1/changes HTTP/1.0\r\n\r\n'))
  socket.on('error', () => undefined)
  await passes(() => expect(control.stored.listeners.size).toBe(1))
  for (let n = 0; n < 100_000; n++) {
    for (const listener of control.stored.listeners) listener({ type: 'job', job: n as JobId })
  }
  await passes(() => expect(control.stored.listeners.size).toBe(0))
  socket.destroy()
})

test('the last jobs of 10,000 are listed within 100 ms', async () => {
  const { control, client } = await start()
  await control.stored.jobs.add(jobFor('nightly'), 1000)
  using database = new DatabaseSync(join(dirname(dirname(control.path)), 'jobs.sqlite'))
  // Of those that wait, a whole page would be read as well, to say what each waits for.
  database.exec("UPDATE job SET state = 'done'")
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('job')
  const copied = columns.map(({ name }) => String(name)).filter((name) => name !== 'id')
  const names = copied.map((name) => `"${name}"`).join(', ')
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    INSERT INTO job (${names}) SELECT ${names} FROM job, n`)
  await client.jobs({ limit: 50 })
  const times = []
  for (let round = 0; round < 5; round++) {
    // Both ends are in this process; what others do on this machine is not their time.
    const start = process.cpuUsage()
    const { jobs } = await client.jobs({ limit: 50 })
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
    expect(jobs.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, i) => 10_000 - i))
  }
  expect(Math.min(...times)).toBeLessThan(100)
})
