import type { JobId, JobProgress } from '../jobs/job.ts'

/** Rates are of the last so many milliseconds at least: a shorter time says little. */
const SPAN_MS = 3000

interface Sample {
  readonly atMs: number
  readonly bytes: number
}

/** Tells how fast jobs are, from how far they have come. */
export class RateMeter {
  readonly #samples = new Map<JobId, readonly Sample[]>()

  /** Returns bytes a second. */
  of(job: JobId, { atMs, bytesDone }: JobProgress): number {
    const known = this.#samples.get(job) ?? []
    const now = { atMs, bytes: bytesDone }
    // A step of a command begins to count anew.
    const same = (known.at(-1)?.bytes ?? 0) <= bytesDone ? known : []
    // What is counted a pack at a time is measured from before the last step: else it stood still, and then leapt.
    const from = same.findLast(({ atMs: at, bytes }) => atMs - at >= SPAN_MS && bytes < bytesDone) ?? same[0]
    const samples = same.at(-1)?.bytes === bytesDone ? same : [...same, now]
    this.#samples.set(job, from === undefined ? samples : samples.slice(samples.indexOf(from)))
    if (from === undefined || atMs <= from.atMs) return 0
    return ((bytesDone - from.bytes) * 1000) / (atMs - from.atMs)
  }

  /** Forgets all but these. */
  keep(jobs: readonly JobId[]): void {
    const kept = new Set(jobs)
    for (const job of this.#samples.keys()) if (!kept.has(job)) this.#samples.delete(job)
  }
}
