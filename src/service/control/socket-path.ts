import { join } from 'node:path'

export interface SocketFolders {
  /** XDG_RUNTIME_DIR, where it says a folder and the state folder is the usual one. */
  readonly runtimeDirectory: string | undefined
  readonly stateDirectory: string
}

/**
 * Returns where the daemon of an installation takes requests: in the user's runtime folder, which is gone after the user's
 * last session, or else in the state folder. Its folder belongs to the user alone.
 */
export function controlSocketPath({ runtimeDirectory, stateDirectory }: SocketFolders): string {
  const folder = runtimeDirectory === undefined ? stateDirectory : join(runtimeDirectory, 'tidemark')
  return join(folder, 'control.sock')
}
