import { type FileHandle, open } from 'node:fs/promises'

import { errnoOf, KeyError, UsageError } from '../base/errors.ts'

/** No password, key file, recovery code or credential is larger. */
export const SECRET_BYTES_MAX = 4096

/** A file that holds a secret. */
export interface SecretFile {
  readonly file: string
  /** What named it, for messages. */
  readonly namedBy: string
}

/**
 * Returns what a file holds, all of it; the caller wipes it.
 *
 * @throws {KeyError} WRONG_KEY: it is too large to be a secret.
 * @throws {UsageError} BAD_ARGUMENT: it cannot be read.
 */
export async function readSecretFile({ file, namedBy }: SecretFile, warn: (text: string) => void): Promise<Uint8Array> {
  try {
    await using handle = await open(file, 'r')
    const info = await handle.stat()
    if (info.isFile() && (info.mode & 0o077) !== 0) warn(`${file} can be read by others: run \`chmod 600 ${file}\``)
    // One more than allowed; a pipe, as the shell's <(...) makes one, has no size to ask for.
    const bytes = new Uint8Array(SECRET_BYTES_MAX + 1)
    try {
      const filled = await readInto(bytes, handle)
      if (filled <= SECRET_BYTES_MAX) return bytes.slice(0, filled)
    } finally {
      bytes.fill(0)
    }
    throw new KeyError('WRONG_KEY', `${file} in ${namedBy} has more than ${SECRET_BYTES_MAX} bytes`, {
      hint: 'Name the file that holds the password or key, and nothing else.',
    })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined || error instanceof KeyError) throw error
    throw new UsageError('BAD_ARGUMENT', `${file}, named by ${namedBy}, cannot be read (${errno})`, {
      context: { file, errno },
      cause: error,
      hint: 'Check its path and permissions.',
    })
  }
}

/** Returns how many bytes a file had, at most as many as there is room for. */
async function readInto(bytes: Uint8Array, handle: FileHandle): Promise<number> {
  let filled = 0
  while (filled < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, null)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

/** Editors and `echo` end a line; that end is not part of the secret. `bytes` are wiped. */
export function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let length = bytes.byteLength
  if (bytes[length - 1] === 0x0a) length--
  if (bytes[length - 1] === 0x0d) length--
  const line = bytes.slice(0, length)
  bytes.fill(0)
  return line
}
