import { display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import { formatCount, numberOf } from '../base/number-of.ts'
import type { CopiedPoint, CopyEvents, CopyReport, DamagedPoint } from '../engine/copy/copy-types.ts'
import { formatBytes, formatTime } from '../base/format.ts'
import { jsonPath } from '../base/json-path.ts'
import { OperationReport } from './operation-report.ts'
import type { Output } from './output.ts'
import { describeProblem } from './report-error.ts'

/** Paths of a damaged point that are named in a line. */
const PATHS_NAMED_MAX = 3

/** Tells the user how far a copy is, and what came of it. */
export class CopyOutput extends OperationReport {
  readonly events: CopyEvents

  constructor(output: Output, clock: Clock) {
    super(output, clock)
    this.events = {
      warning: (problem) => {
        this.warn(describeProblem(problem))
      },
      copying: ({ point, ...counts }) => {
        const { pointsDone, pointsTotal, filesDone, bytesRead } = counts
        const path = `point ${pointsDone + 1} of ${pointsTotal}`
        const state = { bytesDone: bytesRead, bytesTotal: point.record.bytes, filesDone, filesTotal: 0 }
        this.showProgress({ ...state, totalsKnown: false, path }, { point: point.record.point, ...counts })
      },
      copied: (done) => {
        if (output.json) output.event('copied', jsonCopied(done))
        else output.message(lineOf(done))
      },
      leftOut: (damage) => {
        if (output.json) output.event('leftOut', jsonLeftOut(damage))
        else output.error(leftOutLine(damage))
      },
    }
  }

  /** @param to the repository that was copied to, as it was named. */
  summarize(report: CopyReport, { to, dryRun }: { readonly to: string; readonly dryRun: boolean }): void {
    const { copied, alreadyThere, forgottenThere, damaged, healed, lostThere } = report
    const { output } = this
    if (output.json) {
      const points = copied.map(({ point }) => point.record.point)
      const sum = (of: (done: CopiedPoint) => number): number => copied.reduce((total, done) => total + of(done), 0)
      const [bytesRead, bytesStored] = [sum((done) => done.bytesRead), sum((done) => done.bytesStored)]
      const counts = {
        alreadyThere: alreadyThere.length,
        forgottenThere: forgottenThere.length,
        damaged: damaged.map(({ point }) => point.record.point),
        blobsHealed: healed.blobs,
        bytesHealed: healed.bytes,
        lostThere,
      }
      output.event('summary', { points, ...counts, bytesRead, bytesStored, dryRun })
      return
    }
    if (dryRun)
      for (const { point } of copied)
        output.line(`${point.record.point.slice(0, 8)} ${formatTime(point.record.started)}`)
    const did = dryRun ? 'would be copied' : 'copied'
    output.message(
      `${numberOf(copied.length, 'point')} ${did}, ${numberOf(alreadyThere.length, 'point')} there already.`,
    )
    if (healed.blobs > 0)
      output.message(
        `Stored again ${numberOf(healed.blobs, 'blob')}, ${formatBytes(healed.bytes)}, that had been lost there.`,
      )
    if (lostThere > 0) this.#tellLostThere(lostThere, { to, dryRun })
    if (forgottenThere.length > 0) {
      const were = numberOf(forgottenThere.length, 'point was', 'points were')
      output.message(`${were} forgotten there, and left out: name one to copy it again.`)
    }
    if (damaged.length > 0) this.#hintAtDamage(damaged.length)
  }

  #tellLostThere(blobs: number, { to, dryRun }: { readonly to: string; readonly dryRun: boolean }): void {
    const { output } = this
    const lost = `${numberOf(blobs, 'blob')} that points there need ${blobs === 1 ? 'is' : 'are'} lost`
    if (dryRun) {
      output.message(`${lost}: a copy stores again what can be read here.`)
      return
    }
    output.error(`tidemark: ${lost}, and cannot be read here`)
    output.message(
      `hint: \`tidemark check -r ${to}\` names the points and files; --repair --heal-from … looks elsewhere.`,
    )
  }

  #hintAtDamage(points: number): void {
    this.output.message(`${numberOf(points, 'point is', 'points are')} damaged here, and left out.`)
    this.output.message(
      'hint: `tidemark check --repair --heal-from …` may bring back what is lost; what stays lost, `tidemark forget` lets go.',
    )
  }
}

function lineOf({ point, bytesRead, bytesStored }: CopiedPoint): string {
  const { record } = point
  const bytes = `${formatBytes(bytesRead)} read, ${formatBytes(bytesStored)} stored`
  return `Copied point ${record.point.slice(0, 8)} of ${formatTime(record.started)}: ${bytes}.`
}

function leftOutLine({ point: { record }, entries, paths }: DamagedPoint): string {
  const named = paths.slice(0, PATHS_NAMED_MAX).map(display).join(', ')
  const more = entries > PATHS_NAMED_MAX ? ` and ${formatCount(entries - PATHS_NAMED_MAX)} more` : ''
  const what = `${numberOf(entries, 'entry', 'entries')} of it cannot be read whole here`
  return `tidemark: point ${record.point.slice(0, 8)} of ${formatTime(record.started)} is not copied: ${what}: ${named}${more}`
}

function jsonLeftOut({ point, entries, paths }: DamagedPoint): Record<string, unknown> {
  return { point: point.record.point, entries, paths: paths.map(jsonPath) }
}

function jsonCopied({ point, bytesRead, bytesStored }: CopiedPoint): Record<string, unknown> {
  return { point: point.record.point, bytesRead, bytesStored }
}
