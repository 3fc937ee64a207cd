import { z } from 'zod'

import type { Json } from '../jobs/job.ts'

const count = z.int().nonnegative()

/** What of the summary of `tidemark backup --json` is worth watching: docs/json.md. */
const outcome = z.object({
  point: z.string().nullable(),
  filesNew: count,
  filesChanged: count,
  filesUnchanged: count,
  dirs: count,
  others: count,
  errors: count,
  troubles: z.record(z.string(), count),
  suspect: z.array(z.object({ reason: z.string(), usual: count, found: count })),
})

export interface BackupOutcome {
  /** Id of the point that was made. */
  readonly point: string
  /** Files, folders and all else that it holds. */
  readonly entries: number
  /** Entries that belong into it and could not be read. */
  readonly unreadable: number
  /** Sources that were not there. */
  readonly missingRoots: number
  /** What is unlike the points before it. */
  readonly suspect: readonly { readonly reason: string; readonly usual: number; readonly found: number }[]
}

/** Returns what a run of a backup came to, by its summary; `undefined` where it made no point. */
export function backupOutcomeOf(summary: Json | undefined): BackupOutcome | undefined {
  const result = outcome.safeParse(summary)
  if (!result.success || result.data.point === null) return undefined
  const { point, filesNew, filesChanged, filesUnchanged, dirs, others, errors, troubles, suspect } = result.data
  const entries = filesNew + filesChanged + filesUnchanged + dirs + others
  return { point, entries, unreadable: errors, missingRoots: troubles['missing'] ?? 0, suspect }
}
