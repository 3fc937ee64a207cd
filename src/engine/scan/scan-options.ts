import type { ByteString } from '../../base/byte-string.ts'
import type { Trouble } from '../backup-types.ts'
import type { EntryTable } from './entry-table.ts'
import type { ExcludeFilter } from './exclude-rules.ts'

/** What a scan looks at, and what it compares with. */
export interface ScanOptions {
  readonly roots: readonly ByteString[]
  /** Directories that are recorded without what is in them; then those above the roots have all their attributes. */
  readonly bare?: readonly ByteString[] | undefined
  readonly filter: ExcludeFilter
  readonly crossFilesystems: boolean
  /** Directories that are never entered: the repository itself, and where Tidemark keeps its own state. */
  readonly leaveOut: readonly ByteString[]
  /** Devices, as `major:minor`, that are never entered: where Restoring Points are mounted. */
  readonly mountedPoints?: ReadonlySet<string> | undefined
  /** What the last point of the chain saw, if that is known. */
  readonly base: EntryTable | undefined
  /** Whether directories that did not change may be taken over without listing them: the rules are those of the base. */
  readonly trustListings: boolean
  /** Wall clock when the scan begins, in milliseconds. */
  readonly startedMs: number
  readonly trouble: (trouble: Trouble) => void
  /** What was left out of a directory when the base listed it: told again when that listing is taken over. */
  readonly baseSkips?: SkipMap | undefined
}

/** What was left out, by the path of the directory whose listing showed it. */
export type SkipMap = ReadonlyMap<ByteString, readonly Trouble[]>

/** A directory whose entries have all been recorded, or that turned out to be gone. */
export interface ScannedDirectory {
  readonly row: number
  readonly path: ByteString
}
