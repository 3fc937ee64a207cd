import { StorageError } from '../base/errors.ts'
import type { ByteRange, Driver, ObjectName } from './driver.ts'

/**
 * Returns a range of an object, or as much of it as there is: of one that was cut off, fewer bytes, perhaps none.
 *
 * A store that was asked for more than an object has gives nothing of it; what lies before the cut is good all the same.
 * @throws {StorageError} as `Driver.get`: OUT_OF_RANGE only from a store that contradicts itself.
 */
export async function getAvailable(
  driver: Driver,
  name: ObjectName,
  range: ByteRange,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await driver.get(name, range, signal)
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'OUT_OF_RANGE') throw error
    const { offset, length } = range
    const available = Math.min(length, (await driver.stat(name, signal)).bytes - offset)
    return available <= 0 ? new Uint8Array() : driver.get(name, { offset, length: available }, signal)
  }
}
