import { SourceError } from '../base/errors.ts'

/**
 * Yields what comes on standard input until its end.
 *
 * @throws {SourceError} SOURCE_UNREADABLE; the signal's reason once it is aborted.
 */
export async function* readStandardInput(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => {
    process.stdin.destroy()
  }
  signal.addEventListener('abort', stop)
  try {
    for await (const bytes of process.stdin) {
      signal.throwIfAborted()
      yield bytes as Uint8Array
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw new SourceError('SOURCE_UNREADABLE', 'standard input could not be read to its end', {
      cause,
      hint: 'No point was made: run the command that feeds it again.',
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
  // Destroying it ends the loop above without an error.
  signal.throwIfAborted()
}
