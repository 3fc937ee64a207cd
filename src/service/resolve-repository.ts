import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { errnoOf, StorageError, UsageError } from '../base/errors.ts'
import { nearestWord } from '../base/nearest-word.ts'
import { type Configuration, type ConfiguredRepository, readConfiguration } from './configuration.ts'
import { isRepositoryName } from './repository-name.ts'

/** Which repository is meant. */
export interface RepositoryPlace {
  /** Its name in the configuration, where it was found by that. */
  readonly name: string | undefined
  /** An absolute path, or a URL that names another driver. */
  readonly url: string
  /** What else the configuration says of it, where it was found by its name. */
  readonly configured: ConfiguredRepository | undefined
}

export interface RepositoryQuestion {
  /** What the user said: a name, a path or a URL; `undefined` for the default. */
  readonly given: string | undefined
  readonly configFile: string
  /** What relative paths are relative to. */
  readonly workingDirectory: string
  /** The repository is yet to be made: its folder need not be there. */
  readonly isNew?: boolean
}

/**
 * Finds out which repository is meant. The configuration is read only when a name or nothing was given; a word that
 * is no configured name is the path of a folder.
 *
 * @throws {UsageError} BAD_CONFIGURATION; BAD_ARGUMENT: what was given is empty; no repository was given and there is no default.
 * @throws {StorageError} NO_REPOSITORY: a word is neither a configured name nor a folder.
 */
export async function resolveRepository(question: RepositoryQuestion): Promise<RepositoryPlace> {
  const { given, configFile, workingDirectory } = question
  if (given !== undefined && !isRepositoryName(given)) {
    return { name: undefined, url: normalizeLocation(given, workingDirectory), configured: undefined }
  }
  const configuration = await readConfiguration(configFile)
  const name = given ?? configuration.default
  const found = name === undefined ? undefined : configuration.repositories.get(name)
  if (found !== undefined) return { name: found.name, url: normalizeLocation(found.url, '/'), configured: found }
  if (given !== undefined) {
    const url = resolve(workingDirectory, given)
    if (question.isNew !== true && !(await isThere(url))) throw neither(given, url, configuration)
    return { name: undefined, url, configured: undefined }
  }
  throw new UsageError('BAD_ARGUMENT', 'no repository was named, and none is configured', {
    hint: 'Name it with -r or TIDEMARK_REPOSITORY, or make one with `tidemark init -r PATH`.',
  })
}

/** What is there and no folder, or cannot be looked at, is for the driver to tell. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => errnoOf(error) !== 'ENOENT',
  )
}

function neither(name: string, path: string, { repositories }: Configuration): StorageError {
  const nearest = nearestWord(name, repositories.keys())
  const meant = nearest === undefined ? '' : `Is "${nearest}" meant? `
  return new StorageError('NO_REPOSITORY', `no repository "${name}" is configured, and there is no folder ${path}`, {
    context: { name, path },
    hint: `${meant}\`tidemark repo list\` shows the names.`,
  })
}

/**
 * Returns a location in the form that drivers are chosen by: an absolute path without `file:`, any other URL as it is.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is empty, or a `file:` URL that names no path of this machine.
 */
export function normalizeLocation(location: string, workingDirectory: string): string {
  if (location === '') {
    throw new UsageError('BAD_ARGUMENT', 'the name of the repository is empty', {
      hint: 'Perhaps a variable was not set: give a name, a path or a URL.',
    })
  }
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
