import { UsageError } from '../base/errors.ts'
import { KDF_DEFAULT, KDF_MEMORY_KIB_MAX, KDF_MEMORY_KIB_MIN, type KdfParameters } from '../crypto/kdf.ts'
import { formatBytes } from '../base/format.ts'
import { parseSize } from '../base/parse-quantity.ts'

/**
 * Returns the parameters of Argon2id that `--kdf-memory` asks for, or the default without it.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function kdfParameters(memory: string | undefined): KdfParameters {
  if (memory === undefined) return KDF_DEFAULT
  const memoryKib = Math.floor(parseSize(memory, '--kdf-memory') / 1024)
  if (memoryKib >= KDF_MEMORY_KIB_MIN && memoryKib <= KDF_MEMORY_KIB_MAX) return { ...KDF_DEFAULT, memoryKib }
  const [low, high] = [KDF_MEMORY_KIB_MIN, KDF_MEMORY_KIB_MAX].map((kib) => formatBytes(kib * 1024))
  throw new UsageError('BAD_ARGUMENT', `--kdf-memory ${memory} is out of bounds`, {
    hint: `It may be ${low ?? ''} to ${high ?? ''}.`,
  })
}
