import { IntegrityError, StorageError } from '../../base/errors.ts'
import type { ObjectId, RealmId } from '../../base/ids.ts'
import { decodePackHeader } from '../../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES } from '../../format/pack.ts'
import type { Driver } from '../../storage/driver.ts'

/** Returns which realm a pack says that it is of, or `undefined` for what is gone or no pack. */
export async function realmOfPack(driver: Driver, id: ObjectId, signal: AbortSignal): Promise<RealmId | undefined> {
  try {
    const header = await driver.get({ kind: 'packs', id }, { offset: 0, length: PACK_HEADER_BYTES }, signal)
    return decodePackHeader(header).realm
  } catch (error) {
    if (error instanceof IntegrityError && !error.code.startsWith('UNSUPPORTED_')) return undefined
    if (error instanceof StorageError && (error.code === 'NOT_FOUND' || error.code === 'OUT_OF_RANGE')) return undefined
    throw error
  }
}
