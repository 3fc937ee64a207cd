import { isAbsolute } from 'node:path'

import type { Paths } from '../service/directories.ts'
import { controlSocketPath } from '../service/control/socket-path.ts'
import { type Environment, userDirectories } from './environment.ts'

/** Where a daemon of this user takes requests, and whose it has to be. */
export interface ControlSocket {
  readonly socketPath: string
  readonly uid: number
}

/**
 * Returns where the daemon of this installation takes requests, or `undefined` on a system without users. An installation
 * with a state folder of its own has a daemon of its own.
 */
export function controlSocketOf(environment: Environment, { stateDirectory }: Paths): ControlSocket | undefined {
  const uid = process.getuid?.()
  if (uid === undefined) return undefined
  const given = environment['XDG_RUNTIME_DIR']
  const isUsual = stateDirectory === userDirectories(environment).stateDirectory
  const runtimeDirectory = isUsual && given !== undefined && isAbsolute(given) ? given : undefined
  return { socketPath: controlSocketPath({ runtimeDirectory, stateDirectory }), uid }
}
