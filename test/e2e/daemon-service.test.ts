import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { TidemarkError } from '../../src/base/errors.ts'
import { ControlClient } from '../../src/service/control/client.ts'
import { DaemonPlace } from '../support/daemon-place.ts'
import { DatagramSocket } from '../support/datagram-socket.ts'
import { eventually, passes } from '../support/eventually.ts'
import { startTestDuneSea } from '../support/dunesea-server.ts'
import { freePort } from '../support/ssh-server.ts'

const UID = process.getuid?.() ?? 0

/** A configuration with one plan, whose hook tells what it was started with. */
function plansOf(place: DaemonPlace, seen: string): string {
  const plan = {
    ...{ sources: place.source, repository: 'sea', trigger: '@event go', steps: ['incremental'] },
    hooks: { before: `env > ${seen}; cat > ${seen}.input` },
  }
  return `plans: ${JSON.stringify({ home: plan })}\n`
}

test('a daemon tells its service manager when it is ready and when it stops, and a monitor how it does; reloads what is right, and refuses clearly to the end', async () => {
  const place = new DaemonPlace()
  const [notify, seen, port] = [join(place.folder, 'notify'), join(place.folder, 'seen'), await freePort()]
  using manager = new DatagramSocket(notify)
  place.environment['NOTIFY_SOCKET'] = notify
  // What opens the store stands in the environment alone.
  await using server = await startTestDuneSea()
  const token = server.token('home')
  place.environment['TIDEMARK_DUNESEA_TOKEN'] = token
  place.configure({ sea: server.url('home') }, `${plansOf(place, seen)}metrics: 127.0.0.1:${port}\n`)
  await place.succeed(['init', '-r', 'sea', '--no-recovery', '--kdf-memory', '8M'])
  const daemon = await place.startDaemon()
  expect(await manager.take()).toBe('READY=1')
  await using client = (await ControlClient.connect(join(place.folder, 'state', 'control.sock'), UID))!
  const metrics = async (path = 'metrics') => fetch(`http://127.0.0.1:${port}/${path}`)

  expect((await metrics('')).status).toBe(404)
  const before = await metrics()
  expect(before.headers.get('content-type')).toBe('text/plain; version=0.0.4')
  expect(await before.text()).not.toContain('tidemark_last_point_seconds{')
  expect(await client.raiseEvent('go', { version: 7 })).toEqual({ plans: ['home'] })
  const isDone = ({ jobs }: { jobs: readonly { state: string }[] }): boolean => jobs[0]?.state === 'done'
  expect((await eventually(() => client.jobs({ limit: 9 }), isDone)).jobs).toMatchObject([{ state: 'done' }])
  const after = await eventually(
    async () => (await metrics()).text(),
    (text) => text.includes('last_point'),
  )
  expect(after).toMatch(/^tidemark_last_point_seconds\{plan="home"\} 1\d{9}/m)
  expect(after).toContain('tidemark_step_state{plan="home",step="incremental",kind="incremental",state="done"} 1\n')
  expect(after).toContain('tidemark_configuration_is_wrong 0\n')
  // What the service manager says to the daemon alone, and what opens the store, are no concern of hooks; the event is.
  const variables = readFileSync(seen, 'utf8')
  expect(variables).toContain('TIDEMARK_PLAN=home\n')
  for (const secret of ['NOTIFY_SOCKET', token]) expect(variables).not.toContain(secret)
  const told = JSON.parse(readFileSync(`${seen}.input`, 'utf8')) as object
  expect(told).toMatchObject({ trigger: 'event', name: 'go', about: { version: 7 } })

  // As shells complete them.
  expect((await place.succeed(['names', 'jobs'])).stdout).toBe('1\n')
  expect((await place.succeed(['names', 'steps', '--', 'run', 'home', '--step'])).stdout).toBe('incremental\n')
  expect((await place.succeed(['names', 'events', '--', 'event'])).stdout).toBe('go\n')

  const configuration = readFileSync(place.configFile, 'utf8')
  writeFileSync(place.configFile, configuration.replace('@event go', '@evnt go'))
  const refused = await place.run(['daemon', 'reload'])
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/config\.yaml.* line 5.*plans\.home\.trigger/s),
  ])
  expect(await (await metrics()).text()).toContain('tidemark_configuration_is_wrong 1\n')
  expect((await client.plans()).plans).toMatchObject([{ name: 'home', paused: false }])
  writeFileSync(place.configFile, configuration.replace('"home"', '"house"').replace(/metrics: .*\n/, ''))
  expect(JSON.parse((await place.succeed(['daemon', 'reload', '--json'])).stdout)).toEqual({ reloaded: true })
  expect((await client.plans()).plans).toMatchObject([{ name: 'house' }])
  await passes(() => expect(metrics()).rejects.toThrow('fetch failed'))

  const asked = keepAsking(client)
  await client.stop()
  expect(await daemon.ended).toBe(0)
  expect(await asked).toEqual(new Set(['NO_DAEMON']))
  let state = await manager.take()
  while (state === 'WATCHDOG=1') state = await manager.take()
  expect(state).toBe('STOPPING=1')
  // Of all that happened, one mistake in the configuration.
  const warnings = daemon.said().match(/^.*warning.*$/gm)
  expect(warnings).toEqual([expect.stringContaining('plans.home.trigger')])
})

/** Asks one thing after the other until nobody answers any more; returns what was refused with. */
async function keepAsking(client: ControlClient): Promise<ReadonlySet<string>> {
  const codes = new Set<string>()
  const questions = [() => client.jobs({ limit: 9 }), () => client.raiseEvent('other', undefined), () => client.plans()]
  for (let n = 0; ; n++) {
    try {
      await questions[n % questions.length]?.()
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      codes.add(error.code)
      if (error.message.includes('ended before it answered')) return codes
    }
  }
}

test('lock forgets one key or all, and says so where nothing is unlocked or no daemon runs', async () => {
  const place = new DaemonPlace()
  const [one, other] = [join(place.folder, 'one'), join(place.folder, 'other')]
  place.configure({ one, other }, '')
  expect(await place.succeed(['lock'])).toMatchObject({ stdout: '', stderr: 'Nothing was unlocked.\n' })
  await place.startDaemon()
  await using client = (await ControlClient.connect(join(place.folder, 'state', 'control.sock'), UID))!
  const unlocked = async () => (await client.status()).unlocked.map(({ location }) => location)
  const key = () =>
    ({ kind: 'derived', slot: 'ab'.repeat(32) as never, bytes: new Uint8Array(32), credentials: new Map() }) as const
  for (const location of [one, other]) await client.hold(location, key())
  expect(await unlocked()).toEqual([one, other])
  expect((await place.succeed(['lock', 'one'])).stderr).toBe('Forgotten: 1 key.\n')
  expect(await unlocked()).toEqual([other])
  await client.hold(one, key())
  expect((await place.succeed(['lock'])).stderr).toBe('Forgotten: 2 keys.\n')
  expect(await unlocked()).toEqual([])
})
