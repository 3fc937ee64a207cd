import { dirname } from 'node:path'

import { isMap } from 'yaml'
import { type core, z } from 'zod'

import { UsageError } from '../base/errors.ts'
import { nearestWord } from '../base/nearest-word.ts'
import { parseRate } from '../base/parse-quantity.ts'
import type { Configuration, ConfiguredRepository, RepositorySettings } from './configuration.ts'
import { type ConfigurationText, LocatedYaml, mapOf, type Mistake } from './located-yaml.ts'
import { locationMistake, NO_LOCATION } from './repository-location.ts'
import { isRepositoryName } from './repository-name.ts'
import {
  decodeSecretSource,
  encodeSecretSource,
  filePath,
  isSecretKind,
  SECRET_KINDS,
  type SecretKind,
  type SecretSource,
} from './secret-source.ts'

const ROOT_KEYS = ['default', 'repositories', 'plans', 'channels', 'metrics']
const REPOSITORY_KEYS = ['url', 'driver', 'limit-upload', 'limit-download', ...SECRET_KINDS]

/** Returns the check of a value by a function that gives what it stands for, or says what is wrong with it. */
function decodedBy<T extends object | string | number>(decode: (value: unknown) => T | { readonly mistake: string }) {
  return z.unknown().transform((value, context): T => {
    const decoded = decode(value)
    if (typeof decoded !== 'object' || !('mistake' in decoded)) return decoded
    context.addIssue({ code: 'custom', message: decoded.mistake })
    return z.NEVER
  })
}

const location = decodedBy<string>((value) => {
  const mistake = typeof value === 'string' ? locationMistake(value) : NO_LOCATION
  return mistake === undefined ? String(value) : { mistake }
})

const rate = decodedBy<number>((value) => {
  try {
    return parseRate(String(value), 'the setting')
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return { mistake: 'a rate such as 2MiB/s is expected' }
  }
})

/** What a configuration in `folder` may say. */
function schemaOf(folder: string) {
  const path = decodedBy<string>((value) => {
    if (typeof value !== 'string' || value === '') return { mistake: 'the path of a file is expected' }
    const decoded = filePath(value, folder, (whole) => ({ whole }))
    return typeof decoded === 'string' ? { mistake: decoded } : decoded.whole
  })
  const secret = (kind: SecretKind) =>
    decodedBy<SecretSource>((value) => {
      const decoded = decodeSecretSource(kind, value, folder)
      return typeof decoded === 'string' ? { mistake: decoded } : decoded
    }).optional()
  return z
    .strictObject({
      default: z.string().optional(),
      repositories: z
        .record(
          z.string().refine(isRepositoryName, 'a name has letters, digits, ".", "_" and "-" only, at most 64'),
          z.strictObject({
            url: location,
            driver: path.optional(),
            'limit-upload': rate.optional(),
            'limit-download': rate.optional(),
            ...(Object.fromEntries(SECRET_KINDS.map((kind) => [kind, secret(kind)])) as Record<
              SecretKind,
              ReturnType<typeof secret>
            >),
          }),
        )
        .nullish(),
      // They have decoders of their own: src/service/daemon/settings.ts.
      plans: z.unknown().optional(),
      channels: z.unknown().optional(),
      metrics: z.unknown().optional(),
    })
    .nullish()
}

/**
 * Decodes the text of a configuration file, all but its plans, channels and metrics.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key of every mistake.
 */
export function decodeConfiguration(input: ConfigurationText): Configuration {
  return LocatedYaml.decode(input, repositoriesIn)
}

