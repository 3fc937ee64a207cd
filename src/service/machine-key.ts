import { join } from 'node:path'

import { StorageError } from '../base/errors.ts'
import type { Randomness } from '../base/random.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const MACHINE_KEY_BYTES = 32

/**
 * Returns the key that seals what is kept on this machine, made on first use: 32 bytes, the caller's to wipe.
 *
 * It protects the cache where that lies on another disk than the state directory, and lets a backup begin before a
 * password has been derived. Losing it costs the cache, nothing else.
 * @throws {StorageError} STORE_FAILED
 */
export function openMachineKey(stateDirectory: string, randomness: Randomness): Uint8Array {
  const path = join(stateDirectory, 'machine-key')
  const kept = readPrivateFile(path, MACHINE_KEY_BYTES)
  if (kept?.byteLength === MACHINE_KEY_BYTES) return kept
  const made = randomness.bytes(MACHINE_KEY_BYTES)
  // A file of another length is what a crash of the disk left: it sealed nothing that can still be opened.
  if (writePrivateFile(path, made, { exclusive: kept === undefined })) return made
  const others = readPrivateFile(path, MACHINE_KEY_BYTES)
  if (others?.byteLength === MACHINE_KEY_BYTES) return others
  throw new StorageError('STORE_FAILED', `${path} does not hold a key`, {
    context: { path },
    hint: 'Remove it: a new one is made, and the cache is filled again.',
  })
}
