import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { UsageError } from '../base/errors.ts'
import { readConfiguration } from './configuration.ts'
import { isRepositoryName } from './repository-name.ts'

/** Which repository is meant. */
export interface RepositoryPlace {
  /** Its name in the configuration, where it was found by that. */
  readonly name: string | undefined
  /** An absolute path, or a URL that names another driver. */
  readonly url: string
}

export interface RepositoryQuestion {
  /** What the user said: a name, a path or a URL; `undefined` for the default. */
  readonly given: string | undefined
  readonly configFile: string
  /** What relative paths are relative to. */
  readonly workingDirectory: string
}

/**
 * Finds out which repository is meant. The configuration is read only when a name or nothing was given; a word that
 * is no configured name is a path.
 *
 * @throws {UsageError} BAD_CONFIGURATION; BAD_ARGUMENT: no repository was given and there is no default.
 */
export async function resolveRepository(question: RepositoryQuestion): Promise<RepositoryPlace> {
  const { given, configFile, workingDirectory } = question
  if (given === '') {
    throw new UsageError('BAD_ARGUMENT', 'the name of the repository is empty', {
      hint: 'Perhaps a variable was not set: give a name, a path or a URL.',
    })
  }
  if (given !== undefined && !isRepositoryName(given)) {
    return { name: undefined, url: normalizeLocation(given, workingDirectory) }
  }
  const configuration = await readConfiguration(configFile)
  const name = given ?? configuration.default
  const found = name === undefined ? undefined : configuration.repositories.get(name)
  if (found !== undefined) return { name: found.name, url: normalizeLocation(found.url, '/') }
  if (given !== undefined) return { name: undefined, url: resolve(workingDirectory, given) }
  throw new UsageError('BAD_ARGUMENT', 'no repository was named, and none is configured', {
    hint: 'Name it with -r or TIDEMARK_REPOSITORY, or make one with `tidemark init -r PATH`.',
  })
}

/**
 * Returns a location in the form that drivers are chosen by: an absolute path without `file:`, any other URL as it is.
 *
 * @throws {UsageError} BAD_ARGUMENT: a `file:` URL that names no path of this machine.
 */
export function normalizeLocation(location: string, workingDirectory: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(location)) return resolve(workingDirectory, location)
  if (!/^file:/i.test(location)) return location
  try {
    return resolve(fileURLToPath(new URL(location)))
  } catch (cause) {
    throw new UsageError('BAD_ARGUMENT', `${location} names no folder of this machine`, {
      cause,
      hint: 'Write file:/path, or just /path.',
    })
  }
}
