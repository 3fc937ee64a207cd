import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { describe, expect, onTestFinished, test } from 'vitest'

import { StorageError } from '../../../src/base/errors.ts'
import type { Channel, EmailSettings } from '../../../src/service/notifications/channel.ts'
import { CommandChannel } from '../../../src/service/notifications/command-channel.ts'
import { Deliverer } from '../../../src/service/notifications/deliverer.ts'
import { EmailChannel } from '../../../src/service/notifications/email-channel.ts'
import { channelBroken } from '../../../src/service/notifications/conditions.ts'
import type { Notification } from '../../../src/service/notifications/notification.ts'
import { Notifier } from '../../../src/service/notifications/notifier.ts'
import { WebhookChannel } from '../../../src/service/notifications/webhook-channel.ts'
import { condition, INSTANCE, notificationStore, SetClock } from '../../support/notification-fixture.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'
import { freePort } from '../../support/ssh-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const NEVER = new AbortController().signal

async function notification(): Promise<Notification> {
  const clock = new SetClock()
  const said = condition('a', { title: 'nightly: copy failed', message: 'The disk\r\n.\r\nis away. naïve' })
  return notificationStore(clock).raise(said, { instance: INSTANCE, nowMs: clock.ms, channels: [] })
}

/** Starts a mail server of this machine; returns its port and what it was sent. */
async function mailServer(options: SMTPServerOptions = {}): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      let text = ''
      stream.on('data', (part: Buffer) => (text += part.toString()))
      stream.on('end', () => {
        mails.push(text)
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => new Promise<void>((resolve) => server.close(resolve)))
  return { port: (server.server.address() as AddressInfo).port, mails }
}

function email(port: number, changes: Partial<EmailSettings> = {}): EmailSettings {
  return {
    ...{ kind: 'email', host: '127.0.0.1', port, security: 'none', user: undefined, password: undefined },
    ...{ from: 'tidemark@example.com', to: ['ada@example.com', 'bob@example.com'] },
    ...changes,
  }
}

/** Starts an HTTP server that answers with one status after the other, the last one from then on. */
async function webServer(...statuses: number[]): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      response.writeHead(statuses[Math.min(bodies.length, statuses.length - 1)] ?? 200, { location: '/elsewhere' })
      response.end('an answer')
      bodies.push(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, bodies }
}

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(StorageError)
  return error as StorageError
}

describe('e-mail', () => {
  const none = async (): Promise<undefined> => Promise.resolve(undefined)

  test('arrives with title, message and plan, whatever lines the message has', async () => {
    const { port, mails } = await mailServer()
    await new EmailChannel(email(port), none).send(await notification(), NEVER)
    expect(mails).toHaveLength(1)
    expect(mails[0]).toMatch(/^Subject: \[Tidemark\] nightly: copy failed\r$/m)
    expect(mails[0]).toMatch(/^To: ada@example.com, bob@example.com\r$/m)
    expect(mails[0]).toMatch(/is away\. na=C3=AFve/)
    expect(mails[0]).toMatch(/^Plan: nightly\r$/m)
  })

  test('is handed over with user and password', async () => {
    const seen: unknown[] = []
    const { port, mails } = await mailServer({
      ...{ authOptional: false, allowInsecureAuth: true },
      onAuth(auth, _session, done) {
        seen.push([auth.username, auth.password])
        if (auth.password === 'right') done(null, { user: auth.username })
        else done(new Error('no'))
      },
    })
    const settings = email(port, { user: 'ada' })
    const wrong = await failureOf(
      new EmailChannel(settings, async () => Promise.resolve('wrong')).send(await notification(), NEVER),
    )
    expect(wrong).toMatchObject({ code: 'STORE_DENIED', retry: 'never' })
    await new EmailChannel(settings, async () => Promise.resolve('right')).send(await notification(), NEVER)
    expect(seen.at(-1)).toEqual(['ada', 'right'])
    expect(mails).toHaveLength(1)
  })

  test('is not sent in clear where encryption is required', async () => {
    const { port, mails } = await mailServer()
    const channel = new EmailChannel(email(port, { security: 'starttls' }), none)
    expect((await failureOf(channel.send(await notification(), NEVER))).message).toMatch(/did not take the e-mail/)
    expect(mails).toEqual([])
  })

  test('is tried again after what may pass, and not after what will not', async () => {
    const answer = (code: number) => async (): Promise<StorageError> => {
      const { port } = await mailServer({
        onRcptTo: (_address, _session, done) => done(Object.assign(new Error('refused'), { responseCode: code })),
      })
      return failureOf(new EmailChannel(email(port), none).send(await notification(), NEVER))
    }
    expect(await answer(550)()).toMatchObject({ retry: 'never' })
    const away = await failureOf(new EmailChannel(email(await freePort()), none).send(await notification(), NEVER))
    expect(away).toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
  })
})

describe('a webhook', () => {
  const hook = (url: string): Channel => new WebhookChannel(async () => Promise.resolve(url))

  test('gets the notification as JSON', async () => {
    const { url, bodies } = await webServer(204)
    await hook(url).send(await notification(), NEVER)
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      ...{
        category: 'failure',
        priority: 'high',
        plan: 'nightly',
        title: 'nightly: copy failed',
        count: 1,
        state: 'active',
      },
      ...{ raised: '2026-01-01T00:00:00.000Z', resolved: null },
    })
  })

  test.each([
    [503, 'transient'],
    [429, 'transient'],
    [404, 'never'],
    [302, 'never'],
  ])('that answers %i is tried again: %s; its path is not told', async (status, retry) => {
    const { url } = await webServer(status)
    const error = await failureOf(hook(url).send(await notification(), NEVER))
    expect(error.retry).toBe(retry)
    expect(error.message).toContain(`it answered ${status}`)
    expect(JSON.stringify([error.message, error.context])).not.toContain('secret-path')
  })
})

