import { join } from 'node:path'

import { expect, test } from 'vitest'

import { serviceManager, Watchdog } from '../../src/cli/service-manager.ts'
import { SimulatedTime } from '../support/simulated-daemon.ts'
import { DatagramSocket } from '../support/datagram-socket.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a service manager is told each state in a datagram, at a path and at an abstract name', () => {
  for (const name of [join(temporaryFolder(), 'notify'), `@tidemark-test-${process.pid}`]) {
    using manager = new DatagramSocket(name)
    const tell = serviceManager({ NOTIFY_SOCKET: name })
    expect(manager.next()).toBeUndefined()
    tell('READY=1', 'STATUS=two plans')
    tell('WATCHDOG=1')
    expect([manager.next(), manager.next(), manager.next()]).toEqual([
      'READY=1\nSTATUS=two plans',
      'WATCHDOG=1',
      undefined,
    ])
  }
})

test('one that is away, busy or not to be reached ends nothing, and where there is none, nothing is told', () => {
  const folder = temporaryFolder()
  for (const NOTIFY_SOCKET of ['', join(folder, 'nobody'), folder, join(folder, 'x'.repeat(200))]) {
    expect(() => serviceManager({ NOTIFY_SOCKET })('READY=1')).not.toThrow()
  }
  expect(() => serviceManager({})('READY=1')).not.toThrow()
  const path = join(folder, 'notify')
  using manager = new DatagramSocket(path)
  const tell = serviceManager({ NOTIFY_SOCKET: path })
  // Its queue is full long before.
  for (let n = 0; n < 1000; n++) tell('WATCHDOG=1')
  expect(manager.next()).toBe('WATCHDOG=1')
})

test.each([
  ['4 s', '4000000', 2000],
  ['5 minutes', '300000000', 150_000],
  ['no watchdog', undefined, 70_000],
])('a loop that takes its turns feeds the watchdog in half of its time, however busy it is: %s', (_, usec, mostMs) => {
  for (const turnsAreEarly of [false, true]) {
    const clock = new SimulatedTime(0)
    const fed: number[] = []
    const watchdog = new Watchdog({ WATCHDOG_USEC: usec }, { clock, feed: () => fed.push(clock.nowMs()) })
    for (let turn = 0; turn < 300; turn++) {
      watchdog.turn()
      // Something happens just before it would be fed again.
      clock.jump(turnsAreEarly && turn % 2 === 0 ? Math.min(9999, mostMs / 2 - 1) : watchdog.lookMs)
    }
    const gaps = fed.slice(1).map((ms, n) => ms - fed[n]!)
    expect(gaps.length).toBeGreaterThan(100)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(mostMs)
  }
})

test('a watchdog is not fed at each turn of a busy loop', () => {
  const clock = new SimulatedTime(0)
  let fed = 0
  const watchdog = new Watchdog({ WATCHDOG_USEC: '300000000' }, { clock, feed: () => fed++ })
  for (let turn = 0; turn < 1000; turn++) {
    watchdog.turn()
    clock.jump(10)
  }
  expect(fed).toBe(1)
})
