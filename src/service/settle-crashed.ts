import type { JournalEntry } from '../engine/run/run-journal.ts'
import type { Source } from '../engine/source.ts'
import type { CrashedRun } from './run-journal.ts'

export interface SettleOptions {
  /** Makes a source anew out of what the journal kept of it; `undefined` for a kind that this version does not know. */
  readonly sourceOf: (entry: JournalEntry) => Source | undefined
  /** Told of a source of an unknown kind: an application may wait in maintenance mode for somebody to come. */
  readonly onUnknown: (entry: JournalEntry) => void
  /** Told of a source that could not be settled; the next start tries again. */
  readonly onFailure: (entry: JournalEntry, error: unknown) => void
}

/**
 * Settles the sources of runs whose process ended without a word, and forgets those runs; returns how many.
 *
 * What this version cannot settle stays in the journal: an application must not be left in maintenance mode for ever.
 */
export async function settleCrashed(
  journal: { pending(): Promise<readonly CrashedRun[]> },
  { sourceOf, onUnknown, onFailure }: SettleOptions,
): Promise<number> {
  let settled = 0
  for (const run of await journal.pending()) {
    const entry: JournalEntry = { source: run.source, fields: run.fields }
    try {
      const source = sourceOf(entry)
      if (source === undefined) {
        onUnknown(entry)
        continue
      }
      await source.settle?.('crashed')
      await run.end()
      settled++
    } catch (error) {
      onFailure(entry, error)
    }
  }
  return settled
}
