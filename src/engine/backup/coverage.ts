import type { ByteString } from '../../base/byte-string.ts'
import type { CoverageCounts, Omission } from '../../format/records.ts'
import { reasonOf } from '../scan/scan-errors.ts'
import type { BackupEvents, SkipReason, Trouble, TroubleReason } from '../backup-types.ts'

const OMISSIONS_MAX = 10_000
const SKIPS: ReadonlySet<string> = new Set<SkipReason>([
  'excluded',
  'other-file-system',
  'repository',
  'nobackup',
  'cache-directory',
  'marker-file',
  'mounted-point',
])

/** Counts what a run met and what became of it. */
export class Coverage {
  readonly skipped = new Map<SkipReason, number>()
  readonly troubles = new Map<TroubleReason, number>()
  readonly omissions: Omission[] = []
  /** What was met while nobody listened. */
  readonly kept: Trouble[] = []
  readonly #events: BackupEvents | undefined
  #part = ''

  /** @param events who is told; without, all is kept until another coverage adopts it: see `apart`. */
  constructor(events?: BackupEvents) {
    this.#events = events
  }

  /** What is told from now on belongs to this part. */
  enter(part: string): void {
    this.#part = part
  }

  readonly trouble = (trouble: Trouble): void => {
    if (SKIPS.has(trouble.reason)) count(this.skipped, trouble.reason as SkipReason)
    else count(this.troubles, trouble.reason as TroubleReason)
    if (this.omissions.length < OMISSIONS_MAX) {
      const { path, reason, bytes = 0 } = trouble
      this.omissions.push({ part: this.#part, path, reason, bytes })
    }
    if (this.#events === undefined) this.kept.push(trouble)
    else this.#events.trouble?.(trouble)
  }

  /** Returns a coverage of the same part that keeps everything to itself. */
  apart(): Coverage {
    const other = new Coverage()
    other.enter(this.#part)
    return other
  }

  /** Tells what another coverage kept to itself, all of it or what `matters`. */
  adopt(other: Coverage, matters: (trouble: Trouble) => boolean = () => true): void {
    for (const trouble of other.kept) if (matters(trouble)) this.trouble(trouble)
  }

  /** Tells of a file by the name of the error number that it failed with. */
  failed(path: ByteString, code: string, bytes: number): void {
    this.trouble({ path, reason: reasonOf(code), bytes })
  }

  counts(stored: number): CoverageCounts {
    const unreadable = [...this.troubles].reduce((sum, [reason, n]) => (reason === 'changed' ? sum : sum + n), 0)
    return { expected: stored + unreadable, stored, skipped: this.skipped, unreadable: this.troubles }
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
