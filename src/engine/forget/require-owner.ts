import { KeyError } from '../../base/errors.ts'
import type { KeyRing } from '../../repository/key-ring.ts'

/** Only the owner's key signs that a point may be gone. @throws {KeyError} KEY_NOT_FULL */
export function requireOwner(ring: Pick<KeyRing, 'full'>): void {
  if (ring.full) return
  throw new KeyError('KEY_NOT_FULL', 'a backup-only key cannot remove points, nor accept that they are lost', {
    hint: 'Open the repository with a password, key file or recovery code of the owner.',
  })
}
