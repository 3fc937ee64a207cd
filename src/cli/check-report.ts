import { display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import { formatCount, numberOf } from '../base/number-of.ts'
import type { PointId } from '../base/ids.ts'
import type { CareProgress } from '../engine/care-types.ts'
import type {
  AffectedEntry,
  AffectedPoint,
  CheckEvents,
  CheckReport,
  DataRead,
  Finding,
  ObjectsReport,
} from '../engine/check/check-types.ts'
import { REPAIR_PACK_HINT } from '../engine/check/check-packs.ts'
import type { RepairEvents, RepairReport } from '../engine/repair/repair-types.ts'
import type { PointInfo } from '../repository/point-info.ts'
import { formatBytes, formatDuration, formatTime } from '../base/format.ts'
import { jsonPath } from '../base/json-path.ts'
import { OperationReport, stepFields } from './operation-report.ts'
import type { Output } from './output.ts'
import { describeProblem } from './report-error.ts'

/** Lines that are shown of anything that may be endless, unless somebody wants all of it. */
const FINDINGS_MAX = 50
const ENTRIES_PER_POINT_MAX = 20
const POINTS_MAX = 10

/** The repair that is under way is no advice. */
const LEFT_PACK_HINT =
  'Name with `--heal-from` where what it held may still be; else `tidemark forget` the points that suffer, and prune.'

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
  /** How what is found is to be understood; told once, before the first of it. */
  #heading: string | undefined
  #isDryRun = false
  readonly #told = new Set<string>()

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
      leftFinding: (finding) => {
        this.#onLeftFinding(finding)
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
    this.#tell(checkLines(report), isSound(report))
    if (isSound(report)) this.output.done(`No damage found, in ${this.#duration()}`)
    else {
      this.output.line(`Damage found: ${verdict(report)}`)
      this.output.message(
        'hint: `tidemark check --repair` repairs what can be; --heal-from says where bytes may still be.',
      )
    }
  }

  /** Says that damage keeps the repository from being opened. */
  summarizeUnopened(hint: string | undefined): void {
    if (this.output.json) {
      this.output.event('summary', { damage: 1, durationMs: this.#durationMs() })
      return
    }
    this.output.line('Damage found: the repository cannot be opened')
    if (hint !== undefined) this.output.message(`hint: ${hint}`)
  }

  /** Prints what a repair came to. */
  summarizeRepair({ before, after, ...done }: RepairReport): void {
    if (this.output.json) {
      const repair = { ...done, left: jsonAffected(done.left), after: after === undefined ? null : jsonCheck(after) }
      const summary = { ...jsonCheck(before), repair }
      this.output.event('summary', { ...summary, durationMs: this.#durationMs() })
      return
    }
    this.#endFindings(before)
    // What could not be read before is among what was checked then.
    const checked = after === undefined ? before : { ...after, dataRead: before.dataRead }
    for (const line of checkLines(checked)) this.output.line(line)
    const { dryRun, left } = done
    const tell = (count: number, one: string, what: string): void => {
      const verb = dryRun ? 'would be' : count === 1 ? 'was' : 'were'
      if (count > 0) this.output.line(`  ${numberOf(count, one)} ${verb} ${what}`)
    }
    tell(done.packsIndexed, 'pack', 'entered into the index again')
    tell(done.recordsHealed, 'record', 'brought back')
    tell(done.objectsRemoved, 'damaged object', 'removed')
    tell(done.blobsHealed, 'blob', `stored again, ${formatBytes(done.bytesHealed)} in all`)
    if (after === undefined) {
      const lost = done.pointsLost === 0 ? [] : [`${numberOf(done.pointsLost, 'point')} would stay lost`]
      const stays = left.length === 0 ? 'no file would stay damaged' : `${entriesOf(left)} would stay damaged`
      this.output.line(`Nothing was changed (--dry-run): ${[...lost, stays].join('; ')}`)
      return
    }
    if (isSound(after)) this.output.line(`Repaired: no damage is left, in ${this.#duration()}`)
    else this.output.line(`Damage is left: ${verdict(after)}`)
    if (left.length > 0) this.output.message('`tidemark points --tag damaged` shows the points that suffer.')
  }

  /** Says that what is found from now on is about to be repaired. */
  beginRepair({ dryRun }: { readonly dryRun: boolean }): void {
    this.#isDryRun = dryRun
    this.#heading = dryRun ? 'Found:' : 'Found before the repair:'
  }

  /** Prints what comparing objects with their names came to. */
  summarizeObjects({ objects, bytes, damage, leftovers }: ObjectsReport): void {
    if (this.output.json) {
      this.output.event('summary', { objects, bytes, damage, leftovers, durationMs: this.#durationMs() })
      return
    }
    const lines = [`${numberOf(objects, 'object')} with ${formatBytes(bytes)} have the bytes of their names`]
    const left = `${numberOf(leftovers.files, 'file')} with ${formatBytes(leftovers.bytes)}`
    if (leftovers.files > 0) lines.push(`${left} left behind by writers`)
    this.#tell(lines, damage === 0)
    if (damage === 0) this.output.done(`No damage found, in ${this.#duration()}`)
    else {
      this.output.line(`Damage found: ${numberOf(damage, 'object')}`)
      this.output.message(
        'hint: `tidemark check --read-data`, with the password, says which files of which points are affected; --repair repairs what can be.',
      )
    }
  }

  /** With -q, only damage is told. */
  #tell(lines: readonly string[], isSound: boolean): void {
    for (const line of lines) {
      if (isSound) this.output.done(line)
      else this.output.line(line)
    }
  }

  #onProgress({ step, done, total }: CareProgress): void {
    const bytes = step === 'data' ? { bytesDone: done, bytesTotal: total } : { bytesDone: 0, bytesTotal: 0 }
    const files = step === 'data' ? { filesDone: 0, filesTotal: 0 } : { filesDone: done, filesTotal: total }
    const state = { ...bytes, ...files, totalsKnown: total > 0, path: `checking ${step}` }
    this.showProgress(state, stepFields({ step, done, total }))
  }

  #onFinding({ kind, problem }: Finding): void {
    const { code, message, hint, context } = problem
    // What was met when the repository was opened is found once more.
    if (this.#told.has(message)) return
    this.#told.add(message)
    if (this.output.json) {
      const object = context['object'] ?? null
      this.output.event('finding', { kind, code, object, message, hint: hint ?? null })
      return
    }
    if (kind === 'note' && this.output.quiet) return
    this.#begin()
    if (++this.#findings > FINDINGS_MAX && !this.output.verbose) return
    this.output.line(`${kind}: ${message}`)
    // A person has to decide, or what it takes is not what mends all the rest.
    const { point, object, packs } = context
    const isOfPoint = point !== undefined || String(object).startsWith('points/')
    const isForPeople = this.output.verbose || code === 'ROLLED_BACK' || isOfPoint || packs !== undefined
    if (isForPeople && hint !== undefined) this.output.line(`  ${hint}`)
  }

  #begin(): void {
    if (this.#heading !== undefined) this.output.line(this.#heading)
    this.#heading = undefined
  }

  #onAffected({ point, path, kind, problem }: AffectedEntry): void {
    if (this.output.json) {
      const { code, message } = problem
      this.output.event('affected', { point: point.record.point, ...jsonPath(path), kind, code, message })
      return
    }
    this.#begin()
    if (this.#point !== point.record.point) this.#beginPoint(point)
    if (this.output.verbose || (this.#points <= POINTS_MAX && this.#entriesOfPoint < ENTRIES_PER_POINT_MAX)) {
      this.output.line(`  ${display(path)}: ${kind === 'dir' ? 'all in this folder: ' : ''}${problem.message}`)
    }
    this.#entriesOfPoint++
  }

  /** What was affected and is not left has healed, or would have. */
  #onLeft({ point, path, kind, problem }: AffectedEntry): void {
    this.#left++
    if (this.output.json) {
      const { code, message } = problem
      this.output.event('left', { point: point.record.point, ...jsonPath(path), kind, code, message })
      return
    }
    if (this.#left > FINDINGS_MAX && !this.output.verbose) return
    this.output.line(
      `${this.#isDryRun ? 'would stay' : 'left'}: point ${point.record.point.slice(0, 8)}: ${display(path)}: ${problem.message}`,
    )
  }

  /** What a person has to see to, since no repair can. */
  #onLeftFinding({ problem: { code, message, hint, context } }: Finding): void {
    if (this.output.json) {
      this.output.event('leftFinding', { code, object: context['object'] ?? null, message, hint: hint ?? null })
      return
    }
    if (++this.#left > FINDINGS_MAX && !this.output.verbose) return
    this.output.line(`left: ${message}`)
    if (hint !== undefined) this.output.line(`  ${hint === REPAIR_PACK_HINT ? LEFT_PACK_HINT : hint}`)
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
  if (read + packsBefore < total.packs) lines.push(`  ${placeInRound(dataRead)}`)
  return lines
}

/** Says which part of all a sample was: samples go through the packs in the order of their names, round after round. */
function placeInRound({ bytes, bytesBefore, total }: DataRead): string {
  const percent = (part: number): string => `${Math.floor((part / Math.max(1, total.bytes)) * 100)} %`
  const end = bytesBefore + bytes
  if (end < total.bytes) {
    const runs = Math.ceil((total.bytes - end) / bytes)
    return `from ${percent(bytesBefore)} to ${percent(end)} of the round; ${runs === 1 ? 'one more such check completes' : `${formatCount(runs)} more such checks complete`} it`
  }
  const next = end === total.bytes ? '' : `, and the first ${percent(end - total.bytes)} of the next one`
  return `from ${percent(bytesBefore)} to the end of the round, which is complete${next}`
}

function verdict({ damage, affected, blobsCalledLost }: CheckReport): string {
  const pieces: string[] = []
  // What was called lost before is no finding any more, until it is stored again.
  if (damage > 0) pieces.push(numberOf(damage, 'finding'))
  if (affected.length > 0) pieces.push(`${entriesOf(affected)} cannot be restored whole`)
  if (blobsCalledLost > 0) pieces.push(`the next backup stores ${numberOf(blobsCalledLost, 'blob')} again`)
  return pieces.join('; ')
}

function entriesOf(affected: readonly AffectedPoint[]): string {
  const entries = affected.reduce((sum, point) => sum + point.entries, 0)
  return `${numberOf(entries, 'entry', 'entries')} of ${numberOf(affected.length, 'point')}`
}

function jsonAffected(affected: readonly AffectedPoint[]): { readonly point: PointId; readonly entries: number }[] {
  return affected.map(({ point, entries }) => ({ point: point.record.point, entries }))
}

function jsonCheck({ affected, ...report }: CheckReport): Record<string, unknown> {
  return {
    ...report,
    dataRead: report.dataRead ?? null,
    affected: jsonAffected(affected),
  }
}
