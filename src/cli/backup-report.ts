import { type ByteString, display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import { errnoOf } from '../base/errors.ts'
import type {
  BackupEvents,
  BackupOptions,
  BackupProgress,
  BackupSummary,
  SkipReason,
  Trouble,
  TroubleReason,
} from '../engine/backup-types.ts'
import { backupSummaryLines, backupSummaryFields } from './backup-summary.ts'
import { formatTime } from '../base/format.ts'
import { formatCount } from '../base/number-of.ts'
import { jsonPath } from '../base/json-path.ts'
import type { PointInfo } from '../repository/point-info.ts'
import { OperationReport } from './operation-report.ts'
import type { Output } from './output.ts'
import { suspicionText } from '../service/suspicion-text.ts'
import { isSkip, OMISSIONS } from './reasons.ts'

/** Paths that are named of what was left out, and again of what gave trouble, unless -v asks for all. */
const PATHS_MAX = 20

/** What was met of one reason. */
export interface OmissionCount {
  readonly reason: SkipReason | TroubleReason
  entries: number
  /** As far as sizes are known. */
  bytes: number
  /** Whether the size of one is not known. */
  isMore: boolean
}

/** Tells the user what a backup is doing and what it has done. */
export class BackupReport extends OperationReport {
  readonly events: BackupEvents
  readonly #met = new Map<SkipReason | TroubleReason, OmissionCount>()
  readonly #skipped: string[] = []
  readonly #troubles: string[] = []

  constructor(output: Output, clock: Clock) {
    super(output, clock)
    this.events = {
      progress: (progress) => {
        this.#onProgress(progress)
      },
      trouble: (trouble) => {
        this.#onTrouble(trouble)
      },
      warning: (message) => {
        this.warn(message)
      },
    }
  }

  /** Prints what was done. */
  summarize(summary: BackupSummary, options: BackupOptions): void {
    this.#warnOfSuspect(summary)
    if (this.output.json) {
      this.output.event('summary', backupSummaryFields(summary, { ...options, errors: errorsOf(summary, options) }))
      return
    }
    if (this.output.quiet && !options.dryRun) return this.#warnOfTroubles(summary)
    for (const line of backupSummaryLines(summary, { ...options, met: this.#met })) this.output.line(line)
    if (!this.output.quiet) this.#name([...this.#skipped, ...this.#troubles], [...this.#met.values()])
  }

  #warnOfTroubles({ troubles }: BackupSummary): void {
    for (const [reason, count] of troubles) this.output.warning(`${formatCount(count)} ${OMISSIONS[reason].counted}`)
    this.#name(
      this.#troubles,
      [...this.#met.values()].filter(({ reason }) => !isSkip(reason)),
    )
  }

  #name(lines: readonly string[], met: readonly OmissionCount[]): void {
    if (this.output.verbose) return
    for (const line of lines) this.output.error(line)
    const total = met.reduce((sum, { entries }) => sum + entries, 0)
    const unnamed = total - lines.length
    if (unnamed > 0) this.output.error(`  … and ${formatCount(unnamed)} more: -v names all`)
  }

  /** Whether something that belongs into the point is not in it. */
  isPartial(summary: BackupSummary, options: BackupOptions): boolean {
    return errorsOf(summary, options) > 0
  }

  /** Says that no point of these sources was there: they may be mistyped, or have moved. */
  tellNewChain({ record }: PointInfo): void {
    const last = `${record.point.slice(0, 8)} of ${formatTime(record.started)}`
    this.warn(
      `first point of a new chain: nothing was backed up from there before. The last point of this instance is ${last}, of another source.`,
    )
  }

  #warnOfSuspect({ point, suspect }: BackupSummary): void {
    if (point === undefined || suspect.length === 0) return
    const name = point.slice(0, 8)
    this.warn(
      `point ${name} is suspect: ${suspect.map(suspicionText).join('; ')}. The point before it is kept until you say` +
        ` that all is well, with \`tidemark points acknowledge ${name}\`.`,
    )
  }

  #onProgress(progress: BackupProgress): void {
    const { bytesStored, bytesWaiting } = progress
    const bytes = progress.storing
      ? { bytesDone: bytesStored, bytesTotal: bytesStored + bytesWaiting, verb: 'storing' }
      : { bytesDone: progress.bytesDone, bytesTotal: progress.bytesFound }
    const state = {
      ...bytes,
      filesDone: progress.filesDone,
      filesTotal: progress.filesFound,
      totalsKnown: progress.scanned,
      path: display(progress.path),
    }
    this.showProgress(state, progress)
  }

  #onTrouble({ path, reason, bytes, error }: Trouble): void {
    const skip = isSkip(reason)
    const met = this.#met.get(reason) ?? { reason, entries: 0, bytes: 0, isMore: false }
    met.entries++
    met.bytes += bytes ?? 0
    met.isMore ||= bytes === undefined
    this.#met.set(reason, met)
    if (this.output.json) {
      const fields = { ...jsonPath(path), reason, bytes: bytes ?? null }
      const message = error === undefined ? {} : { message: error.message }
      this.output.event(skip ? 'skipped' : 'trouble', { ...fields, ...message })
      if (skip) return
    }
    const line = lineOf(path, reason, error)
    this.output.detail(line)
    const kept = skip ? this.#skipped : this.#troubles
    if (kept.length < PATHS_MAX) kept.push(line)
  }
}

function lineOf(path: ByteString, reason: SkipReason | TroubleReason, error: Error | undefined): string {
  // The message of a system error says the path once more.
  const detail = error === undefined || isSkip(reason) ? '' : ` (${errnoOf(error) ?? error.message})`
  return `  ${OMISSIONS[reason].short}: ${display(path)}${detail}`
}

function errorsOf({ troubles }: BackupSummary, { strict }: BackupOptions): number {
  let errors = 0
  for (const [reason, count] of troubles) {
    // A file that vanished or changed while it was read is how a living system looks.
    if (strict || (reason !== 'vanished' && reason !== 'changed')) errors += count
  }
  return errors
}
