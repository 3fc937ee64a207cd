import { AnotherDiskError } from '../../drivers/external/external-driver.ts'
import { StorageError } from '../base/errors.ts'
import { refuseRepository } from '../repository/create-repository.ts'
import type { Driver } from '../storage/driver.ts'

/**
 * Looks whether there is a repository where a new one is to be made: nobody types a new password twice to learn that.
 *
 * @throws {StorageError} as `refuseRepository`, and whatever opening the store has against it.
 */
export async function refuseTaken(open: () => Promise<Driver>): Promise<void> {
  try {
    await using driver = await open()
    await refuseRepository(driver)
  } catch (error) {
    // Who makes a repository on a new disk means that disk.
    if (error instanceof AnotherDiskError) return
    // There is nothing yet, which is as it should be.
    if (!(error instanceof StorageError) || error.code !== 'NO_REPOSITORY') throw error
  }
}
