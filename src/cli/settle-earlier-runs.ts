import type { FileRunJournal } from '../service/run-journal.ts'
import { settleCrashed } from '../service/settle-crashed.ts'
import type { Output } from './output.ts'
import { describeProblem } from './report-error.ts'

/** Puts right what runs of this machine left half-done that ended without a word; what cannot be is told. */
export async function settleEarlierRuns(output: Output, journal: FileRunJournal): Promise<void> {
  await settleCrashed(journal, {
    // Directories, streams and commands leave nothing: whatever the journal holds is of another version.
    sourceOf: () => undefined,
    onUnknown: ({ source }) => {
      output.warning(
        `an earlier backup of a source of the kind "${source}" ended without a word, and this version cannot settle it ` +
          '(run the version that began it)',
      )
    },
    onFailure: ({ source }, error) => {
      output.warning(`an earlier backup of a source of the kind "${source}" is not settled: ${describeProblem(error)}`)
    },
  })
}