/** As `decodeConfiguration`; notes what is wrong. */
export function repositoriesIn(yaml: LocatedYaml): Configuration {
  const written = yaml.plainValue()
  const result = schemaOf(dirname(yaml.file)).safeParse(written)
  if (!result.success) yaml.note(result.error.issues.flatMap(mistakesOf))
  const repositories = new Map<string, ConfiguredRepository>()
  for (const [name, settings] of Object.entries(result.data?.repositories ?? {})) {
    const { url, driver, 'limit-upload': upload, 'limit-download': download, ...secrets } = settings
    const sources = Object.entries(secrets).flatMap(([kind, source]): [SecretKind, SecretSource][] =>
      isSecretKind(kind) && source !== undefined ? [[kind, source]] : [],
    )
    repositories.set(name, { name, url, driver, limits: { upload, download }, secrets: new Map(sources) })
  }
  const { default: preferred, repositories: known } = mapOf(written)
  const names = Object.keys(mapOf(known))
  if (typeof preferred !== 'string') return { repositories, default: undefined }
  if (!names.includes(preferred)) {
    yaml.note([{ path: ['default'], what: `no repository is called "${preferred}"${orNearest(preferred, names)}` }])
  }
  return { repositories, default: preferred }
}

export interface RepositoryEdit extends RepositorySettings {
  readonly name: string
  readonly url: string
  readonly makeDefault: boolean
}

/** Returns the text with a repository added, or with more said of it than before; all else as it was. */
export function withRepository(input: ConfigurationText, edit: RepositoryEdit): string {
  const before = decodeConfiguration(input)
  const { name, url, driver, limits, secrets } = edit
  if (!isRepositoryName(name)) {
    throw new UsageError('BAD_ARGUMENT', `"${name}" cannot be the name of a repository`, {
      hint: 'Use letters, digits, ".", "_" and "-", at most 64.',
    })
  }
  const mistake = locationMistake(url)
  if (mistake !== undefined) {
    throw new UsageError('BAD_ARGUMENT', `the location of "${name}" cannot be kept: ${mistake}`, {
      hint: '`tidemark repo add NAME URL --seal sftp-password` keeps one sealed; the README shows the other ways.',
    })
  }
  const taken = before.repositories.get(name)
  if (taken !== undefined && taken.url !== url) {
    throw new UsageError('BAD_ARGUMENT', `the name "${name}" stands for ${taken.url} already`, {
      hint: 'Choose another name, or remove that one first with `tidemark repo remove`.',
    })
  }
  const { document } = LocatedYaml.parse(input)
  if (!isMap(document.contents)) document.contents = document.createNode({})
  const set = (key: string, value: unknown): void => document.setIn(['repositories', name, key], value)
  set('url', url)
  if (driver !== undefined) set('driver', driver)
  if (limits?.upload !== undefined) set('limit-upload', limits.upload)
  if (limits?.download !== undefined) set('limit-download', limits.download)
  for (const [kind, source] of secrets ?? []) {
    set(kind, document.createNode(encodeSecretSource(source), { flow: true }))
  }
  if (edit.makeDefault || before.default === undefined) document.set('default', name)
  return document.toString({ lineWidth: 0 })
}

/** Returns the text without the repository `name`, all else as it was; a default that named it is gone, too. */
export function withoutRepository(input: ConfigurationText, name: string): string {
  const before = decodeConfiguration(input)
  if (!before.repositories.has(name)) {
    throw new UsageError('BAD_ARGUMENT', `no repository is called "${name}"`, {
      hint: `\`tidemark repo list\` shows their names${orNearest(name, before.repositories.keys())}.`,
    })
  }
  const { document } = LocatedYaml.parse(input)
  document.deleteIn(['repositories', name])
  if (before.default === name) document.delete('default')
  return document.toString({ lineWidth: 0 })
}

function mistakesOf(issue: core.$ZodIssue): Mistake[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? ROOT_KEYS : REPOSITORY_KEYS
    return issue.keys.map((key) => ({
      path: [...path, key],
      what: `there is no such setting${orNearest(key, known)}`,
      isKey: true,
    }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, what: issue.issues[0]?.message ?? 'no name', isKey: true }]
  }
  return [{ path, what: issue.message }]
}

function orNearest(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known)
  return nearest === undefined ? '' : `; is "${nearest}" meant?`
}
