import { join } from 'node:path'

import { expect, test } from 'vitest'

import { serviceManager } from '../../src/cli/service-manager.ts'
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
