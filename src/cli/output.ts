import { errnoOf } from '../base/errors.ts'
import type { Progress } from './progress.ts'

/** Characters that wait for their reader before whoever writes waits, too. */
const PENDING_BYTES_MAX = 1 << 20

/** Events that say how a command ended. */
const ENDINGS = new Set(['summary', 'error'])

/** What of `process.stdout` and `process.stderr` is used. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

export interface OutputOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly progress: boolean
}

/**
 * Says things: results on standard output, everything else on standard error.
 *
 * When whoever reads standard output goes away (EPIPE), or nothing can be written there any more, what follows is dropped
 * and `gone` is aborted: commands whose only purpose is their output stop, others finish their work.
 */
export class Output {
  readonly json: boolean
  readonly verbose: boolean
  readonly quiet: boolean
  readonly #options: OutputOptions
  readonly #gone = new AbortController()
  #lost: Error | undefined
  #progress: Progress | undefined
  #pending = 0
  #pendingBytes = 0
  #idle: (() => void) | undefined
  readonly #lastOf = new Map<string, string>()

  constructor(options: OutputOptions) {
    this.#options = options
    this.json = options.json
    this.quiet = options.quiet
    this.verbose = options.verbose
    options.stdout.on('error', (error) => {
      this.#lose(error)
    })
    // A terminal that was closed takes no more messages; the work goes on.
    options.stderr.on('error', () => undefined)
  }

  /** Aborted when nobody reads standard output any more, or nothing can be written there. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Why results could not be written although somebody wants them, such as a full disk; settled once `flushed`. */
  get lost(): Error | undefined {
    return this.#lost
  }

  get terminal(): { readonly columns: number } | undefined {
    const { stderr } = this.#options
    return stderr.isTTY === true ? { columns: stderr.columns ?? 80 } : undefined
  }

  /** Whether progress may be shown: on a terminal, unless it is unwanted. */
  get showsProgress(): boolean {
    return this.terminal !== undefined && this.#options.progress && !this.quiet && !this.json
  }

  /** Whether long operations report progress as events. */
  get sendsProgress(): boolean {
    return this.json && this.#options.progress && !this.quiet
  }

  /** Writes a line of a result. */
  line(text = ''): void {
    this.text(`${text}\n`)
  }

  /** Writes lines of a result with their ends. */
  text(text: string): void {
    this.#out(text)
  }

  /** Writes a line that tells what was done, where nobody asked a question; silent with -q. */
  done(text: string): void {
    if (!this.quiet) this.line(text)
  }

  /** Writes bytes of a result as they are; resolves when they are on their way. */
  async bytes(bytes: Uint8Array): Promise<void> {
    if (this.gone.aborted) return
    await new Promise<void>((resolve) => {
      this.#options.stdout.write(bytes, (error) => {
        this.#lose(error)
        resolve()
      })
    })
  }

  /** Writes the one JSON document that a command answers with. */
  document(value: unknown): void {
    this.#out(`${JSON.stringify(value, null, 2)}\n`)
  }

  /** Begins a JSON document that is a list too long to be held at once. */
  list(): { readonly add: (value: unknown) => void; readonly end: () => void } {
    let first = true
    return {
      add: (value) => {
        this.#out(`${first ? '[\n' : ',\n'}${JSON.stringify(value)}`)
        first = false
      },
      end: () => {
        this.#out(first ? '[]\n' : '\n]\n')
      },
    }
  }

  /** Resolves at once, or, when much has been written that nobody took yet, once it has been taken. */
  async drained(): Promise<void> {
    if (this.#pendingBytes >= PENDING_BYTES_MAX) await this.flushed()
  }

  /** Writes one of several JSON documents, on a line of its own. */
  event(type: string, fields: Readonly<Record<string, unknown>>): void {
    const line = `${JSON.stringify({ type, ...fields })}\n`
    if (ENDINGS.has(type)) this.#lastOf.set(type, line)
    this.#out(line)
  }

  /** The last events that say how a command ended, each on a line of its own. */
  get endings(): string {
    return [...this.#lastOf.values()].join('')
  }

  /** Says something that is not the result; silent with -q. */
  message(text: string): void {
    if (!this.quiet) this.error(text)
  }

  /** Says something only for those who asked with -v. */
  detail(text: string): void {
    if (this.verbose) this.error(text)
  }

  /** Says what the user should know although nothing failed; not silenced. */
  warning(text: string): void {
    this.error(`tidemark: warning: ${text}`)
  }

  /** Writes lines to standard error, above the progress. */
  error(text: string): void {
    this.#progress?.clear()
    this.#options.stderr.write(`${text}\n`)
    this.#progress?.redraw()
  }

  /** Writes to the terminal without a line's end: used by the progress and by questions. */
  draw(text: string): void {
    this.#options.stderr.write(text)
  }

  /** Lets messages appear above `progress` from now on; `undefined` ends that. */
  attach(progress: Progress | undefined): void {
    this.#progress = progress
  }

  /** Resolves when everything written to standard output has left this process, or nobody wants it. */
  async flushed(): Promise<void> {
    if (this.#pending === 0 || this.gone.aborted) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      this.gone.addEventListener('abort', () => {
        resolve()
      })
    })
  }

  #out(text: string): void {
    if (this.gone.aborted) return
    this.#pending++
    this.#pendingBytes += text.length
    this.#options.stdout.write(text, (error) => {
      this.#lose(error)
      this.#pending--
      this.#pendingBytes -= text.length
      if (this.#pending === 0) this.#idle?.()
    })
  }

  /** Takes note of what a write ended with; after the first failure all fail. */
  #lose(error: Error | null | undefined): void {
    if (error === null || error === undefined || this.gone.aborted) return
    if (errnoOf(error) !== 'EPIPE') this.#lost = error
    this.#gone.abort()
  }
}
