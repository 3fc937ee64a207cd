import type { CareContext } from '../care-types.ts'
import type { CheckEvents, CheckOptions, CheckReport } from './check-types.ts'
import { examine } from './examine.ts'

/**
 * Verifies a repository: every record, every tree and list, that all blobs are where the index says, that packs are
 * there, and with `readDataPercent` what is in them. Says which files of which points suffer, and calls lost what cannot
 * be read, so that the next backup stores it again.
 *
 * @throws {KeyError} KEY_NOT_FULL: a backup-only key reads nothing.
 * @throws {IntegrityError} UNSUPPORTED_*: a later version wrote it.
 * @throws {StorageError} the store does not answer. @throws the signal's reason; what was found is kept.
 */
export async function check(
  context: CareContext,
  options: CheckOptions,
  events: CheckEvents,
  signal: AbortSignal,
): Promise<CheckReport> {
  return (await examine(context, { ...options, events, signal })).report
}
