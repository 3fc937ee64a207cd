import { createDuneSeaStore } from '../../drivers/dunesea/create-store.ts'
import { type DuneSeaDriver, openDuneSeaDriver } from '../../drivers/dunesea/dunesea-driver.ts'
import { StorageError } from '../base/errors.ts'
import type { DriverSurroundings } from './drivers.ts'

/** Opens the store at a `dunesea+https://` URL. */
export async function openDuneSea(url: string, surroundings: DriverSurroundings): Promise<DuneSeaDriver> {
  const { connections } = surroundings.remembered ?? {}
  return openDuneSeaDriver({ url, token: await tokenFor(url, surroundings), connections })
}

/** Makes sure that the domain at a `dunesea+https://` URL lets us in. */
export async function createDuneSea(url: string, surroundings: DriverSurroundings): Promise<void> {
  await createDuneSeaStore({ url, token: await tokenFor(url, surroundings) })
}

async function tokenFor(url: string, { secrets, credential }: DriverSurroundings): Promise<string> {
  const token = secrets.variables.duneseaToken ?? (await credential('token'))
  if (token !== undefined) return token
  throw new StorageError('STORE_DENIED', `there is no token for ${url}`, {
    hint: 'Set TIDEMARK_DUNESEA_TOKEN to what `tidemark serve dunesea token add` printed on the server.',
  })
}
