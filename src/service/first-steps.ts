import { setImmediate } from 'node:timers/promises'

import { TidemarkError } from '../base/errors.ts'
import { OpeningObjects } from '../repository/opening-objects.ts'
import type { OpeningKey } from '../repository/slot-key.ts'
import type { Driver } from '../storage/driver.ts'
import { dropRecalledKey, type EarlyKey, startEarlyKey, startRecalledKey } from './early-key.ts'
import {
  isSameOpening,
  ONLY_OPENED,
  recallOpening,
  type RecalledOpening,
  type RecalledSlot,
  rememberOpening,
  wasOpened,
} from './opening-memory.ts'
import type { RepositoryPlace } from './resolve-repository.ts'
import type { SessionRequest } from './session.ts'

/** What is asked and begun before anything of a repository is opened. */
export interface FirstSteps {
  /** The caller's to dispose of. */
  readonly driver: Driver
  readonly objects: OpeningObjects
  /** The caller's to wipe. */
  readonly secret: OpeningKey
  readonly early: EarlyKey | undefined
  /** To be called once the repository is open: keeps what was needed for the next time. */
  readonly remember: () => void
}

/**
 * Connects to the store, asks it for what opening takes, and begins to derive the password's key: with what is remembered of a
 * store elsewhere, and where nobody has to be asked for the password, before the store has answered anything. See docs/decisions/0127.
 *
 * `loadRest` is called while something is waited for.
 * @throws as `openSession`
 */
export async function takeFirstSteps(
  request: SessionRequest,
  place: RepositoryPlace,
  loadRest: () => Promise<unknown>,
): Promise<FirstSteps> {
  const { cacheDirectory } = request.paths
  // A folder of this machine answers before any of it was worth it.
  const isElsewhere = !place.url.startsWith('/')
  const recalled = isElsewhere ? recallOpening(cacheDirectory, place.url) : undefined
  const slot = recalled?.slot
  const isAtOnce = slot !== undefined && request.isSecretAtHand?.(place) === true
  const asked = isAtOnce ? deriveAtOnce(request, place, slot) : undefined
  // It is awaited below, or the store is not there.
  asked?.catch(() => undefined)
  // Deriving takes longest, in a thread of its own: it begins before the code of the driver is loaded.
  if (asked !== undefined) await setImmediate()
  let driver: Driver | undefined
  try {
    driver = await request.openDriver(place)
    const requested = OpeningObjects.request(driver, recalled?.objects)
    requested.catch(() => undefined)
    // Nobody types a password for a store that is not there.
    if (asked === undefined) await requested
    const { secret, key } = (await asked) ?? { secret: await request.secret(place), key: undefined }
    if (key !== undefined) {
      // The questions go out first.
      await setImmediate()
      await loadRest()
    }
    const objects = await requested
    const early = await startEarlyKey(objects, secret, key)
    const remember = (): void => {
      const opening = isElsewhere ? { objects: objects.fetched, slot: early?.slot } : ONLY_OPENED
      const isKept = isElsewhere ? isSameOpening(recalled, opening) : wasOpened(cacheDirectory, place.url)
      if (!isKept) keep(request, place, opening)
    }
    return { driver, objects, secret, early, remember }
  } catch (error) {
    asked?.then(
      ({ secret, key }) => {
        secret.bytes.fill(0)
        dropRecalledKey(key)
      },
      () => undefined,
    )
    await driver?.[Symbol.asyncDispose]()
    throw error
  }
}

async function deriveAtOnce(request: SessionRequest, place: RepositoryPlace, slot: RecalledSlot) {
  const secret = await request.secret(place)
  return { secret, key: startRecalledKey(slot, secret) }
}

/** Without it the next start is slower, and nothing else. */
function keep({ paths, onProblem }: SessionRequest, { url }: RepositoryPlace, opening: RecalledOpening): void {
  try {
    rememberOpening(paths.cacheDirectory, url, opening)
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error
    onProblem(error)
  }
}
