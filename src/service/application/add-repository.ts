import type { KdfParameters } from '../../crypto/kdf.ts'
import { wipe } from '../../crypto/secret.ts'
import { formatRecoveryCode, RECOVERY_CODE_BYTES } from '../../format/recovery-code.ts'
import { createRepository, type CreateOptions } from '../../repository/create-repository.ts'
import type { NewSlot } from '../../repository/new-slot.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import type { Driver } from '../../storage/driver.ts'

export interface NewRepository extends Pick<CreateOptions, 'clock' | 'randomness'> {
  /** Wiped. */
  readonly password: SlotSecret
  readonly kdf: KdfParameters
}

/**
 * Makes a repository that opens with a password and with a recovery code, and returns the code: nobody can tell it again.
 *
 * @throws {StorageError} REPOSITORY_EXISTS: whatever was there stays as it was.
 */
export async function createWithRecovery(
  driver: Driver,
  { password, kdf, clock, randomness }: NewRepository,
): Promise<string> {
  const recovery = randomness.bytes(RECOVERY_CODE_BYTES)
  const code = formatRecoveryCode(recovery)
  try {
    const slots: [NewSlot, NewSlot] = [
      { secret: password, label: 'password', kdf },
      { secret: { kind: 'recovery-code', bytes: recovery }, label: 'recovery code' },
    ]
    const keys = await createRepository(driver, { slots, clock, randomness })
    keys[Symbol.dispose]()
    return code
  } finally {
    wipe(password.bytes, recovery)
  }
}
