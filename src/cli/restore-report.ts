import { display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import type { PointId } from '../base/ids.ts'
import type {
  RestoreAction,
  RestoreCounts,
  RestoreEvents,
  RestoreFailure,
  RestoreOptions,
  RestoreProgress,
  RestoreSummary,
} from '../engine/restore-types.ts'
import { formatBytes, formatDuration, formatNumberOf } from './format.ts'
import { jsonPath } from './json-path.ts'
import type { Output } from './output.ts'
import { Progress } from './progress.ts'

const FAILURES_MAX = 20
const PROGRESS_EVENT_MS = 1000

const DONE_WORDS: Readonly<Record<RestoreAction, string>> = {
  create: 'created',
  overwrite: 'overwritten',
  unchanged: 'unchanged',
  delete: 'deleted',
  keep: 'left as they are (--overwrite)',
}

/** Which restore a report is about. */
export interface RestoreSubject {
  readonly point: PointId
  readonly options: RestoreOptions
}

/** Tells the user what a restore is doing and what it has done. */
export class RestoreReport {
  readonly events: RestoreEvents
  readonly #output: Output
  readonly #clock: Clock
  readonly #progress: Progress | undefined
  #failures = 0
  #eventMs = Number.NEGATIVE_INFINITY

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
    this.#progress = output.showsProgress ? new Progress(output, () => clock.monotonicMs()) : undefined
    this.events = {
      progress: (progress) => {
        this.#onProgress(progress)
      },
      failure: (failure) => {
        this.#onFailure(failure)
      },
      warning: (message) => {
        if (output.json) output.event('warning', { message })
        output.warning(message)
      },
    }
  }

  /** Takes the progress away; also after a failure. */
  stop(): void {
    this.#progress?.end()
  }

  /** Prints what was done. */
  summarize(summary: RestoreSummary, { point, options }: RestoreSubject): void {
    const { actions, bytesWritten, filesVerified, failures, durationMs } = summary
    if (this.#output.json) {
      this.#output.event('summary', {
        point,
        ...targetFields(options),
        actions,
        bytesWritten,
        filesVerified,
        errors: failures.length,
        durationMs: Math.round(durationMs),
      })
      return
    }
    const where = options.target === undefined ? 'in place' : `to ${display(options.target)}`
    const what = `${formatBytes(bytesWritten)} written in ${formatDuration(durationMs)}`
    this.#output.line(`Restored ${display(options.path)} of point ${point.slice(0, 8)} ${where}: ${what}`)
    for (const line of countLines(actions, DONE_WORDS)) this.#output.line(line)
    if (options.verify) this.#output.line(`  ${formatNumberOf(filesVerified, 'file')} read back and compared`)
    if (failures.length > 0) this.#output.line(`  ${formatNumberOf(failures.length, 'entry', 'entries')} failed`)
    if (this.#failures > FAILURES_MAX && !this.#output.verbose) {
      this.#output.message(`  … ${this.#failures - FAILURES_MAX} more failures: -v names all`)
    }
  }

  #onProgress(progress: RestoreProgress): void {
    this.#progress?.update({
      bytesDone: progress.bytesDone,
      bytesTotal: progress.bytesTotal,
      filesDone: progress.entriesDone,
      filesTotal: progress.entriesTotal,
      totalsKnown: true,
      path: display(progress.path),
    })
    const nowMs = this.#clock.monotonicMs()
    if (!this.#output.sendsProgress || nowMs - this.#eventMs < PROGRESS_EVENT_MS) return
    this.#eventMs = nowMs
    const { path, ...counts } = progress
    this.#output.event('progress', { ...counts, ...jsonPath(path) })
  }

  #onFailure({ path, error }: RestoreFailure): void {
    this.#failures++
    if (this.#output.json) this.#output.event('failure', { ...jsonPath(path), message: error.message })
    if (this.#failures <= FAILURES_MAX || this.#output.verbose) {
      this.#output.error(`tidemark: ${display(path)}: ${error.message}`)
    }
  }
}

/** Returns the JSON fields that say what is restored where. */
export function targetFields(options: RestoreOptions): Record<string, unknown> {
  const { path, target } = options
  const fields = jsonPath(path)
  const targeted = target === undefined ? { path: null } : jsonPath(target)
  return {
    ...fields,
    target: targeted.path,
    ...('pathBytes' in targeted ? { targetBytes: targeted.pathBytes } : {}),
  }
}

/** Returns a line for each action that happens to anything. */
export function countLines(
  actions: Readonly<Record<RestoreAction, RestoreCounts>>,
  words: Readonly<Record<RestoreAction, string>>,
): string[] {
  return (Object.entries(actions) as [RestoreAction, RestoreCounts][])
    .filter(([, { entries }]) => entries > 0)
    .map(([action, { entries, bytes }]) => {
      const size = bytes > 0 ? `, ${formatBytes(bytes)}` : ''
      return `  ${formatNumberOf(entries, 'entry', 'entries')} ${words[action]}${size}`
    })
}
