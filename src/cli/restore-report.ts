import { type ByteString, display } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import { IntegrityError, StorageError, TargetError } from '../base/errors.ts'
import type { PointId } from '../base/ids.ts'
import { numberOf } from '../base/number-of.ts'
import type {
  RestoreAction,
  RestoreCounts,
  RestoreEvents,
  RestoreFailure,
  RestoreOptions,
  RestoreProgress,
  RestoreSummary,
} from '../engine/restore-types.ts'
import { formatBytes, formatDuration } from '../base/format.ts'
import { jsonPath } from '../base/json-path.ts'
import { OperationReport } from './operation-report.ts'
import type { Output } from './output.ts'

const FAILURES_MAX = 20
/** Files for which there was no room that are named: the others have the same to say. */
const FULL_NAMED_MAX = 3

const DONE_WORDS: Readonly<Record<Exclude<RestoreAction, 'keep'>, string>> = {
  create: 'created',
  overwrite: 'overwritten',
  unchanged: 'unchanged',
  delete: 'deleted',
}

/** Which restore a report is about. */
export interface RestoreSubject {
  readonly point: PointId
  readonly options: RestoreOptions
  /** The point that this can be undone from. */
  readonly undo?: PointId | undefined
}

/** Tells the user what a restore is doing and what it has done. */
export class RestoreReport extends OperationReport {
  readonly events: RestoreEvents
  #named = 0
  #fullNamed = 0
  /** What to do about what the repository does not give: few different ones. */
  readonly #hints = new Set<string>()

  constructor(output: Output, clock: Clock) {
    super(output, clock)
    this.events = {
      progress: (progress) => {
        this.#onProgress(progress)
      },
      failure: (failure) => {
        this.#onFailure(failure)
      },
      warning: (message) => {
        this.warn(message)
      },
    }
  }

  /** Prints what was done. */
  summarize(summary: RestoreSummary, { point, options, undo }: RestoreSubject): void {
    const { actions, bytesWritten, filesVerified, failures, full, durationMs } = summary
    if (this.output.json) {
      this.output.event('summary', {
        point,
        ...targetFields(options),
        actions,
        bytesWritten,
        filesVerified,
        errors: failures.length,
        full,
        undo: undo ?? null,
        durationMs: Math.round(durationMs),
      })
      return
    }
    const where = options.target === undefined ? 'in place' : `to ${display(options.target)}`
    const what = `${formatBytes(bytesWritten)} written in ${formatDuration(durationMs)}`
    this.output.done(`Restored ${display(options.path)} of point ${point.slice(0, 8)} ${where}: ${what}`)
    for (const line of countLines(actions, { ...DONE_WORDS, keep: leftAlone(options) })) this.output.done(line)
    if (options.verify) this.output.done(`  ${numberOf(filesVerified, 'file')} read back and compared`)
    if (undo !== undefined && isAnythingDone(actions)) this.output.done('  `tidemark undo` takes it back')
    if (failures.length > 0) this.output.done(`  ${numberOf(failures.length, 'entry', 'entries')} failed`)
    const unnamed = failures.length - this.#named
    if (unnamed > 0) this.output.error(`  … and ${numberOf(unnamed, 'more failure')}: -v names all`)
    if (full.entries > 0) this.#tellFull(full)
    for (const hint of this.#hints) this.output.error(`hint: ${hint}`)
  }

  #tellFull({ entries, bytes }: RestoreCounts): void {
    const what = `${numberOf(entries, 'entry', 'entries')} with ${formatBytes(bytes)}`
    this.output.error(`tidemark: the target is full: ${what} did not fit`)
    this.output.error(
      'hint: Make room for that much and restore again with --overwrite if-changed, or restore less with --include.',
    )
  }

  #onProgress(progress: RestoreProgress): void {
    const state = {
      bytesDone: progress.bytesDone,
      bytesTotal: progress.bytesTotal,
      filesDone: progress.entriesDone,
      filesTotal: progress.entriesTotal,
      totalsKnown: progress.planned,
      path: display(progress.path),
    }
    this.showProgress(state, progress)
  }

  #onFailure({ path, error }: RestoreFailure): void {
    if (this.output.json) this.output.event('failure', { ...jsonPath(path), message: error.message })
    const isOfRepository = error instanceof IntegrityError || error instanceof StorageError
    if (isOfRepository && error.hint !== undefined) this.#hints.add(error.hint)
    const isFull = error instanceof TargetError && error.code === 'TARGET_FULL'
    const isNamed = this.#named < FAILURES_MAX && !(isFull && this.#fullNamed === FULL_NAMED_MAX)
    if (!isNamed && !this.output.verbose) return
    this.#named++
    if (isFull) this.#fullNamed++
    this.output.error(failureLine(path, error))
  }
}

/** Says why an entry cannot be restored. */
export function failureLine(path: ByteString, error: Error): string {
  const where = display(path)
  // Most messages begin with the path already.
  return `tidemark: ${error.message.startsWith(where) ? '' : `${where}: `}${error.message}`
}

function isAnythingDone({ create, overwrite, delete: deleted }: RestoreSummary['actions']): boolean {
  return create.entries + overwrite.entries + deleted.entries > 0
}

/** Says what became of entries that differ and stay: not of an undo, which has no option for that. */
export function leftAlone({ overwrite }: RestoreOptions): string {
  return `found different and left alone${overwrite === 'always' ? '' : ' (see --overwrite)'}`
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
      return `  ${numberOf(entries, 'entry', 'entries')} ${words[action]}${size}`
    })
}
