import { formatCount, numberOf } from '../base/number-of.ts'
import { formatBytes, formatDuration } from '../base/format.ts'
import type { Output } from './output.ts'
import { textWidth, truncateStart } from '../base/text-width.ts'

const BAR_COLUMNS = 20
/** Slow enough to be read, and to cost nothing. */
const REDRAW_MS = 100

/** How far a long operation is. */
export interface ProgressState {
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly filesDone: number
  readonly filesTotal: number
  /** Whether the totals are known, so that the rest can be estimated. */
  readonly totalsKnown: boolean
  /** Milliseconds since it began. */
  readonly elapsedMs: number
  /** Readable text of what is being worked on. */
  readonly path: string
  /** What is done with these bytes, where it is not the usual. */
  readonly verb?: string
  /** What is counted where no bytes are, such as `point`: `files…` are numbers of these. */
  readonly unit?: string
}

/** Returns the line that shows `state` in `columns` columns at most. */
export function progressLine(state: ProgressState, columns: number): string {
  if (state.unit !== undefined) return countsLine(state, state.unit, columns)
  const { bytesDone, bytesTotal, elapsedMs } = state
  const rate = elapsedMs > 0 ? (bytesDone / elapsedMs) * 1000 : 0
  const pieces: string[] = []
  if (state.totalsKnown) {
    pieces.push(bar(bytesDone, bytesTotal))
  }
  const total = state.totalsKnown ? ` of ${formatBytes(bytesTotal)}` : ''
  const verb = state.verb === undefined ? '' : `${state.verb} `
  pieces.push(`${verb}${formatBytes(bytesDone)}${total}`, `${formatBytes(rate)}/s`)
  if (state.totalsKnown && rate > 0 && bytesTotal > bytesDone) {
    pieces.push(`${formatDuration(((bytesTotal - bytesDone) / rate) * 1000)} left`)
  }
  const { filesDone, filesTotal } = state
  pieces.push(
    state.totalsKnown ? `${formatCount(filesDone)} of ${numberOf(filesTotal, 'file')}` : numberOf(filesDone, 'file'),
  )
  const line = pieces.join('  ')
  const room = columns - textWidth(line) - 2
  if (room < 8) return line.slice(0, Math.max(0, columns))
  return `${line}  ${truncateStart(state.path, room)}`.trimEnd()
}

function countsLine({ filesDone, filesTotal }: ProgressState, unit: string, columns: number): string {
  return `${bar(filesDone, filesTotal)}  ${formatCount(filesDone)} of ${numberOf(filesTotal, unit)}`.slice(0, columns)
}

function bar(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1
  const full = Math.round(share * BAR_COLUMNS)
  return `[${'='.repeat(full)}${' '.repeat(BAR_COLUMNS - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`
}

/** Keeps one line at the bottom of a terminal that shows how far a long operation is. */
export class Progress {
  readonly #output: Output
  readonly #nowMs: () => number
  readonly #startedMs: number
  #drawnMs = Number.NEGATIVE_INFINITY
  #line = ''

  constructor(output: Output, nowMs: () => number) {
    this.#output = output
    this.#nowMs = nowMs
    this.#startedMs = nowMs()
    output.attach(this)
  }

  /** Shows `state`, unless something was shown a moment ago. */
  update(state: Omit<ProgressState, 'elapsedMs'>): void {
    const nowMs = this.#nowMs()
    const columns = this.#output.terminal?.columns
    if (columns === undefined || nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    // The last column stays free: writing into it makes some terminals scroll.
    this.#line = progressLine({ ...state, elapsedMs: nowMs - this.#startedMs }, columns - 1)
    this.redraw()
  }

  clear(): void {
    if (this.#line !== '') this.#output.draw('\r\u001b[K')
  }

  redraw(): void {
    if (this.#line !== '') this.#output.draw(`\r\u001b[K${this.#line}`)
  }

  /** Takes the line away for good. */
  end(): void {
    this.clear()
    this.#line = ''
    this.#output.attach(undefined)
  }
}
