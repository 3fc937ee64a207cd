import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { interruptible } from '../../src/cli/signals.ts'

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('the first %s interrupts', (name) => {
  const signals = new EventEmitter()
  let told = 0
  const { signal } = interruptible(() => told++, signals)
  expect(signal.aborted).toBe(false)
  signals.emit(name)
  expect(signal.reason).toMatchObject({ code: 'INTERRUPTED' })
  expect(told).toBe(1)
})

test('a command may have SIGHUP do something else, each time, and is interrupted by the others all the same', () => {
  const signals = new EventEmitter()
  const { signal, onHangUp } = interruptible(() => undefined, signals)
  let hungUp = 0
  onHangUp(() => hungUp++)
  signals.emit('SIGHUP')
  signals.emit('SIGHUP')
  expect(hungUp).toBe(2)
  expect(signal.aborted).toBe(false)
  signals.emit('SIGTERM')
  expect(signal.aborted).toBe(true)
})
