import { PassThrough, Writable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'

import xterm from '@xterm/headless'

import type { Application } from '../../src/service/application/port.ts'
import { openDashboard } from '../../tui/open-dashboard.tsx'
import type { ThemeOptions } from '../../tui/theme/theme.ts'
import { TEST_NOW_MS } from './seeded-application.ts'

const WAIT_MS = 120_000
const QUIET_MS = 300
/** Longer than Ink waits for what may follow an escape: its timer, set before, is the first to fire, however late both are. */
const ESCAPE_MS = 60

/** Keys by name as a terminal sends them; what is no name is typed. */
const SENT: Readonly<Record<string, string>> = {
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  pageup: '\u001b[5~',
  pagedown: '\u001b[6~',
  home: '\u001b[H',
  end: '\u001b[F',
  enter: '\r',
  esc: '\u001b',
  tab: '\t',
  space: ' ',
  backspace: '\u007f',
  'ctrl+c': '\u0003',
  'ctrl+l': '\u000c',
  'ctrl+n': '\u000e',
  'ctrl+r': '\u0012',
  'ctrl+s': '\u0013',
  'ctrl+u': '\u0015',
}

export interface HeadlessOptions {
  readonly columns?: number
  readonly rows?: number
  readonly theme?: ThemeOptions
  readonly isScreenReader?: boolean
}

/** A dashboard in a terminal that is read: keys go in, frames come out. */
export class HeadlessDashboard {
  /** Settles when the dashboard has ended. */
  readonly ended: Promise<void>
  readonly #terminal: xterm.Terminal
  readonly #stdin: PassThrough
  readonly #stdout: Writable
  readonly #end = new AbortController()
  #output = ''

  constructor(application: Application, options: HeadlessOptions = {}) {
    const { columns = 80, rows = 24, isScreenReader = false } = options
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
    this.#stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: () => undefined,
      ref: () => undefined,
      unref: () => undefined,
    })
    const write = (chunk: Buffer, _: string, done: () => void): void => {
      this.#output += chunk.toString('utf8')
      this.#terminal.write(chunk.toString('utf8').replace(/(?<!\r)\n/g, '\r\n'))
      done()
    }
    this.#stdout = Object.assign(new Writable({ write }), { isTTY: true, columns, rows })
    const streams = { stdin: this.#stdin, stdout: this.#stdout, stderr: this.#stdout } as unknown as {
      stdin: NodeJS.ReadStream
      stdout: NodeJS.WriteStream
      stderr: NodeJS.WriteStream
    }
    const clock = { nowMs: () => TEST_NOW_MS, monotonicMs: () => performance.now() }
    const theme = options.theme ?? { colors: '16', background: 'dark' }
    this.ended = openDashboard(() => Promise.resolve(application), streams, {
      theme,
      clock,
      home: '/home/arthur',
      hasNothing: false,
      isScreenReader,
      signal: this.#end.signal,
    })
  }

  /** Leaves it, and gives up the terminal. */
  async close(): Promise<void> {
    this.#end.abort()
    await this.ended.catch(() => undefined)
    this.#terminal.dispose()
  }

  /** Presses keys one after the other, each painted before the next. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.send(SENT[key] ?? key)
      // A lone escape is taken for one once nothing follows it for a while, which begins when it has been read.
      await setImmediate()
      await setTimeout(key === 'esc' ? ESCAPE_MS : 2)
    }
  }

  /** Sends bytes as they are. */
  send(text: string): void {
    this.#stdin.write(text)
  }

  paste(text: string): void {
    this.send(`\u001b[200~${text}\u001b[201~`)
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    Object.assign(this.#stdout, { columns, rows })
    this.#stdout.emit('resize')
  }

  /** Writes to the terminal as another program does. */
  disturb(text: string): void {
    this.#terminal.write(text)
  }

  /** Ends it as a signal does. */
  abort(): void {
    this.#end.abort()
  }

  /** Returns what the terminal shows, line by line without spaces at their ends. */
  lines(): readonly string[] {
    const { buffer, rows } = this.#terminal
    return Array.from({ length: rows }, (_, row) => buffer.active.getLine(row)?.translateToString(true) ?? '')
  }

  frame(): string {
    return this.lines().join('\n')
  }

  /** `true` while the alternate screen is shown. */
  isOnAlternateScreen(): boolean {
    return this.#terminal.buffer.active.type === 'alternate'
  }

  /** Everything that was ever written to the terminal. */
  output(): string {
    return this.#output
  }

  /** Waits for as long as a frame may take to be painted. */
  async quiet(): Promise<void> {
    await setTimeout(QUIET_MS)
  }

  /** Waits until the frame shows `wanted`; returns the frame. */
  async shows(wanted: string | RegExp): Promise<string> {
    return this.until((frame) => (typeof wanted === 'string' ? frame.includes(wanted) : wanted.test(frame)), wanted)
  }

  async until(isWanted: (frame: string) => boolean, name: unknown = 'what was waited for'): Promise<string> {
    const endMs = performance.now() + WAIT_MS
    for (;;) {
      const frame = this.frame()
      if (isWanted(frame)) return frame
      if (performance.now() > endMs) throw new Error(`the dashboard never showed ${String(name)}:\n${frame}`)
      await setTimeout(2)
    }
  }
}
