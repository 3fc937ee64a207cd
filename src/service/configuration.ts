import { readFile, realpath, stat } from 'node:fs/promises'

import { utf8 } from '../base/bytes.ts'
import { errnoOf, UsageError } from '../base/errors.ts'
import type { RateLimits } from '../storage/throttle.ts'
import type { RepositoryEdit } from './configuration-file.ts'
import { writePrivateFile } from './private-file.ts'
import type { SecretKind, SecretSource } from './secret-source.ts'

/** No configuration that a person wrote is larger. */
const CONFIGURATION_BYTES_MAX = 1 << 20

/** What may be said of a repository beside where it lies. */
export interface RepositorySettings {
  /** The file of a driver that is not Tidemark's own: an absolute path. Trusted like the program itself. */
  readonly driver?: string | undefined
  readonly limits?: RateLimits
  /** How its secrets are come by. */
  readonly secrets?: ReadonlyMap<SecretKind, SecretSource>
}

export interface ConfiguredRepository extends Required<RepositorySettings> {
  readonly name: string
  readonly url: string
}

/** What a configuration file says. */
export interface Configuration {
  readonly repositories: ReadonlyMap<string, ConfiguredRepository>
  /** The repository used when none is named; always one of `repositories`. */
  readonly default: string | undefined
}

const EMPTY: Configuration = { repositories: new Map(), default: undefined }

/**
 * Reads the configuration file; a missing one says nothing.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key.
 */
export async function readConfiguration(file: string): Promise<Configuration> {
  const text = await readConfigurationText(file)
  if (text === undefined) return EMPTY
  // YAML and its checking cost more than all the rest of a start: nobody without a file waits for them.
  const { decodeConfiguration } = await import('./configuration-file.ts')
  return decodeConfiguration({ file, text })
}

/**
 * Adds a repository to the configuration file, made when it is missing, or says more of one that is there. It becomes the
 * default when `makeDefault`, or when there is none. Comments and order are kept.
 *
 * @throws {UsageError} BAD_CONFIGURATION; BAD_ARGUMENT when the name stands for another repository.
 */
export async function addRepository(file: string, repository: RepositoryEdit): Promise<Configuration> {
  const { withRepository } = await import('./configuration-file.ts')
  return changeConfiguration(file, (text) => withRepository({ file, text }, repository))
}

/**
 * Takes a repository out of the configuration file; what it stores is left alone.
 *
 * @throws {UsageError} BAD_CONFIGURATION; BAD_ARGUMENT when there is none of that name.
 */
export async function removeRepository(file: string, name: string): Promise<Configuration> {
  const { withoutRepository } = await import('./configuration-file.ts')
  return changeConfiguration(file, (text) => withoutRepository({ file, text }, name))
}

/**
 * Changes the text of the configuration file, made when it is missing: what is written can be read, whatever `edit` did.
 *
 * @throws {UsageError} BAD_CONFIGURATION
 */
export async function changeConfiguration(file: string, edit: (text: string) => string): Promise<Configuration> {
  const { decodeConfiguration } = await import('./configuration-file.ts')
  const text = (await readConfigurationText(file)) ?? ''
  const edited = edit(text)
  const configuration = decodeConfiguration({ file, text: edited })
  // Where the file is a link into a folder of settings, the link stays.
  const target = await realpath(file).catch(() => file)
  writePrivateFile(target, utf8(edited))
  return configuration
}

/** Returns the text of the configuration file, `undefined` when there is none. @throws {UsageError} BAD_CONFIGURATION */
export async function readConfigurationText(file: string): Promise<string | undefined> {
  try {
    const info = await stat(file)
    if (!info.isFile()) throw unusable(file, 'it is not a file')
    if (info.size > CONFIGURATION_BYTES_MAX) throw unusable(file, `it has ${info.size} bytes`)
    return await readFile(file, 'utf8')
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    if (error instanceof UsageError || errno === undefined) throw error
    throw unusable(file, errno, error)
  }
}

function unusable(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError('BAD_CONFIGURATION', `the configuration ${file} cannot be read: ${why}`, {
    context: { file },
    cause,
    hint: 'Name another file with --config.',
  })
}
