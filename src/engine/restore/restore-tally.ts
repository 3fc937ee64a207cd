import type { Clock } from '../../base/clock.ts'
import type { ByteString } from '../../base/byte-string.ts'
import type { TidemarkError } from '../../base/errors.ts'
import type { RestoreAction, RestoreCounts, RestoreEvents, RestoreFailure, RestoreSummary } from '../restore-types.ts'
import type { PlanStep } from './plan-step.ts'

const PROGRESS_INTERVAL_MS = 100

/** Counts what a restore does, and tells whoever started it. */
export class RestoreTally {
  readonly #events: RestoreEvents
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #counts: Record<RestoreAction, { entries: number; bytes: number }>
  /** By path: what cannot be read is often not written, either, and is told once. */
  readonly #failures = new Map<ByteString, RestoreFailure>()
  readonly #notes = new Set<string>()
  readonly #total = { entries: 0, bytes: 0 }
  readonly #done = { entries: 0, bytes: 0 }
  /** Bytes of files that are written in several jobs and not whole yet. */
  readonly #parts = new Map<PlanStep, number>()
  readonly #full = { entries: 0, bytes: 0 }
  #toldMs = -Infinity
  /** Whether all steps are known, so that the rest can be estimated. */
  isPlanned = false
  bytesWritten = 0
  filesVerified = 0

  constructor(events: RestoreEvents, clock: Clock) {
    this.#events = events
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    const none = (): { entries: number; bytes: number } => ({ entries: 0, bytes: 0 })
    this.#counts = { create: none(), overwrite: none(), unchanged: none(), delete: none(), keep: none() }
  }

  planned(step: PlanStep): void {
    const counts = this.#counts[step.action]
    counts.entries++
    counts.bytes += step.bytes
    this.#total.entries++
    this.#total.bytes += step.bytes
  }

  /** Counts a step as done; `pathOf` names it where somebody wants to know. */
  done(step: PlanStep, pathOf: (step: PlanStep) => ByteString): void {
    this.#done.entries++
    this.#done.bytes += step.bytes - (this.#parts.get(step) ?? 0)
    this.#parts.delete(step)
    this.#tell(step, pathOf)
  }

  /** Counts bytes of a step that is not done yet. */
  partDone(step: PlanStep, bytes: number, pathOf: (step: PlanStep) => ByteString): void {
    this.#done.bytes += bytes
    this.#parts.set(step, (this.#parts.get(step) ?? 0) + bytes)
    this.#tell(step, pathOf)
  }

  /** Counts bytes that will be read back once they are written. */
  toReadBack(bytes: number): void {
    this.#total.bytes += bytes
  }

  /** Counts bytes of what a step wrote as read back. */
  readBack(step: PlanStep, bytes: number, pathOf: (step: PlanStep) => ByteString): void {
    this.#done.bytes += bytes
    this.#tell(step, pathOf)
  }

  #tell(step: PlanStep, pathOf: (step: PlanStep) => ByteString): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#events.progress === undefined || nowMs - this.#toldMs < PROGRESS_INTERVAL_MS) return
    this.#toldMs = nowMs
    this.#events.progress({
      entriesDone: this.#done.entries,
      entriesTotal: this.#total.entries,
      bytesDone: this.#done.bytes,
      bytesTotal: this.#total.bytes,
      planned: this.isPlanned,
      path: pathOf(step),
    })
  }

  /** Takes a step back that could not be done. */
  undone(step: Pick<PlanStep, 'action' | 'bytes' | 'failed'>): void {
    if (step.failed) return
    step.failed = true
    const counts = this.#counts[step.action]
    counts.entries--
    counts.bytes -= step.bytes
  }

  /** @param bytes that were to be written. */
  fail(path: ByteString, error: TidemarkError, bytes = 0): void {
    if (this.#failures.has(path)) return
    const failure = { path, error }
    if (error.code === 'TARGET_FULL') {
      this.#full.entries++
      this.#full.bytes += bytes
    }
    this.#failures.set(path, failure)
    this.#events.failure?.(failure)
  }

  /** Passes a warning on, once. */
  note(note: string): void {
    if (this.#notes.has(note)) return
    this.#notes.add(note)
    this.#events.warning?.(note)
  }

  summary(): RestoreSummary {
    const actions: Readonly<Record<RestoreAction, RestoreCounts>> = this.#counts
    return {
      actions,
      bytesWritten: this.bytesWritten,
      filesVerified: this.filesVerified,
      failures: [...this.#failures.values()],
      full: this.#full,
      durationMs: this.#clock.monotonicMs() - this.#startedMs,
    }
  }
}
