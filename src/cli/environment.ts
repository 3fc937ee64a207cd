import { isAbsolute, join, resolve } from 'node:path'

import { UsageError } from '../base/errors.ts'
import type { Paths } from '../service/directories.ts'

/** The variables of a process, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

interface UserDirectories {
  readonly configDirectory: string | undefined
  readonly stateDirectory: string | undefined
  readonly cacheDirectory: string | undefined
}

/**
 * Returns Tidemark's folders by the XDG rules: absolute, or `undefined` where neither the variable nor HOME says.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function userDirectories(environment: Environment): UserDirectories {
  const home = environment['HOME']
  const folder = (variable: string, below: string): string | undefined => {
    const given = environment[variable]
    // The specification: a relative path is invalid and ignored.
    if (given !== undefined && isAbsolute(given)) return join(given, 'tidemark')
    return home === undefined || home === '' ? undefined : resolve(home, below, 'tidemark')
  }
  return {
    configDirectory: folder('XDG_CONFIG_HOME', '.config'),
    stateDirectory: folder('XDG_STATE_HOME', '.local/state'),
    cacheDirectory: folder('XDG_CACHE_HOME', '.cache'),
  }
}

export interface PathChoices {
  readonly config: string | undefined
  readonly cacheDir: string | undefined
}

/**
 * Returns where this installation keeps what is its own: options first, then TIDEMARK_CONFIG, TIDEMARK_STATE_DIR and
 * TIDEMARK_CACHE_DIR, then the XDG folders. Relative paths are taken from `workingDirectory`.
 *
 * @throws {UsageError} BAD_ARGUMENT: nothing says where.
 */
export function choosePaths(environment: Environment, workingDirectory: string, choices: PathChoices): Paths {
  const directories = userDirectories(environment)
  const choose = (chosen: string | undefined, variable: string, otherwise: string | undefined): string => {
    const path = chosen ?? nonEmpty(environment[variable]) ?? otherwise
    if (path === undefined) {
      throw new UsageError('BAD_ARGUMENT', `neither HOME nor ${variable} says where Tidemark's files lie`, {
        hint: `Set HOME, or ${variable}.`,
      })
    }
    return resolve(workingDirectory, path)
  }
  const { configDirectory, stateDirectory, cacheDirectory } = directories
  const configFile = configDirectory === undefined ? undefined : join(configDirectory, 'config.yaml')
  return {
    configFile: choose(choices.config, 'TIDEMARK_CONFIG', configFile),
    stateDirectory: choose(undefined, 'TIDEMARK_STATE_DIR', stateDirectory),
    cacheDirectory: choose(choices.cacheDir, 'TIDEMARK_CACHE_DIR', cacheDirectory),
  }
}

/** An empty variable counts as one that is not set. */
export function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

/**
 * Returns what takes variables out of `environment`, so that no process started from here inherits them. One that was
 * taken is given again when it is asked for again.
 */
export function variableTaker(environment: Record<string, string | undefined>): (name: string) => string | undefined {
  const taken = new Map<string, string | undefined>()
  return (name) => {
    if (!taken.has(name)) {
      taken.set(name, nonEmpty(environment[name]))
      // Assigning undefined would leave the text "undefined" in process.env.
      Reflect.deleteProperty(environment, name)
    }
    return taken.get(name)
  }
}

/** Returns the variables that say to another process of this program what `choosePaths` said to this one. */
export function pathVariables({ configFile, stateDirectory, cacheDirectory }: Paths): Readonly<Record<string, string>> {
  return {
    TIDEMARK_CONFIG: configFile,
    TIDEMARK_STATE_DIR: stateDirectory,
    TIDEMARK_CACHE_DIR: cacheDirectory,
  }
}
