import type { Clock } from '../base/clock.ts'
import { type InstanceId, shortId } from '../base/ids.ts'
import { numberOf } from '../base/number-of.ts'
import type {
  CareEvents,
  CareProgress,
  ForgetReport,
  KeepReason,
  PackSum,
  PointVerdict,
  PruneReport,
  WaitingPacks,
} from '../engine/care-types.ts'
import type { ForgottenLosses } from '../engine/forget/forget-lost.ts'
import { formatBytes, formatDuration, formatTime } from '../base/format.ts'
import { numbersText } from '../repository/lost-points.ts'
import { OperationReport, stepFields } from './operation-report.ts'
import type { Output } from './output.ts'
import { describeProblem } from './report-error.ts'
import { table } from './table.ts'

const UNITS: Readonly<Record<string, string>> = {
  points: 'tree',
  forget: 'point',
  delete: 'pack',
  repack: 'blob',
  index: 'index file',
}

const REASONS: Readonly<Record<KeepReason, string>> = {
  last: 'last',
  hourly: 'hourly',
  daily: 'daily',
  weekly: 'weekly',
  monthly: 'monthly',
  yearly: 'yearly',
  within: 'within',
  tag: 'tag',
  oldest: 'oldest (fewer than the rule counts)',
  newest: 'newest of its chain',
  future: 'dated in the future',
  suspect: 'suspect, or before such a point',
  undo: 'for undo',
}

/** Tells the user what forget and prune do. */
export class CareReport extends OperationReport {
  readonly events: CareEvents
  readonly #elapsedMs: () => number

  constructor(output: Output, clock: Clock) {
    super(output, clock)
    const startedMs = clock.monotonicMs()
    this.#elapsedMs = () => clock.monotonicMs() - startedMs
    this.events = {
      progress: (progress) => {
        this.#onProgress(progress)
      },
      warning: (problem) => {
        this.warn(describeProblem(problem))
      },
    }
  }

  /** Prints what became of each point; `names` are those of the instances. */
  points(
    { verdicts }: ForgetReport,
    { names, dryRun }: { readonly names: ReadonlyMap<InstanceId, string>; readonly dryRun: boolean },
  ): void {
    if (this.output.json) {
      for (const { point, keep, reasons } of verdicts) {
        const { point: id, chain, instance } = point.record
        this.output.event('point', { point: id, chain, instance, action: keep ? 'keep' : 'forget', reasons })
      }
      return
    }
    if (verdicts.length === 0) return
    for (const line of verdictLines(verdicts, names)) this.#tell(line, dryRun)
  }

  /** Prints which losses are accepted; returns how many. */
  losses({ lost, unreadable }: ForgottenLosses, { dryRun }: { readonly dryRun: boolean }): number {
    const records = unreadable.map((bad) => ({ point: null, chain: null, unreadable: bad, numbersGone: undefined }))
    for (const { point, chain, unreadable: bad, numbersGone } of [...lost, ...records]) {
      const object = bad === undefined ? null : `points/${bad.object}`
      if (this.output.json) this.output.event('lost', { point, chain, object, numbersGone: numbersGone ?? null })
      else if (point === null) this.#tell(`${String(object)} cannot be read, and is removed`, dryRun)
      else this.#tell(`Point ${shortId(point)} is lost${object === null ? '' : `: ${object} is removed`}`, dryRun)
      if (!this.output.json && numbersGone !== undefined) this.#tell(`  ${numbersText(numbersGone)}`, dryRun)
    }
    return lost.length + unreadable.length
  }

