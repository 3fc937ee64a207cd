import { createSecretKey } from 'node:crypto'

import type { Client } from 'ssh2'

/** What `ssh2` keeps the key of each direction in, for AES-GCM. */
const KEYS = [
  ['_cipher', '_encKey'],
  ['_decipher', '_decipherKey'],
] as const

/**
 * Prepares the keys that a client agreed on with its server: `ssh2` gives Node the bytes of a key with every packet of 32 KB, and to
 * make a key of them costs about as much as to encrypt the packet.
 *
 * @see docs/decisions/0134-packets-of-ssh.md
 */
export function prepareKeys(client: Client): void {
  const { _protocol: protocol } = client as { _protocol?: Partial<Record<string, Record<string, unknown>>> }
  for (const [direction, name] of KEYS) {
    const cipher = protocol?.[direction]
    const key = cipher?.[name]
    if (cipher !== undefined && Buffer.isBuffer(key)) cipher[name] = createSecretKey(key)
  }
}
