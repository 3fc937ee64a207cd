import { display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import { formatCount, numberOf } from '../base/number-of.ts'
import type { PointId } from '../base/ids.ts'
import type { CareProgress } from '../engine/care-types.ts'
import type { AffectedEntry, CheckEvents, CheckReport, Finding, ObjectsReport } from '../engine/check/check-types.ts'
import type { RepairEvents, RepairReport } from '../engine/repair/repair-types.ts'
import type { PointInfo } from '../repository/point-info.ts'
import { formatBytes, formatDuration, formatTime } from '../base/format.ts'
import { jsonPath } from '../base/json-path.ts'
import { OperationReport } from './operation-report.ts'
import type { Output } from './output.ts'
import { describeProblem } from './report-error.ts'

/** Lines that are shown of anything that may be endless, unless somebody wants all of it. */
const FINDINGS_MAX = 50
const ENTRIES_PER_POINT_MAX = 20
const POINTS_MAX = 10

/** Tells the user what a check finds, and what a repair does about it. */
export class CheckOutput extends OperationReport {
  readonly events: CheckEvents
  readonly repairEvents: RepairEvents
  readonly #startedMs: number
  readonly #nowMs: () => number
  #findings = 0
  #points = 0
  #point: PointId | undefined
  #entriesOfPoint = 0
  #left = 0

  constructor(output: Output, clock: Clock) {
    super(output, clock)
    this.#nowMs = () => clock.monotonicMs()
    this.#startedMs = this.#nowMs()
    this.events = {
      progress: (progress) => {
        this.#onProgress(progress)
      },
      finding: (finding) => {
        this.#onFinding(finding)
      },
      affected: (entry) => {
        this.#onAffected(entry)
      },
      warning: (problem) => {
        this.warn(describeProblem(problem))
      },
    }
    this.repairEvents = {
      ...this.events,
      left: (entry) => {
        this.#onLeft(entry)
      },
    }
  }

  /** Prints what a check came to. */
  summarizeCheck(report: CheckReport): void {
    if (this.output.json) {
      this.output.event('summary', { ...jsonCheck(report), durationMs: this.#durationMs() })
      return
    }
    this.#endFindings(report)
    for (const line of checkLines(report)) this.output.line(line)
    this.output.line(isSound(report) ? `No damage found, in ${this.#duration()}` : `Damage found: ${verdict(report)}`)
    if (!isSound(report)) {
      this.output.message(
        'hint: `tidemark check --repair` repairs what can be; --heal-from says where bytes may still be.',
      )
    }
  }

  /** Says that damage keeps the repository from being opened. */
  summarizeUnopened(): void {
    if (this.output.json) this.output.event('summary', { damage: 1, durationMs: this.#durationMs() })
    else this.output.line('Damage found: the repository cannot be opened')
  }

  /** Prints what a repair came to. */
  summarizeRepair({ before, after, ...done }: RepairReport): void {
    if (this.output.json) {
      const left = after === undefined ? null : jsonCheck(after)
      const summary = { ...jsonCheck(before), repair: { ...done, after: left } }
      this.output.event('summary', { ...summary, durationMs: this.#durationMs() })
      return
    }
    this.#endFindings(before)
    for (const line of checkLines(before)) this.output.line(line)
    const { dryRun } = done
    const verb = dryRun ? 'would be' : 'were'
    const tell = (count: number, what: string): void => {
      if (count > 0) this.output.line(`  ${what}`)
    }
    tell(done.packsIndexed, `${numberOf(done.packsIndexed, 'pack')} ${verb} entered into the index again`)
    tell(done.objectsRemoved, `${numberOf(done.objectsRemoved, 'damaged object')} ${verb} removed`)
    const bytes = formatBytes(done.bytesHealed)
    tell(done.blobsHealed, `${numberOf(done.blobsHealed, 'blob')} with ${bytes} ${verb} stored again`)
    tell(done.notesPut, `${numberOf(done.notesPut, 'point')} got a note`)
    if (after === undefined) this.output.line('Nothing was changed (--dry-run)')
    else if (isSound(after)) this.output.line(`Repaired: no damage is left, in ${this.#duration()}`)
    else this.output.line(`Damage is left: ${verdict(after)}`)
  }

  /** Prints what comparing objects with their names came to. */
  summarizeObjects({ objects, bytes, damage, leftovers }: ObjectsReport): void {
    if (this.output.json) {
      this.output.event('summary', { objects, bytes, damage, leftovers, durationMs: this.#durationMs() })
      return
    }
    this.output.line(`${numberOf(objects, 'object')} with ${formatBytes(bytes)} have the bytes of their names`)
    if (leftovers.files > 0) {
      this.output.line(
        `${numberOf(leftovers.files, 'file')} with ${formatBytes(leftovers.bytes)} left behind by writers`,
      )
    }
    const damaged = numberOf(damage, 'object')
    this.output.line(damage === 0 ? `No damage found, in ${this.#duration()}` : `Damage found: ${damaged}`)
  }

  #onProgress({ step, done, total }: CareProgress): void {
    const bytes = step === 'data' ? { bytesDone: done, bytesTotal: total } : { bytesDone: 0, bytesTotal: 0 }
    const files = step === 'data' ? { filesDone: 0, filesTotal: 0 } : { filesDone: done, filesTotal: total }
    const state = { ...bytes, ...files, totalsKnown: total > 0, path: `checking ${step}` }
    this.showProgress(state, { step, done, total })
  }

  #onFinding({ kind, problem }: Finding): void {
    const { code, message, hint, context } = problem
    if (this.output.json) {
      const object = context['object'] ?? null
      this.output.event('finding', { kind, code, object, message, hint: hint ?? null })
      return
    }
    if (kind === 'note' && this.output.quiet) return
    if (++this.#findings > FINDINGS_MAX && !this.output.verbose) return
    this.output.line(`${kind}: ${message}`)
    // Which no repair mends: a person has to decide.
    const isForPeople = this.output.verbose || code === 'ROLLED_BACK'
    if (isForPeople && hint !== undefined) this.output.line(`  ${hint}`)
  }

  #onAffected({ point, path, kind, problem }: AffectedEntry): void {
    if (this.output.json) {
      const { code, message } = problem
      this.output.event('affected', { point: point.record.point, ...jsonPath(path), kind, code, message })
      return
    }
    if (this.#point !== point.record.point) this.#beginPoint(point)
    if (this.output.verbose || (this.#points <= POINTS_MAX && this.#entriesOfPoint < ENTRIES_PER_POINT_MAX)) {
      this.output.line(`  ${display(path)}: ${kind === 'dir' ? 'all in this folder: ' : ''}${problem.message}`)
    }
    this.#entriesOfPoint++
  }

  /** What was affected and is not left has healed. */
  #onLeft({ point, path, kind, problem }: AffectedEntry): void {
    this.#left++
    if (this.output.json) {
      const { code, message } = problem
      this.output.event('left', { point: point.record.point, ...jsonPath(path), kind, code, message })
      return
    }
    if (this.#left > FINDINGS_MAX && !this.output.verbose) return
    this.output.line(`left: point ${point.record.point.slice(0, 8)}: ${display(path)}: ${problem.message}`)
  }

  #beginPoint({ record }: PointInfo): void {
    this.#point = record.point
    this.#entriesOfPoint = 0
    this.#points++
    if (this.#points > POINTS_MAX && !this.output.verbose) return
    this.output.line(`Point ${record.point.slice(0, 8)} of ${formatTime(record.started)} cannot be restored whole:`)
  }

  /** Says how much was not shown. */
  #endFindings({ affected }: CheckReport): void {
    if (this.output.verbose) return
    const unshown = this.#findings - FINDINGS_MAX
    if (unshown > 0) this.output.message(`… and ${numberOf(unshown, 'more finding')}: -v names all`)
    const entries = affected.reduce((sum, point) => sum + point.entries, 0)
    const isCut = affected.length > POINTS_MAX || affected.some((point) => point.entries > ENTRIES_PER_POINT_MAX)
    if (isCut) this.output.message(`… ${numberOf(entries, 'entry', 'entries')} in all: -v names each`)
  }

  #durationMs(): number {
    return Math.round(this.#nowMs() - this.#startedMs)
  }

  #duration(): string {
    return formatDuration(this.#nowMs() - this.#startedMs)
  }
}

function isSound({ damage, affected }: CheckReport): boolean {
  return damage === 0 && affected.length === 0
}

function checkLines({ points, trees, blobs, packs, dataRead }: CheckReport): string[] {
  const what = `${numberOf(trees, 'tree')}, ${numberOf(blobs, 'blob')}`
  const lines = [
    `Checked ${numberOf(points, 'point')}: ${what} in ${numberOf(packs.packs, 'pack')} of ${formatBytes(packs.bytes)}`,
  ]
  if (dataRead === undefined) return lines
  const { packs: read, bytes, packsBefore, total } = dataRead
  const before = packsBefore > 0 ? `, ${formatCount(packsBefore)} before an interruption` : ''
  lines.push(`  read ${formatCount(read)} of ${numberOf(total.packs, 'pack')}, ${formatBytes(bytes)}${before}`)
  return lines
}

function verdict({ damage, affected, blobsCalledLost }: CheckReport): string {
  const entries = affected.reduce((sum, point) => sum + point.entries, 0)
  const pieces = [numberOf(damage, 'finding')]
  if (entries > 0) {
    pieces.push(
      `${numberOf(entries, 'entry', 'entries')} of ${numberOf(affected.length, 'point')} cannot be restored whole`,
    )
  }
  if (blobsCalledLost > 0) pieces.push(`the next backup stores ${numberOf(blobsCalledLost, 'blob')} again`)
  return pieces.join('; ')
}

function jsonCheck({ affected, ...report }: CheckReport): Record<string, unknown> {
  return {
    ...report,
    dataRead: report.dataRead ?? null,
    affected: affected.map(({ point, entries }) => ({ point: point.record.point, entries })),
  }
}
