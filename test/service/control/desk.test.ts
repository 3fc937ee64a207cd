import { expect, onTestFinished, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { ownIdentity } from '../../../src/base/process-identity.ts'
import { DaemonDesk } from '../../../src/service/control/desk.ts'
import { waitOfDocument } from '../../../src/service/control/show.ts'
import { COMMAND_KIND } from '../../../src/service/jobs/command-message.ts'
import { INSTANCE, jobFor, StoredDaemon } from '../../support/stored-daemon.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

function stored(): StoredDaemon {
  const daemon = new StoredDaemon(temporaryMemoryFolder())
  onTestFinished(() => daemon[Symbol.asyncDispose]())
  return daemon
}

test('a desk says what each job waits for, as its daemon knows it, or that there is none', async () => {
  const { daemon, jobs } = stored()
  const nowMs = Date.now()
  const { instance, kind, message } = jobFor('nightly')
  const asked = { instance, kind, message }
  const first = await jobs.add({ ...asked, dueMs: nowMs + 600_000 }, nowMs)
  const second = await jobs.add({ ...asked, runOf: first.id }, nowMs)
  const locked = await jobs.add(asked, nowMs)
  const lockedFor = async (): Promise<Map<typeof locked.id, string>> => new Map([[locked.id, 'disk']])
  const desk = new DaemonDesk({ ...daemon, lockedFor }, systemClock)
  const shown = (await desk.jobs({ limit: 10 })).jobs.toReversed()
  const nothing = { waitsForUnlock: null, waitsForJob: null }
  expect(shown).toMatchObject([
    { ...nothing, waitsFor: 'time' },
    { ...nothing, waitsFor: 'job', waitsForJob: first.id },
    { ...nothing, waitsFor: 'unlock', waitsForUnlock: 'disk' },
  ])
  // What a face reads from a document is what the daemon meant.
  expect(waitOfDocument(shown[0]!, nowMs)).toMatchObject({ for: 'time', untilMs: nowMs + 600_000 })
  expect(waitOfDocument(shown[1]!, nowMs)).toMatchObject({ for: 'job', job: first.id, untilMs: undefined })
  const without = new DaemonDesk({ ...daemon, runsJobs: false }, systemClock)
  expect(await without.job(second.id)).toMatchObject({ ...nothing, waitsFor: 'daemon' })
})

test('a desk tells of a job whose worker is gone, and whether its process is', async () => {
  const { daemon, jobs } = stored()
  const desk = new DaemonDesk(daemon, systemClock)
  const longAgoMs = Date.now() - 600_000
  const { id } = await jobs.add(jobFor('nightly'), longAgoMs)
  const kinds = [COMMAND_KIND]
  await jobs.claim({ instance: INSTANCE, worker: 'dead', kinds, nowMs: longAgoMs, leaseMs: 1000 })
  expect(await desk.job(id)).toMatchObject({ state: 'running', interrupted: true, goesOn: false, waitsFor: null })
  const lease = { job: id, worker: 'dead', untilMs: longAgoMs + 1000 }
  await jobs.note(lease, { stage: 'command', process: ownIdentity() })
  expect(await desk.job(id)).toMatchObject({ state: 'running', interrupted: true, goesOn: true })
})
