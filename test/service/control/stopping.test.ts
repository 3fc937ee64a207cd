import { expect, onTestFinished, test } from 'vitest'

import { DaemonError } from '../../../src/base/errors.ts'
import { ControlClient } from '../../../src/service/control/client.ts'
import { startTestControl, UID } from '../../support/control-server.ts'

test('a daemon that stops takes nothing on, says so, and goes on telling how it stands', async () => {
  const control = await startTestControl()
  onTestFinished(() => control[Symbol.asyncDispose]())
  await using client = (await ControlClient.connect(control.path, UID))!
  const job = (await client.runPlan('nightly')).jobs[0]!
  control.stored.isStopping = true
  const refused = [
    () => client.runPlan('nightly'),
    () => client.pausePlan('nightly', true),
    () => client.raiseEvent('done', undefined),
    () => client.cancelJob(job.id),
    () => client.reload(),
    () => client.ask({ words: ['backup'], repository: '/a' }),
  ]
  for (const ask of refused) {
    const error: unknown = await ask().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DaemonError)
    expect(error).toMatchObject({
      code: 'NO_DAEMON',
      retry: 'transient',
      message: expect.stringContaining('stopping') as string,
    })
  }
  expect(control.accesses.filter(({ status }) => status !== 503)).toHaveLength(1)
  expect((await client.jobs({ limit: 9 })).jobs).toHaveLength(1)
  expect(await client.plans()).toEqual({ plans: [] })
  // Nobody has to wait with locking.
  expect(await client.forget({})).toBe(0)
  await client.stop()
  await control.stored.stopped.promise
  expect(control.stored.events).toEqual([])
  expect(control.faults).toEqual([])
})
