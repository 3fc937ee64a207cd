import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { DaemonPlace } from '../support/daemon-place.ts'
import { eventually, passes } from '../support/eventually.ts'
import { startSshServer } from '../support/ssh-server.ts'

test('a schedule fires, and forget and copy follow, with the repository on an SSH server', async () => {
  const ssh = await startSshServer()
  onTestFinished(() => ssh[Symbol.asyncDispose]())
  const place = new DaemonPlace()
  const folder = join(place.home, '.ssh')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'id_ed25519'), readFileSync(ssh.keyFile), { mode: 0o600 })
  writeFileSync(join(folder, 'known_hosts'), ssh.knownHosts)
  writeFileSync(join(folder, 'config'), `Host nas\n  HostName 127.0.0.1\n  Port ${ssh.port}\n`)
  writeFileSync(join(place.source, 'file'), 'content')
  const repositories = { nas: `sftp://nas${join(ssh.folder, 'repository')}`, disk: place.repository }
  place.configure(repositories, '')
  for (const name of ['nas', 'disk']) {
    await place.succeed(['init', '-r', name, '--no-recovery', '--kdf-memory', '8M'])
  }
  // Every two seconds, of which the intervals leave the first.
  place.configure(
    repositories,
    `plans:
  nightly:
    sources: ${place.source}
    repository: nas
    trigger: '@cron */2 * * * * *'
    steps:
      - incremental: 1 hour
      - forget: { keep-last: 1 }
        every: 1 hour
      - copy: disk
        every: 1 hour
`,
  )
  await place.startDaemon()
  const isOver = (jobs: readonly { state: string }[]): boolean =>
    jobs.length >= 3 && jobs.every(({ state }) => state !== 'queued' && state !== 'running')
  const jobs = await eventually(() => place.jobs(), isOver)
  expect(jobs.map(({ command, state }) => [command, state])).toEqual([
    ['backup', 'done'],
    ['forget', 'done'],
    ['copy', 'done'],
  ])
  for (const name of ['nas', 'disk']) {
    const { stdout } = await place.succeed(['points', '-r', name, '--json'])
    expect(JSON.parse(stdout)).toHaveLength(1)
  }
  // Nobody can make a point that is not there: an hour has not passed.
  expect(await place.jobs()).toHaveLength(3)
})

test('of two daemons of one user the second says which runs; however the first one ends, the next does what is left in order', async () => {
  const place = new DaemonPlace()
  await place.init()
  const begun = join(place.folder, 'begun')
  const timesBegun = (): number => (existsSync(begun) ? readFileSync(begun, 'utf8').length : 0)
  const plan = {
    ...{ sources: place.source, repository: 'disk', trigger: '@event go' },
    steps: ['incremental', { forget: { 'keep-last': 1 } }],
    // The first two times it lasts until something ends it.
    hooks: { before: `printf x >> ${begun}; test $(wc -c < ${begun}) -gt 2 || sleep 300` },
  }
  place.configure({ disk: place.repository }, `plans: ${JSON.stringify({ p: plan })}\n`)
  const first = await place.startDaemon()
  const second = await place.run(['daemon'])
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`a daemon runs already: process ${first.pid}`)
  await place.succeed(['plan', 'run', 'p'])
  await passes(() => expect(timesBegun()).toBe(1))
  first.kill('SIGKILL')
  await first.ended
  expect(await place.jobs()).toMatchObject([{ state: 'running', interrupted: true }, { state: 'queued' }])
  // The lock goes with its process, however that ends. What was interrupted for the first time is begun again at once.
  const third = await place.startDaemon()
  await passes(() => expect(timesBegun()).toBe(2))
  third.kill('SIGTERM')
  expect(await third.ended).toBe(0)
  expect(await place.jobs()).toMatchObject([{ state: 'queued' }, { state: 'queued' }])
  await place.startDaemon()
  await place.succeed(['job', 'show', '2', '--follow'])
  const [backup, forget] = await place.jobs()
  expect([backup, forget]).toMatchObject([
    { command: 'backup', state: 'done', runs: 3 },
    { command: 'forget', state: 'done', runs: 1 },
  ])
  expect(Date.parse(forget?.started ?? '')).toBeGreaterThanOrEqual(Date.parse(backup?.finished ?? ''))
})

test('a password that was changed under it is told, and everything else goes on', async () => {
  const place = new DaemonPlace()
  place.configure({ disk: place.repository }, '')
  await place.succeed(['init', '-r', 'disk', '--no-recovery', '--kdf-memory', '8M'])
  writeFileSync(place.passwordFile, 'another one\n')
  place.configure(
    { disk: place.repository },
    `plans:\n  p: { sources: ${place.source}, repository: disk, trigger: '@event go', steps: [incremental] }\n`,
  )
  await place.startDaemon()
  await place.succeed(['event', 'go'])
  const failed = await eventually(
    () => place.jobs(),
    ([job]) => job?.state === 'errored',
  )
  expect(failed).toMatchObject([{ state: 'errored' }])
  const told = await place.succeed(['notification', 'list'])
  expect(told.stdout).toContain('p: incremental failed')
  writeFileSync(place.passwordFile, 'correct horse\n')
  await place.succeed(['event', 'go'])
  const done = await eventually(
    () => place.jobs(),
    (jobs) => jobs[1]?.state === 'done',
  )
  expect(done).toMatchObject([{ state: 'errored' }, { state: 'done' }])
})
