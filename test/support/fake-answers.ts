import { UsageError } from '../../src/base/errors.ts'
import type { HealthData, JobData } from '../../src/service/application/shown.ts'

/** What a repository says of which all is well. */
export const ALL_VERIFIED: HealthData = {
  color: 'green',
  message: 'All points verified 2 h ago.',
  fix: undefined,
  repository: undefined,
  others: [],
}

/** What every repository has that was added a moment ago. */
export const NEW_REPOSITORY = {
  ...{ driver: 'local', sharesDisk: false, lastTest: undefined },
  state: { kind: 'open', pointCount: 0 },
} as const

/** What every slot has that was made a moment ago. */
export const NEW_SLOT = { isCurrent: false, order: undefined, label: undefined, createdMs: undefined } as const

const STARTED_MS = 1_795_000_000_000

/** What every mount has that was made a moment ago. */
export const NEW_MOUNT = { sinceMs: STARTED_MS, process: 4711, answer: 'alive' } as const

/** What every job has that was started a moment ago. */
export const STARTED_JOB = {
  ...{ plan: undefined, state: 'running', queuedMs: STARTED_MS, startedMs: STARTED_MS, endedMs: undefined, ranMs: 0 },
  ...{ attempt: 1, isPartial: false, outcome: undefined, left: undefined, wait: undefined },
  progress: { part: 0.25, bytesDone: 2 ** 20, bytesPerSecond: 50 * 2 ** 20, entriesDone: 10, at: '/home/arthur' },
} as const satisfies Partial<JobData>

/** @throws {UsageError} always: a test asked for what it has not put in. */
export function missing(what: string): never {
  throw new UsageError('UNKNOWN_PATH', `there is no ${what}`, { hint: 'Look at what is there.' })
}
