import { concatBytes, utf8 } from '../base/bytes.ts'
import { KeyError } from '../base/errors.ts'
import type { SlotSecret } from '../repository/slot-key.ts'

const KINDS = ['password', 'key-file', 'recovery-code'] as const satisfies readonly SlotSecret['kind'][]
/** No secret is longer; a line with its kind stands before it. */
export const HANDED_BYTES_MAX = 4096 + 32

/** Returns a secret as one process of this program hands it to another through a pipe; the caller wipes both. */
export function encodeHandedSecret({ kind, bytes }: SlotSecret): Uint8Array {
  return concatBytes(utf8(`${kind}\n`), bytes)
}

/**
 * Decodes a secret that another process handed over; its bytes are a copy, the caller's to wipe.
 *
 * @throws {KeyError} WRONG_KEY: it is none.
 */
export function decodeHandedSecret(handed: Uint8Array): SlotSecret {
  const end = handed.indexOf(0x0a)
  const name = Buffer.from(handed.subarray(0, Math.max(end, 0))).toString('latin1')
  const kind = KINDS.find((each) => each === name)
  if (kind !== undefined && handed.byteLength > end + 1) return { kind, bytes: handed.slice(end + 1) }
  throw new KeyError('WRONG_KEY', 'what came through the pipe of --secret-fd is no secret', {
    hint: 'The option is for processes that Tidemark itself starts.',
  })
}
