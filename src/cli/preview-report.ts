import { type ByteString, display } from '../base/byte-string.ts'
import type { TidemarkError } from '../base/errors.ts'
import { formatCount, numberOf } from '../base/number-of.ts'
import type { RestoreAction, RestoreCounts, RestoreItem } from '../engine/restore-types.ts'
import { jsonPath } from '../base/json-path.ts'
import type { Output } from './output.ts'
import { countLines, failureLine, leftAlone, type RestoreSubject, targetFields } from './restore-report.ts'

const LINES_MAX = 20

const WORDS: Readonly<Record<Exclude<RestoreAction, 'keep'>, string>> = {
  create: 'would be created',
  overwrite: 'would be overwritten',
  unchanged: 'found the same',
  delete: 'would be deleted',
}

/** Shows what a restore would do. */
export class PreviewReport {
  readonly #output: Output
  readonly #everything: boolean
  readonly #counts = new Map<RestoreAction, { entries: number; bytes: number }>()
  /** Of what is overwritten: entries of which nothing but metadata is. */
  #metadata = 0
  #lines = 0
  #hidden = 0
  /** How many entries could not be restored. */
  failures = 0

  /** With `everything` each item is part of the result; otherwise the first few that change something are shown. */
  constructor(output: Output, { everything }: { readonly everything: boolean }) {
    this.#output = output
    this.#everything = everything
  }

  add(item: RestoreItem): void {
    const { action, bytes, kind, path, onlyMetadata } = item
    const counts = this.#counts.get(action) ?? { entries: 0, bytes: 0 }
    counts.entries++
    counts.bytes += bytes
    this.#counts.set(action, counts)
    if (onlyMetadata) this.#metadata++
    if (this.#everything) {
      if (this.#output.json) this.#output.event('item', { action, kind, bytes, onlyMetadata, ...jsonPath(path) })
      // What is the same already would drown what matters.
      else if (action !== 'unchanged' || this.#output.verbose) this.#output.line(lineOf(item))
    } else if (action === 'overwrite' || action === 'delete') {
      if (this.#lines++ < LINES_MAX) this.#output.error(lineOf(item))
      else this.#hidden++
    }
  }

  /** Tells of an entry that a restore would fail on. */
  fail(path: ByteString, error: TidemarkError): void {
    this.failures++
    if (this.#everything && this.#output.json) {
      this.#output.event('failure', { ...jsonPath(path), message: error.message })
    } else if (this.#everything || this.failures <= LINES_MAX) {
      this.#output.error(failureLine(path, error))
    }
  }

  summarize({ point, options }: RestoreSubject): void {
    const counts = (action: RestoreAction): RestoreCounts => this.#counts.get(action) ?? { entries: 0, bytes: 0 }
    const actions = {
      create: counts('create'),
      overwrite: counts('overwrite'),
      unchanged: counts('unchanged'),
      delete: counts('delete'),
      keep: counts('keep'),
    }
    if (this.#everything && this.#output.json) {
      this.#output.event('summary', { point, ...targetFields(options), preview: true, actions, errors: this.failures })
      return
    }
    if (this.#hidden > 0) this.#output.error(`… and ${this.#hidden} more: --preview shows all`)
    const where = options.target === undefined ? 'in place' : `to ${display(options.target)}`
    const lines = [`Restoring ${display(options.path)} of point ${point.slice(0, 8)} ${where}:`]
    lines.push(...countLines(actions, { ...WORDS, keep: leftAlone(options) }))
    if (this.#metadata > 0) lines.push(`  of those overwritten, ${formatCount(this.#metadata)} only in their metadata`)
    if (this.failures > 0) lines.push(`  ${numberOf(this.failures, 'entry', 'entries')} would fail`)
    if (lines.length === 1) lines.push('  nothing to do')
    for (const line of lines) {
      if (this.#everything) this.#output.line(line)
      else this.#output.error(line)
    }
  }
}

function lineOf({ action, kind, path, onlyMetadata }: RestoreItem): string {
  const word = onlyMetadata ? 'metadata' : action
  return `${word.padEnd(9)} ${display(path)}${kind === 'dir' ? '/' : ''}`
}