describe('a command', () => {
  function script(text: string): string {
    const path = join(temporaryFolder(), 'script')
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return path
  }

  test('reads the notification as JSON', async () => {
    const path = script('cat > "$1"')
    const out = `${path}.out`
    await new CommandChannel({ kind: 'command', command: [path, out], limitMs: 10_000 }).send(
      await notification(),
      NEVER,
    )
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ title: 'nightly: copy failed' })
  })

  test('may leave it unread', async () => {
    const channel = new CommandChannel({ kind: 'command', command: [script('exit 0')], limitMs: 10_000 })
    await channel.send({ ...(await notification()), message: 'x'.repeat(1 << 20) }, NEVER)
  })

  test.each([
    ['echo out of order >&2; exit 3', 100_000, /exit code 3: out of order/],
    ['kill -TERM $$', 100_000, /ended by SIGTERM/],
    ['exec sleep 100', 200, /more than 0.2 s/],
  ])('that ends with %j has failed', async (text, limitMs, message) => {
    const channel = new CommandChannel({ kind: 'command', command: [script(text)], limitMs })
    expect((await failureOf(channel.send(await notification(), NEVER))).message).toMatch(message)
  })

  test('that is not there has failed', async () => {
    const channel = new CommandChannel({ kind: 'command', command: ['/no/such/program'], limitMs: 1000 })
    expect((await failureOf(channel.send(await notification(), NEVER))).message).toMatch(/ENOENT/)
  })
})

test('what could not be delivered is delivered later, once; a channel that hangs keeps no other waiting', async () => {
  const clock = new SetClock()
  const store = notificationStore(clock)
  const { url, bodies } = await webServer(500, 500, 200)
  const failed: unknown[] = []
  const worked: string[] = []
  const hanging: Channel = {
    send: async (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  }
  const channels = new Map([
    ['hook', new WebhookChannel(async () => Promise.resolve(url))],
    ['hanging', hanging],
  ])
  const deliverer = new Deliverer({
    ...{ store, instance: INSTANCE, clock, randomness: seededRandomness('deliver') },
    channel: (name) => channels.get(name),
    onFailure: (channel, error, isGivenUp) => failed.push([channel, error.code, isGivenUp]),
    onSuccess: (channel) => worked.push(channel),
  })
  await store.raise(condition('a'), { instance: INSTANCE, nowMs: clock.ms, channels: ['hook', 'gone'] })
  await store.raise(condition('b'), { instance: INSTANCE, nowMs: clock.ms, channels: ['hanging'] })
  const ending = new AbortController()
  const hung = deliverer.deliverDue(ending.signal)
  const isUnderWay = async (): Promise<boolean> =>
    (await store.dueDeliveries(INSTANCE, clock.ms)).some(({ channel }) => channel === 'hook')
  while (await isUnderWay()) await new Promise(setImmediate)
  ending.abort()
  await expect(hung).rejects.toThrow('aborted')
  channels.delete('hanging')
  for (let round = 0; round < 3; round++) {
    clock.ms += 3_600_000
    await deliverer.deliverDue(NEVER)
  }
  expect(bodies).toHaveLength(3)
  expect(worked).toEqual(['hook'])
  // What passes at once is not told.
  expect(failed).toEqual([['hook', 'STORE_UNAVAILABLE', false]])
  expect(await store.nextDeliveryMs(INSTANCE)).toBeUndefined()
})

test('a channel that was away hears of an end after the beginning, and of all that waited once it is back', async () => {
  const clock = new SetClock()
  const store = notificationStore(clock)
  const titles: string[] = []
  let isAway = true
  const channel: Channel = {
    send: async ({ title }) => {
      if (isAway) throw new StorageError('STORE_UNAVAILABLE', 'away', { retry: 'transient' })
      titles.push(title)
    },
  }
  const notifier = new Notifier({
    store,
    instance: INSTANCE,
    clock,
    channels: () => ['hook'],
    onRaised: () => undefined,
  })
  const deliverer = new Deliverer({
    ...{ store, instance: INSTANCE, clock, randomness: seededRandomness('away') },
    channel: () => channel,
    onFailure: () => undefined,
    onSuccess: () => undefined,
  })
  const next = async (): Promise<void> => {
    clock.ms = Math.max(clock.ms, (await store.nextDeliveryMs(INSTANCE)) ?? 0)
    await deliverer.deliverDue(NEVER)
  }
  await notifier.raise(condition('a'))
  for (let round = 0; round < 4; round++) await next()
  await notifier.raise(condition('b'))
  await notifier.resolve('a')
  await next()
  isAway = false
  // Of the three, only "b" is due: that it got through has the others tried at once.
  await next()
  expect(titles).toEqual(['b title'])
  const backMs = clock.ms
  await next()
  await next()
  expect(titles).toEqual(['b title', 'a title', 'Over: a title'])
  expect(clock.ms).toBe(backMs)
  expect(await store.nextDeliveryMs(INSTANCE)).toBeUndefined()
})

test.each(['is "nightly" meant?', 'it is gone.'])('what is told of %j ends once', async (message) => {
  const said = channelBroken('hook', new StorageError('STORE_UNAVAILABLE', message, { hint: 'Look.' }))
  expect(said.message).toBe(`${message}\nLook.`)
})
