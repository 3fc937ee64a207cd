import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

import { onTestFinished } from 'vitest'

const WAIT_MS = 120_000

/** A real terminal with a program in it, by tmux; gone when the running test has finished. */
export class Terminal {
  readonly #socket = `tidemark-test-${randomBytes(6).toString('hex')}`

  /** Runs `command`, a line of shell, with exactly these variables, in a terminal of 200 columns and 50 lines. */
  constructor(command: string, environment: Readonly<Record<string, string>>) {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}`)
    // The shell stays when the command has ended, so that the screen can be read.
    const line = `env -i TERM=xterm ${variables.join(' ')} sh -c ${quote(`${command}; echo "exit code $?"; sleep 600`)}`
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '200', '-y', '50', line)
    onTestFinished(() => this.kill())
  }

  /** Ends the terminal, and with it whatever runs in it. */
  kill(): void {
    try {
      this.#tmux('kill-server')
    } catch {
      // It has ended by itself.
    }
  }

  /** Returns what is on the screen, scrolled-off lines included. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-', '-t', ':')
  }

  /** Types text as it is. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', ':', '-l', text)
  }

  /** Presses a key that tmux has a name for, such as Enter or C-c. */
  press(key: string): void {
    this.#tmux('send-keys', '-t', ':', key)
  }

  /** Makes it another size, as somebody does who drags the corner of its window. */
  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', ':', '-x', String(columns), '-y', String(rows))
  }

  /** Waits until the screen shows `wanted`; returns the match. */
  async waitFor(wanted: RegExp): Promise<RegExpExecArray> {
    const endMs = Date.now() + WAIT_MS
    for (;;) {
      const screen = this.screen()
      const match = wanted.exec(screen)
      if (match !== null) return match
      if (Date.now() > endMs) throw new Error(`the terminal does not show ${String(wanted)}:\n${screen}`)
      await setTimeout(50)
    }
  }

  #tmux(...words: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
