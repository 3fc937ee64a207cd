import type { JobData, PlanData, RepositoryData } from '../../src/service/application/shown.ts'
import { NEW_MOUNT } from './fake-answers.ts'
import type { FakeApplication } from './fake-application.ts'
import { FakeTree } from './fake-tree.ts'
import { seededApplication, TEST_NOW_MS } from './seeded-application.ts'

const HOUR_MS = 3_600_000

/** A repository that is open, and has no point. */
export const DEPOT: RepositoryData = {
  name: 'depot',
  url: '/srv/depot',
  driver: 'local',
  isDefault: true,
  state: { kind: 'open', pointCount: 0 },
  sharesDisk: false,
  lastTest: undefined,
}

/** Of a step that has not run, and is not due. */
export const NEVER_RUN = {
  lastMs: undefined,
  lastState: undefined,
  isLastPartial: false,
  isQueued: false,
  nextMs: undefined,
} as const

/** A plan that has run. */
export const NIGHTLY: PlanData = {
  name: 'nightly',
  sources: ['/home/arthur', '/etc'],
  repository: 'depot',
  isPaused: false,
  trigger: 'every day at 2:30',
  steps: [
    {
      words: 'incremental every day',
      kind: 'incremental',
      lastMs: TEST_NOW_MS - 9 * HOUR_MS,
      lastState: 'done',
      isLastPartial: false,
      isQueued: false,
      nextMs: TEST_NOW_MS + 15 * HOUR_MS,
    },
    { ...NEVER_RUN, words: 'verify 5 %', kind: 'verify' },
  ],
  proven: { seconds: 185, atMs: TEST_NOW_MS - 24 * HOUR_MS, isKept: true },
}

/** A job that runs. */
export const BACKUP: JobData = {
  id: 'job-9',
  kind: 'backup',
  plan: 'nightly',
  repository: 'depot',
  state: 'running',
  queuedMs: TEST_NOW_MS - 60_000,
  startedMs: TEST_NOW_MS - 60_000,
  endedMs: undefined,
  ranMs: 60_000,
  attempt: 1,
  isHere: false,
  left: undefined,
  wait: undefined,
  isPartial: false,
  progress: { part: 0.5, bytesDone: 2 ** 30, bytesPerSecond: 2 ** 26, entriesDone: 9, at: '/home/arthur' },
  outcome: undefined,
}

/** Returns an application of which every screen has something to show. */
export function busyApplication(): FakeApplication {
  const application = seededApplication({ pointCount: 40 })
  const [depot] = application.repositoryList
  if (depot !== undefined) {
    const state = {
      kind: 'unreachable',
      sinceMs: TEST_NOW_MS - HOUR_MS,
      message: 'no route to host',
      hint: 'Is it switched on?',
    } as const
    application.repositoryList.push({
      ...depot,
      name: 'attic',
      url: 'sftp://arthur@attic/~/backup',
      driver: 'sftp',
      isDefault: false,
      state,
    })
  }
  application.planList = [NIGHTLY]
  const over = { progress: undefined, endedMs: TEST_NOW_MS - HOUR_MS, startedMs: TEST_NOW_MS - 2 * HOUR_MS }
  application.jobList = [
    BACKUP,
    {
      ...BACKUP,
      ...over,
      id: 'job-8',
      kind: 'verify',
      state: 'done',
      outcome: '5 % verified',
      queuedMs: TEST_NOW_MS - 2 * HOUR_MS,
    },
    {
      ...BACKUP,
      ...over,
      id: 'job-7',
      kind: 'copy',
      state: 'errored',
      outcome: 'no route to host',
      queuedMs: TEST_NOW_MS - 3 * HOUR_MS,
    },
  ]
  application.mountList = [
    {
      ...NEW_MOUNT,
      id: 'm',
      directory: '/home/arthur/tidemark',
      repository: 'depot',
      point: undefined,
      sinceMs: TEST_NOW_MS - HOUR_MS,
    },
  ]
  application.disk = new FakeTree().file('/home/arthur/notes.txt', 'what is there now')
  return application
}
