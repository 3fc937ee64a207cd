import { closeSync, readSync } from 'node:fs'

import { errnoOf, UsageError } from '../base/errors.ts'
import { keepSecret, wipe } from '../crypto/secret.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import { decodeHandedSecret, HANDED_BYTES_MAX } from '../service/handed-secret.ts'

/**
 * Takes over the secret that the process which started this one wrote into the pipe `descriptor`, and closes that.
 * Returns what gives copies of it, which whoever asks wipes.
 *
 * @throws {UsageError} BAD_ARGUMENT: nothing can be read there. @throws {KeyError} WRONG_KEY: it is no secret.
 */
export function takeInheritedSecret(descriptor: number): () => SlotSecret {
  const bytes = new Uint8Array(HANDED_BYTES_MAX + 1)
  try {
    const { kind, bytes: secret } = decodeHandedSecret(bytes.subarray(0, readAll(descriptor, bytes)))
    const kept = keepSecret(secret)
    return () => ({ kind, bytes: Uint8Array.from(kept) })
  } finally {
    wipe(bytes)
  }
}

function readAll(descriptor: number, into: Uint8Array): number {
  let filled = 0
  try {
    while (filled < into.byteLength) {
      const count = readSync(descriptor, into, filled, into.byteLength - filled, null)
      if (count === 0) break
      filled += count
    }
    closeSync(descriptor)
    return filled
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === undefined) throw cause
    throw new UsageError('BAD_ARGUMENT', `nothing can be read from descriptor ${descriptor} (${errno})`, {
      cause,
      hint: 'The option --secret-fd is for processes that Tidemark itself starts.',
    })
  }
}
