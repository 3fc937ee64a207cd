import { TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import { DAEMON_KINDS } from '../jobs/asked-command.ts'
import { decodeCommandMessage } from '../jobs/command-message.ts'
import { JOBS_PER_PAGE_MAX, type JobStore } from '../jobs/job-store.ts'
import type { Job, JobId } from '../jobs/job.ts'
import type { DaemonKeys } from './daemon.ts'

/** The options of commands that name a repository. */
const OPTIONS = ['--repository=', '--to='] as const

export interface LockedJobsOptions {
  readonly jobs: Pick<JobStore, 'list'>
  readonly instance: InstanceId
  readonly keys: DaemonKeys
}

/**
 * Returns the repositories that somebody has to unlock before queued jobs can run: begun, each would fail for want of a
 * password, which no retry helps.
 */
export async function lockedRepositories({ jobs, instance, keys }: LockedJobsOptions): Promise<ReadonlySet<string>> {
  const { jobs: queued } = await jobs.list({
    ...{ instance, states: ['queued'], kinds: DAEMON_KINDS, limit: JOBS_PER_PAGE_MAX },
  })
  return new Set((await lockedForEach(queued, keys)).values())
}

/** Returns, by job, the repository that has to be unlocked before it can run: none for those that can. */
export async function lockedForEach(jobs: readonly Job[], keys: DaemonKeys): Promise<ReadonlyMap<JobId, string>> {
  const known = new Map<string, Promise<boolean>>()
  const canOpen = (repository: string): Promise<boolean> => {
    const asked = known.get(repository) ?? keys.canOpen(repository)
    known.set(repository, asked)
    return asked
  }
  const locked = new Map<JobId, string>()
  for (const job of jobs) {
    const repository = await lockedFor(job, { canOpen })
    if (repository !== undefined) locked.set(job.id, repository)
  }
  return locked
}

/** Returns the repository that has to be unlocked before a job can run. */
export async function lockedFor(job: Job, keys: DaemonKeys): Promise<string | undefined> {
  for (const repository of repositoriesOf(job)) if (!(await keys.canOpen(repository))) return repository
  return undefined
}

function repositoriesOf({ kind, message }: Job): string[] {
  if (!DAEMON_KINDS.some((known) => known === kind)) return []
  try {
    const { words } = decodeCommandMessage(message)
    const end = words.indexOf('--')
    const options = end < 0 ? words : words.slice(0, end)
    return options.flatMap((word) => {
      return OPTIONS.flatMap((option) => (word.startsWith(option) ? [word.slice(option.length)] : []))
    })
  } catch (error) {
    // It fails by itself, and says why, when it is run.
    if (!(error instanceof TidemarkError)) throw error
    return []
  }
}
