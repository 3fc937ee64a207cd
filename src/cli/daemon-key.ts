import { existsSync } from 'node:fs'

import { DaemonError, KeyError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import type { HeldKey } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'
import type { CliContext } from './context.ts'
import { controlSocketOf } from './control-socket.ts'
import { describeProblem } from './report-error.ts'
import { isSecretGiven } from './secrets.ts'

/** A key that an unlocked daemon gave. */
export interface UsedDaemonKey {
  readonly location: string
  readonly slot: ObjectId
}

type KeyContext = Pick<CliContext, 'paths' | 'secrets' | 'surroundings'>

/**
 * Returns what an unlocked daemon opens the repository at `place` with, the caller's to wipe, or `undefined` when something
 * else is given, no daemon runs, or the repository is locked.
 */
export async function daemonKeyOf(
  { paths, secrets, surroundings }: KeyContext,
  place: RepositoryPlace,
): Promise<HeldKey | undefined> {
  if (isSecretGiven(secrets)) return undefined
  const socket = controlSocketOf(surroundings.environment, paths)
  if (socket === undefined || !existsSync(socket.socketPath)) return undefined
  const { askDaemonForKey } = await import('../service/control/ask-key.ts')
  try {
    return await askDaemonForKey({ ...socket, location: place.url })
  } catch (error) {
    if (!(error instanceof DaemonError || error instanceof KeyError)) throw error
    // Whoever types the password needs no daemon.
    secrets.warn(describeProblem(error))
    return undefined
  }
}

/** Has the daemon forget a key that opens nothing any more, unless it was given another one since. */
export async function forgetDaemonKey(
  { paths, secrets, surroundings }: KeyContext,
  { location, slot }: UsedDaemonKey,
): Promise<void> {
  const socket = controlSocketOf(surroundings.environment, paths)
  if (socket === undefined) return
  const { ControlClient } = await import('../service/control/client.ts')
  try {
    await using client = await ControlClient.connect(socket.socketPath, socket.uid)
    await client?.forget({ location, slot })
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error
    secrets.warn(describeProblem(error))
  }
}
