import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ByteString, byteStringOf } from '../../base/byte-string.ts'
import { SourceError } from '../../base/errors.ts'
import type { Source } from '../source.ts'
import { STREAM_PART } from './stream-source.ts'

export interface CommandSourceOptions {
  /** Where its output lies in the point: an absolute path. */
  readonly path: ByteString
  /** Program and arguments; no shell sees them. */
  readonly command: readonly string[]
}

/** The standard output of a command; its errors go where those of this process go. One that fails makes no point. */
export function commandSource({ path, command }: CommandSourceOptions): Source {
  return {
    kind: 'command',
    identity: [path, ...command],
    labels: [byteStringOf(command.join(' '))],
    read: (run) => run.pass(STREAM_PART, { kind: 'stream', path, open: (signal) => outputOf(command, signal) }),
  }
}

async function* outputOf(command: readonly string[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const [program = '', ...words] = command
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = (): void => {
    child.kill('SIGTERM')
    // What it has started may keep its output open for as long as it likes.
    child.stdout.destroy(signal.reason as Error)
  }
  signal.addEventListener('abort', stop, { once: true })
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  ended.catch(() => undefined)
  try {
    for await (const bytes of child.stdout) yield bytes as Uint8Array
    const [code, killedBy] = await ended.catch((cause: unknown) => {
      throw new SourceError('COMMAND_FAILED', `${program} could not be started`, {
        cause,
        hint: 'Check its name, and that it is on the PATH.',
      })
    })
    if (code === 0) return
    const how = killedBy === null ? `with exit code ${code ?? 'unknown'}` : `by ${killedBy}`
    throw new SourceError('COMMAND_FAILED', `${program} ended ${how}, so no point was made`, {
      hint: 'Its own messages above say why.',
    })
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill('SIGTERM')
  }
}
