import { type DuneSeaDriverOptions, openDuneSeaDriver } from './dunesea-driver.ts'

/**
 * Makes sure that the domain lets us in: it was made with its token, on the server. Whether a repository is already in it
 * is for the caller to find out.
 *
 * @throws {UsageError} BAD_ARGUMENT
 * @throws {StorageError} STORE_DENIED, STORE_UNAVAILABLE, STORE_FAILED
 */
export async function createDuneSeaStore(options: DuneSeaDriverOptions): Promise<void> {
  await using driver = openDuneSeaDriver(options)
  await driver.space()
}
