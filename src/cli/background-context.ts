import { UsageError } from '../base/errors.ts'
import type { MessageFromBackground, MessageToBackground } from './background-messages.ts'
import type { CliContext } from './context.ts'
import { Output, type OutputStream } from './output.ts'
import type { SecretContext } from './secrets.ts'

/** What a process in the background works with until it is on its own. */
export interface BackgroundContext {
  readonly context: CliContext
  /** Lets whoever started it go: it works. */
  readonly leave: () => void
}

/**
 * Takes secrets from the process that started this one in the background, and lets it say and ask what there is to say
 * and to ask; all that is said goes to this process's own output too. When that process ends before `leave`, this one
 * is interrupted.
 *
 * @throws {UsageError} BAD_ARGUMENT: nobody did.
 */
export async function connectToStarter(context: CliContext): Promise<BackgroundContext> {
  if (process.send === undefined) {
    throw new UsageError('BAD_ARGUMENT', '--detached is of use to `tidemark` itself only', {
      hint: 'Use --background.',
    })
  }
  const begin = await nextMessage('begin')
  const orphaned = new AbortController()
  const onDisconnect = (): void => orphaned.abort()
  process.once('disconnect', onDisconnect)
  const signal = AbortSignal.any([context.signal, orphaned.signal])
  const output = new Output({
    stdout: relayed(process.stdout, 'stdout'),
    stderr: relayed(process.stderr, 'stderr'),
    json: context.output.json,
    quiet: context.output.quiet,
    verbose: context.output.verbose,
    progress: false,
  })
  const secrets: SecretContext = {
    variables: begin.variables,
    interactive: begin.interactive,
    signal,
    takeVariable: context.secrets.takeVariable,
    ask: askStarter,
    warn: (text) => output.warning(text),
  }
  const leave = (): void => {
    process.off('disconnect', onDisconnect)
    tell({ type: 'working' })
    process.disconnect()
  }
  const surroundings = { ...context.surroundings, secrets }
  return { context: { ...context, output, secrets, surroundings, signal }, leave }
}

/** Returns a stream that writes to `stream`, and to the starter as long as it listens. */
function relayed(stream: OutputStream, on: 'stdout' | 'stderr'): OutputStream {
  return {
    write: (text, done) => {
      if (process.connected) tell({ type: 'said', on, text: Buffer.from(text).toString('utf8') })
      return stream.write(text, done)
    },
    on: (event, listener) => stream.on(event, listener),
  }
}

async function askStarter(question: string): Promise<Uint8Array> {
  const answered = nextMessage('answer')
  tell({ type: 'ask', question })
  const { bytes } = await answered
  if (bytes !== undefined) return bytes
  throw new UsageError('BAD_ARGUMENT', 'the question was not answered', { hint: 'Run the command again.' })
}

function tell(message: MessageFromBackground): void {
  // A starter that is gone needs no message.
  process.send?.(message, undefined, undefined, () => undefined)
}

async function nextMessage<Type extends MessageToBackground['type']>(
  type: Type,
): Promise<Extract<MessageToBackground, { type: Type }>> {
  return new Promise((resolve) => {
    const listen = (message: MessageToBackground): void => {
      if (message.type !== type) return
      process.off('message', listen)
      resolve(message as Extract<MessageToBackground, { type: Type }>)
    }
    process.on('message', listen)
  })
}