  /** Prints what forgetting came to; the last event unless a prune follows. */
  summarizeForget(
    report: ForgetReport,
    { dryRun, losses }: { readonly dryRun: boolean; readonly losses: number },
  ): void {
    const { verdicts, leftOut, freeable, graceSeconds } = report
    const judged = verdicts.filter(({ keep }) => !keep).length
    const kept = verdicts.length - judged
    const forgotten = judged + losses
    if (this.output.json) {
      const counts = { forgotten, kept, leftOut, freeableBytes: freeable ?? null, graceSeconds, dryRun }
      this.output.event('summary', { ...counts, durationMs: Math.round(this.#elapsedMs()) })
      return
    }
    const verbs = dryRun ? { forget: 'Would forget', keep: 'keep' } : { forget: 'Forgot', keep: 'kept' }
    // Points that are named are all forgotten: nothing was weighed.
    const rest = kept === 0 ? '' : `, ${verbs.keep} ${numberOf(kept, 'point')}`
    this.#tell(`${verbs.forget} ${numberOf(forgotten, 'point')}${rest}`, dryRun)
    if (leftOut > 0) {
      const others = `${numberOf(leftOut, 'point')} of other instances`
      this.#tell(`Left out ${others}: --all-instances judges them, too`, dryRun)
    }
    if (freeable === undefined) return
    const when = `marked by the next \`tidemark prune\`, deleted by one ${formatDuration(graceSeconds * 1000)} later`
    this.#tell(`A prune frees about ${formatBytes(freeable)}: ${when}`, dryRun)
  }

  /** Prints what a prune did, or would do. */
  summarizePrune(report: PruneReport, { dryRun }: { readonly dryRun: boolean }): void {
    if (this.output.json) {
      const waiting = report.waiting.map(({ untilMs, ...rest }) => ({
        ...rest,
        until: new Date(untilMs).toISOString(),
      }))
      this.output.event('summary', { ...report, waiting, dryRun, durationMs: Math.round(this.#elapsedMs()) })
      return
    }
    for (const line of pruneLines(report, dryRun)) this.#tell(line, dryRun)
  }

  /** What would be done is what a dry run is asked for. */
  #tell(line: string, dryRun: boolean): void {
    if (dryRun) this.output.line(line)
    else this.output.done(line)
  }

  #onProgress({ step, done, total }: CareProgress): void {
    const counts = { filesDone: done, filesTotal: total, totalsKnown: total > 0, unit: UNITS[step] ?? step }
    this.showProgress({ ...counts, bytesDone: 0, bytesTotal: 0, path: '' }, stepFields({ step, done, total }))
  }
}

function verdictLines(verdicts: readonly PointVerdict[], names: ReadonlyMap<InstanceId, string>): string[] {
  return table(
    [
      { title: 'Point', value: ({ point }) => shortId(point.record.point) },
      { title: 'Time', value: ({ point }) => formatTime(point.record.started) },
      { title: 'Chain', value: ({ point }) => shortId(point.record.chain) },
      { title: 'Instance', value: ({ point }) => names.get(point.record.instance) ?? '?' },
      { title: 'Action', value: ({ keep }) => (keep ? 'keep' : 'forget') },
      { title: 'Because', value: ({ reasons }) => reasons.map((reason) => REASONS[reason]).join(', ') },
    ],
    verdicts,
  )
}

function pruneLines(report: PruneReport, dryRun: boolean): string[] {
  const { freed, marked, repacked, repackedInto, needed, unusedBytes, retractedMarks, waiting } = report
  const { indexesPut, indexesRemoved } = report
  const verbs = dryRun
    ? { free: 'Would free', write: 'Would write', mark: 'Would mark' }
    : { free: 'Freed', write: 'Wrote', mark: 'Marked' }
  const lines = [`${verbs.free} ${sumOf(freed)}`]
  if (repacked.packs > 0) {
    const into = dryRun ? ', by which the store grows until they are deleted' : ` into ${sumOf(repackedInto)}`
    lines.push(
      `${verbs.write} anew what is needed of ${numberOf(repacked.packs, 'pack')} (${formatBytes(repacked.bytes)})${into}`,
    )
  }
  if (marked.packs > 0) lines.push(`${verbs.mark} ${sumOf(marked)}, which a later prune deletes`)
  if (retractedMarks > 0) lines.push(`Took back ${numberOf(retractedMarks, 'mark')}: points need the packs again`)
  if (indexesPut > 0) lines.push(`Merged ${numberOf(indexesRemoved, 'index file')} into ${indexesPut}`)
  lines.push(...waiting.map(waitingLine))
  lines.push(`Needed: ${sumOf(needed)}, of which ${formatBytes(unusedBytes)} are unused`)
  return lines
}

function waitingLine({ untilMs, runs, ...sum }: WaitingPacks): string {
  const until = formatTime({ seconds: Math.ceil(untilMs / 1000), nanoseconds: 0 })
  const alive = runs.filter(({ isAlive }) => isAlive).map(({ run }) => run.slice(0, 8))
  if (alive.length === 0) return `${sumOf(sum)} wait until ${until}`
  return `${sumOf(sum)} wait until the runs ${alive.join(', ')} have ended, and until ${until} at least`
}

function sumOf({ packs, bytes }: PackSum): string {
  return `${numberOf(packs, 'pack')} (${formatBytes(bytes)})`
}
