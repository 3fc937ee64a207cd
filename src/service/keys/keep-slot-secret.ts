import type { ObjectId } from '../../base/ids.ts'
import { wipe } from '../../crypto/secret.ts'
import { removeSlot, type SlotRemovalContext } from '../../repository/slot-changes.ts'
import { writeNewSecretFile } from '../new-secret-file.ts'

/**
 * Writes a new slot's secret to a new file, and wipes it; when that fails, the slot that nobody could open goes, too.
 *
 * @throws {UsageError} BAD_ARGUMENT: the file is there already, or cannot be written.
 */
export async function keepOrTakeBack(
  slots: SlotRemovalContext,
  slot: ObjectId,
  secret: { readonly file: string; readonly content: Uint8Array },
): Promise<void> {
  try {
    await writeNewSecretFile(secret.file, secret.content)
  } catch (error) {
    await removeSlot(slots, slot)
    throw error
  } finally {
    wipe(secret.content)
  }
}
