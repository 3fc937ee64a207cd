import type { AbandonedJob } from './job-store.ts'
import type { Job, JobProgress, JobResult, LogSource, RunNote } from './job.ts'

/** Does the jobs of one kind. */
export interface JobHandler {
  /**
   * Does a job. An abort of the run's signal is to be followed soon, with all put right that was begun.
   *
   * @throws what went wrong before anything was begun: a TidemarkError that is `transient` is tried again.
   */
  run(job: Job, run: RunContext): Promise<RunReport>

  /**
   * Puts right what a run left whose worker ended without a word: ends what still runs of it and does what was to be
   * done whatever happened. Repeated until it has once come to its end.
   */
  recover(abandoned: AbandonedJob, run: RunContext): Promise<Recovery>

  /** A run was settled: what was kept of it in case that its worker ends is needed no more. */
  settled?(job: Job): void
}

/** What a handler is given of the run that it does. */
export interface RunContext {
  /** Aborted, with a `RunEnds` for its reason, when the run is to end. */
  readonly signal: AbortSignal
  /**
   * Remembers, durably, what is about to be done.
   *
   * @throws {StorageError} whatever the store says; RunEnds: the worker is no longer in charge.
   */
  note(note: RunNote): Promise<void>
  progress(progress: JobProgress): void
  log(from: LogSource, text: string): void
}

/** What a run came to. */
export interface RunReport {
  /** `may-pass`: it failed, and may succeed later. `failed`: it would fail again. */
  readonly verdict: 'done' | 'may-pass' | 'failed'
  readonly result: JobResult
}

/** What came of a run whose worker ended without a word. `interrupted`: it did not come to its end. */
export interface Recovery {
  readonly verdict: RunReport['verdict'] | 'interrupted'
  readonly result: JobResult
}

/** Why a run is to end: somebody wants it to, its worker ends, or is no longer in charge. */
export type EndReason = 'cancel' | 'stop' | 'lost'

/** What ends a run that is not to go on. */
export class RunEnds extends Error {
  readonly why: EndReason

  constructor(why: EndReason) {
    super(`the run ends: ${why}`)
    this.name = 'RunEnds'
    this.why = why
  }
}
