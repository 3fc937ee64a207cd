import { UsageError } from '../../src/base/errors.ts'
import type { HealthData } from '../../src/service/application/shown.ts'

/** What a repository says of which all is well. */
export const ALL_VERIFIED: HealthData = {
  color: 'green',
  message: 'All points verified 2 h ago.',
  fix: undefined,
  repository: undefined,
}

/** What every slot has that was made a moment ago. */
export const NEW_SLOT = { isCurrent: false, label: undefined, createdMs: undefined } as const

/** @throws {UsageError} always: a test asked for what it has not put in. */
export function missing(what: string): never {
  throw new UsageError('UNKNOWN_PATH', `there is no ${what}`, { hint: 'Look at what is there.' })
}
