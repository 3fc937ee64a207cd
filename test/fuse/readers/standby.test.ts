import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Standby } from '../../../fuse/readers/standby.ts'

const AT_ONCE_MS = 0.001
const LONG_MS = 1
const MANY = 100

describe('the threads that stand by', () => {
  test('read the device while the first is away from it, and no longer', () => {
    const standby = Standby.create()
    expect(standby.areAllWanted).toBe(false)
    standby.leave()
    standby.leave()
    expect(standby.areAllWanted).toBe(true)
    standby.comeBack()
    expect(standby.areAllWanted).toBe(false)
  })

  test('read it, too, once requests pile up, until the first has to wait for one', () => {
    const standby = Standby.create()
    standby.noteWait(AT_ONCE_MS)
    expect(standby.areAllWanted).toBe(false)
    for (let i = 0; i < MANY; i++) standby.noteWait(AT_ONCE_MS)
    standby.comeBack()
    expect(standby.areAllWanted).toBe(true)
    standby.noteWait(LONG_MS)
    standby.comeBack()
    expect(standby.areAllWanted).toBe(false)
  })

  test('are woken when the first leaves', async () => {
    const standby = Standby.create()
    const { woken } = startWaiting(standby)
    standby.leave()
    expect(await woken).toBe('woken')
  })

  test('look for news when they are woken for it, and stand by again', async () => {
    const standby = Standby.create()
    const { woken, looks } = startWaiting(standby)
    // A thread that has not begun to wait is woken in vain.
    for (const before = looks() + 1; looks() <= before; await nextTurn()) standby.wake()
    expect(standby.areAllWanted).toBe(false)
    standby.leave()
    expect(await woken).toBe('woken')
  })

  test('are woken at the end, and nobody waits afterwards', async () => {
    const standby = Standby.create()
    const { woken } = startWaiting(standby)
    standby.end()
    standby.comeBack()
    expect(await woken).toBe('woken')
    expect(standby.areAllWanted).toBe(true)
  })
})

/** Lets another thread stand by. `woken` resolves when it no longer does; `looks` counts how often it looked for news. */
function startWaiting({ buffer }: Standby): { readonly woken: Promise<unknown>; readonly looks: () => number } {
  const script = new URL('../../support/standby-worker.ts', import.meta.url)
  const worker = new Worker(script, { workerData: buffer })
  onTestFinished(() => void worker.terminate())
  let looks = 0
  const woken = new Promise((resolve, reject) => {
    worker.on('message', (message) => (message === 'looked' ? looks++ : resolve(message)))
    worker.once('error', reject)
  })
  return { woken, looks: () => looks }
}
