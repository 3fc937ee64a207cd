import { present } from '../base/assert.ts'
import type { CliContext } from './context.ts'

/** What the service manager says to this process alone. */
const OWN_VARIABLES = new Set(['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'])

/** How this program is started: interpreter, its options, script. */
export function ownProgram(): [string, ...string[]] {
  return [process.execPath, ...process.execArgv, present(process.argv[1], 'the script that runs')]
}

/**
 * Returns the environment of children, which look where this process looks, whichever options it was given. What opens
 * repositories was taken out of it when the program started.
 */
export function childEnvironment({
  paths,
  surroundings,
}: Pick<CliContext, 'paths' | 'surroundings'>): Record<string, string> {
  const inherited = Object.entries(surroundings.environment).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined && !OWN_VARIABLES.has(entry[0])
  })
  return {
    ...Object.fromEntries(inherited),
    TIDEMARK_CONFIG: paths.configFile,
    TIDEMARK_STATE_DIR: paths.stateDirectory,
    TIDEMARK_CACHE_DIR: paths.cacheDirectory,
  }
}
