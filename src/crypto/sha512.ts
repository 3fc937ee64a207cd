import { createHash } from 'node:crypto'

export const SHA512_BYTES = 64

/** Returns the SHA-512 of `parts`, one after the other: 64 bytes, freshly allocated. */
export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
