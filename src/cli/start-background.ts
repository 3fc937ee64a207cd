import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

import { errnoOf, StorageError } from '../base/errors.ts'
import { makeFolders } from '../base/make-folders.ts'
import type { MessageFromBackground, MessageToBackground } from './background-messages.ts'
import type { CliContext } from './context.ts'
import { EXIT_DONE, EXIT_FAILED } from './exit-codes.ts'

export interface BackgroundCommand {
  /** The command line of the process in the background. */
  readonly words: readonly string[]
  /** Where it writes what it says once nobody listens: an absolute path. */
  readonly log: string
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Starts this program anew, without a terminal, and returns once it works or has failed: with the exit code.
 *
 * Until then what it says is said here, and what it has to ask is asked here. Secrets go to it through a socket: neither
 * its arguments nor its environment hold one.
 */
export async function startInBackground(context: CliContext, command: BackgroundCommand): Promise<number> {
  const child = startProcess(command)
  const stop = (): void => void child.kill('SIGTERM')
  context.signal.addEventListener('abort', stop)
  try {
    const exitCode = await untilWorking(child, context)
    context.signal.throwIfAborted()
    if (exitCode === EXIT_DONE) {
      context.output.detail(`process ${child.pid ?? 0} goes on in the background and writes to ${command.log}`)
    }
    return exitCode
  } finally {
    context.signal.removeEventListener('abort', stop)
    if (child.connected) child.disconnect()
    child.unref()
  }
}

function startProcess({ words, log, environment }: BackgroundCommand): ChildProcess {
  const descriptor = openLog(log)
  try {
    return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], {
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ['ignore', descriptor, descriptor, 'ipc'],
      serialization: 'advanced',
    })
  } finally {
    closeSync(descriptor)
  }
}

function openLog(path: string): number {
  try {
    makeFolders(dirname(path), 0o700)
    return openSync(path, 'w', 0o600)
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === undefined) throw cause
    const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'STORE_FULL' : 'STORE_FAILED'
    throw new StorageError(code, `${path} cannot be written: ${errno}`, {
      context: { path },
      hint: 'Nothing goes on in the background without a log. TIDEMARK_STATE_DIR names another folder for it.',
      cause,
    })
  }
}

/** Returns EXIT_DONE once the process works, or what it ended with before. */
async function untilWorking(child: ChildProcess, { output, secrets }: CliContext): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const tell = (message: MessageToBackground): void => void child.send(message, () => undefined)
  const answer = async (question: string): Promise<void> => {
    const bytes = await secrets.ask(question).catch(() => undefined)
    tell({ type: 'answer', bytes })
    bytes?.fill(0)
  }
  child.on('message', (message: MessageFromBackground) => {
    if (message.type === 'ask') void answer(message.question)
    else if (message.type === 'working') resolve(EXIT_DONE)
    else if (message.on === 'stdout') output.line(message.text.replace(/\n$/, ''))
    else output.error(message.text.replace(/\n$/, ''))
  })
  child.once('error', reject)
  // All that it said has been heard by then, unlike at its exit.
  child.once('close', (code) => resolve(code ?? EXIT_FAILED))
  tell({ type: 'begin', variables: secrets.variables, interactive: secrets.interactive })
  return promise
}
