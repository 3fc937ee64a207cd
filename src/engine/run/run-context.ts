import type { ByteString } from '../../base/byte-string.ts'
import type { Clock } from '../../base/clock.ts'
import type { RepositoryId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { LocalCache } from '../../repository/local-cache.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { RunJournal } from './run-journal.ts'

/** What every run of this process stands on. */
export interface BackupContext {
  /** May still be opening: the scan begins without it. */
  readonly repository: Promise<Repository>
  readonly repositoryId: RepositoryId
  readonly cache: LocalCache | undefined
  readonly workers: WorkerPool
  readonly clock: Clock
  readonly randomness: Randomness
  readonly journal: RunJournal
  /** Directories that never belong into a point: the repository itself, and Tidemark's own caches and state. */
  readonly leaveOut?: readonly ByteString[]
  /** Devices, as `major:minor`, on which Restoring Points are mounted. */
  readonly mountedPoints?: ReadonlySet<string>
  /** How much may be stored, in bytes, before the next run could go on from there; 256 MiB by default. */
  readonly flushBytes?: number
  /** Renews the note that the run is there; the system's by default. */
  readonly scheduler?: Scheduler
  /** What stands in the point as the program that made it. */
  readonly tool: string
}
