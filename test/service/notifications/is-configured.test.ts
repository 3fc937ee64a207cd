import { expect, test } from 'vitest'

import { DaemonError } from '../../../src/base/errors.ts'
import {
  channelBroken,
  locked,
  mistake,
  noSuccess,
  promiseMissed,
  storeFull,
  unreachableKey,
  unwatched,
} from '../../../src/service/notifications/conditions.ts'
import { type Configured, isConfigured } from '../../../src/service/notifications/is-configured.ts'
import type { Condition } from '../../../src/service/notifications/notification.ts'
import { decodeSettings } from '../../../src/service/daemon/settings.ts'

const ERROR = new DaemonError('DAEMON_FAILED', 'it does not')
const FULL = { freeBytes: 1, totalBytes: 2 ** 40 }

function configured(changes: Readonly<Record<string, unknown>> = {}): Configured {
  const plan = {
    sources: '/home',
    repository: '/srv/a',
    trigger: '@path /etc/hosts',
    promise: { recovery: '1 hour', 'no-success-since': '2 days' },
    steps: ['incremental', { copy: '/srv/b' }],
    ...changes,
  }
  const text = JSON.stringify({ plans: { home: plan }, channels: { mail: { webhook: 'https://mail.example' } } })
  return decodeSettings({ file: '/config.yaml', text, home: '/home' })
}

/** What is said, and the change of the plan after which nobody would say that it is over. */
const SAID: readonly (readonly [string, Condition | undefined, Readonly<Record<string, unknown>>])[] = [
  ['that a promise of recovery is missed', promiseMissed('home', { wouldTakeMs: 2, promisedMs: 1 }), { promise: {} }],
  ['that no point is made', noSuccess('home', { sinceMs: 0, nowMs: 1 }), { promise: {} }],
  ['that a store is full', storeFull('home', '/srv/a', FULL), { repository: '/srv/c' }],
  ['that the store of copies is full', storeFull('home', '/srv/b', FULL), { steps: ['incremental'] }],
  ['that a path is not watched', unwatched('/etc/hosts', 'EACCES'), { trigger: '@daily' }],
]

test.each(SAID)('it is known %s as long as that is configured', (_, condition, change) => {
  expect(condition).toBeDefined()
  if (condition === undefined) return
  expect(isConfigured(condition, configured())).toBe(true)
  expect(isConfigured(condition, configured(change))).toBe(false)
})

test('what is said of a channel is over with it', () => {
  expect(isConfigured(channelBroken('mail', ERROR), configured())).toBe(true)
  expect(isConfigured(channelBroken('other', ERROR), configured())).toBe(false)
})

test('what is said of a store that cannot be reached is over with its plan', () => {
  const said = { category: 'failure', key: unreachableKey('home'), plan: 'home' } as const
  expect(isConfigured(said, configured())).toBe(true)
  expect(isConfigured({ ...said, key: unreachableKey('gone'), plan: 'gone' }, configured())).toBe(false)
})

test('what is looked at by itself is left alone', () => {
  for (const condition of [locked('gone'), mistake(ERROR, true)])
    expect(isConfigured(condition, configured())).toBe(true)
})
