import { spawn } from 'node:child_process'

import { StorageError } from '../../base/errors.ts'
import { type Channel, type CommandSettings, jsonNotification } from './channel.ts'
import type { Notification } from './notification.ts'

/** What of a command's messages is kept for the error. */
const TAIL_CHARACTERS_MAX = 1024

/** Runs a command of the user with the notification as JSON on its standard input. */
export class CommandChannel implements Channel {
  readonly #settings: CommandSettings

  constructor(settings: CommandSettings) {
    this.#settings = settings
  }

  async send(notification: Notification, signal: AbortSignal): Promise<void> {
    const { command, limitMs } = this.#settings
    const [program = '', ...words] = command
    const limit = AbortSignal.timeout(limitMs)
    const child = spawn(program, words, {
      stdio: ['pipe', 'ignore', 'pipe'],
      signal: AbortSignal.any([signal, limit]),
      killSignal: 'SIGKILL',
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-TAIL_CHARACTERS_MAX)))
    // It may not care for what it is about, and end before it has read it.
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${JSON.stringify(jsonNotification(notification))}\n`)
    const [code, ending] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...outcome) => {
        resolve(outcome)
      })
    }).catch((error: unknown) => {
      signal.throwIfAborted()
      const why = limit.aborted ? `it took more than ${limitMs / 1000} s` : reasonOf(error)
      throw failed(program, why)
    })
    if (code === 0) return
    const how = ending === null ? `exit code ${code ?? '?'}` : `ended by ${ending}`
    throw failed(program, said.trim() === '' ? how : `${how}: ${said.trim()}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function failed(program: string, why: string): StorageError {
  return new StorageError('STORE_UNAVAILABLE', `the command ${program} did not take the notification: ${why}`, {
    retry: 'transient',
    context: { program },
    hint: 'It is tried again; run it by hand to see what it lacks.',
  })
}
