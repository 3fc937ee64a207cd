import { createReadStream, fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'

import { SourceError } from '../base/errors.ts'

/** Asked of a disk at once. */
const DISK_READ_BYTES = 1 << 20

/**
 * Yields what comes on standard input until its end.
 *
 * @throws {SourceError} SOURCE_UNREADABLE; the signal's reason once it is aborted.
 */
export async function* readStandardInput(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const input = openInput()
  const stop = (): void => {
    input.destroy()
  }
  signal.addEventListener('abort', stop)
  try {
    for await (const bytes of input) {
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

/** Node takes a disk, and a folder, for input that has ended: they are read as files are. */
function openInput(): Readable {
  const status = fstatSync(0)
  const isUnknown = status.isBlockDevice() || status.isDirectory()
  return isUnknown ? createReadStream('', { fd: 0, autoClose: false, highWaterMark: DISK_READ_BYTES }) : process.stdin
}
