import { openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'

import { UsageError } from '../base/errors.ts'
import { interrupted } from './signals.ts'
import { TypedLine } from './typed-line.ts'

/**
 * Asks `question` on the controlling terminal, whatever standard input and output are, without showing what is typed.
 *
 * Returns the bytes typed before Enter, freshly allocated; the caller wipes them.
 * @throws {UsageError} BAD_ARGUMENT: no terminal, or no answer.
 * @throws {RunError} INTERRUPTED
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<Uint8Array> {
  return ask(question, { echo: false, signal })
}

/**
 * Asks a question that is answered with yes or no; anything but `y` or `yes` is a no.
 *
 * @throws {UsageError} BAD_ARGUMENT: no terminal, or it was closed.
 * @throws {RunError} INTERRUPTED
 */
export async function askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, { echo: true, signal })
  return /^\s*y(es)?\s*$/i.test(Buffer.from(answer).toString('utf8'))
}

interface AskOptions {
  readonly echo: boolean
  readonly signal: AbortSignal
}

async function ask(question: string, { echo, signal }: AskOptions): Promise<Uint8Array> {
  signal.throwIfAborted()
  const descriptor = openTerminal()
  // It closes the descriptor when it is destroyed.
  const input = new ReadStream(descriptor)
  const line = new TypedLine()
  const ended = new AbortController()
  try {
    input.setRawMode(true)
    writeSync(descriptor, question)
    return await new Promise((resolve, reject) => {
      input.on('data', (keys: Buffer) => {
        const outcome = line.type(keys)
        if (echo && outcome === 'more') writeSync(descriptor, keys)
        keys.fill(0)
        if (outcome === 'entered') resolve(line.take())
        else if (outcome === 'interrupted') reject(interrupted())
        else if (outcome === 'ended') reject(unanswered())
      })
      input.on('end', () => reject(unanswered()))
      input.on('error', reject)
      const onAbort = (): void => reject(signal.reason instanceof Error ? signal.reason : interrupted())
      signal.addEventListener('abort', onAbort, { signal: ended.signal })
    })
  } finally {
    ended.abort()
    line.wipe()
    input.setRawMode(false)
    writeSync(descriptor, '\n')
    input.destroy()
  }
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', 'r+')
  } catch (cause) {
    throw new UsageError('BAD_ARGUMENT', 'there is no terminal to ask on', {
      cause,
      hint: 'Answer with options and environment variables: see `tidemark help`.',
    })
  }
}

function unanswered(): UsageError {
  return new UsageError('BAD_ARGUMENT', 'the question was not answered')
}
