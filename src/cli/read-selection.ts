import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'

import { concatBytes } from '../base/bytes.ts'
import { errnoOf, UsageError } from '../base/errors.ts'
import { decodeSelection, type RestoreSelection, SELECTION_BYTES_MAX } from '../service/restore-selection.ts'
import type { CliContext } from './context.ts'
import { parsePointPlace } from './point-place.ts'
import { readStandardInput } from './standard-input.ts'

/**
 * Reads which paths of the point at `place` are to be restored, from `file` or, with `-`, from standard input.
 *
 * @throws {UsageError} BAD_ARGUMENT: it cannot be read, says nothing that can be done, or `place` has a path, too.
 */
export async function readSelection(context: CliContext, place: string, file: string): Promise<RestoreSelection> {
  if (parsePointPlace(place).hasPath) {
    throw new UsageError('BAD_ARGUMENT', 'with --selection the point is named without a path', {
      hint: 'The selection itself says which paths are restored.',
    })
  }
  const path = resolve(context.workingDirectory, file)
  const source = file === '-' ? readStandardInput(context.signal) : createReadStream(path)
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const part of source as AsyncIterable<Uint8Array>) {
      bytes += part.byteLength
      if (bytes > SELECTION_BYTES_MAX) throw unreadable(file, `it has more than ${SELECTION_BYTES_MAX} bytes`)
      parts.push(part)
    }
  } catch (error) {
    const errno = errnoOf(error)
    if (error instanceof UsageError || errno === undefined) throw error
    throw unreadable(file, errno, error)
  }
  return decodeSelection(Buffer.from(concatBytes(...parts)).toString('utf8'))
}

function unreadable(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError('BAD_ARGUMENT', `the selection ${file} cannot be read: ${why}`, {
    cause,
    hint: 'Name the file that holds it with --selection, or `-` for standard input.',
  })
}
