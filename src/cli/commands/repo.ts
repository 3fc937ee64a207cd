import { resolve } from 'node:path'

import {
  addRepository,
  type Configuration,
  type ConfiguredRepository,
  readConfiguration,
  removeRepository,
} from '../../service/configuration.ts'
import { normalizeLocation } from '../../service/resolve-repository.ts'
import type { CredentialKind, SecretKind, SecretSource } from '../../service/secret-source.ts'
import type { CliContext } from '../context.ts'
import { driverKindOf } from '../drivers.ts'
import { repositoryDocument, repositoryRows } from '../repository-row.ts'
import { table } from '../table.ts'

export interface AddRepoFlags {
  readonly default?: boolean
  readonly passwordFile?: string
  readonly passwordCommand?: string
  /** Kinds of credentials to be asked for. */
  readonly seal?: readonly CredentialKind[]
  /** The file of a driver of the user's own. */
  readonly driver?: string
}

/** Gives a repository a name in the configuration, or says more of one that has it. */
export async function addRepo(
  context: CliContext,
  { name, place }: { readonly name: string; readonly place: string },
  flags: AddRepoFlags,
): Promise<undefined> {
  const { paths, surroundings, workingDirectory, output } = context
  const before = (await readConfiguration(paths.configFile)).repositories.get(name)
  const driver = flags.driver === undefined ? before?.driver : resolve(workingDirectory, flags.driver)
  const url = normalizeLocation(place, workingDirectory)
  driverKindOf({ url, configured: { driver } })
  const secrets = new Map<SecretKind, SecretSource>(passwordSource(flags, workingDirectory))
  if (flags.seal !== undefined) {
    const { sealCredentials } = await import('../seal-credentials.ts')
    const configured = { source: secrets.get('password') ?? before?.secrets.get('password'), name }
    for (const entry of await sealCredentials(context, { url, kinds: flags.seal, configured })) secrets.set(...entry)
  }
  const edit = { name, url, driver, limits: surroundings.limits, secrets, makeDefault: flags.default === true }
  const configuration = await addRepository(paths.configFile, edit)
  const isDefault = configuration.default === name
  const added = configuration.repositories.get(name)
  if (output.json) output.document({ ...(added === undefined ? {} : repositoryDocument(added)), default: isDefault })
  else output.message(`"${name}" is ${url}${isDefault ? ', and used when no repository is named' : ''}.`)
}

function passwordSource(
  { passwordFile, passwordCommand }: AddRepoFlags,
  workingDirectory: string,
): [SecretKind, SecretSource][] {
  if (passwordFile !== undefined) {
    return [['password', { from: 'file', path: resolve(workingDirectory, passwordFile) }]]
  }
  return passwordCommand === undefined ? [] : [['password', { from: 'command', command: passwordCommand }]]
}

/** Lists the configured repositories. */
export async function listRepos({ output, paths }: CliContext): Promise<undefined> {
  const configuration = await readConfiguration(paths.configFile)
  const rows = rowsOf(configuration)
  if (output.json) {
    output.document(
      rows.map(({ configured, default: isDefault }) => ({ ...repositoryDocument(configured), default: isDefault })),
    )
    return
  }
  if (rows.length === 0) {
    output.message('No repository is configured: `tidemark init -r PATH` makes one.')
    return
  }
  const lines = table(
    [
      { title: 'Name', value: ({ configured }) => configured.name },
      { title: 'Location', value: ({ configured }) => configured.url },
      { title: '', value: (row) => (row.default ? 'default' : '') },
      { title: '', value: ({ said }) => said },
    ],
    rows,
  )
  for (const line of lines) output.line(line)
}

/** Takes a name out of the configuration; the repository stays as it is. */
export async function removeRepo({ output, paths }: CliContext, name: string): Promise<undefined> {
  const before = await readConfiguration(paths.configFile)
  await removeRepository(paths.configFile, name)
  const url = before.repositories.get(name)?.url ?? ''
  if (output.json) output.document({ name, url, removed: true })
  else output.message(`"${name}" is forgotten; what ${url} holds is still there.`)
}

interface RepositoryRow {
  readonly configured: ConfiguredRepository
  readonly default: boolean
  /** What is configured beside the location. */
  readonly said: string
}

function rowsOf({ repositories, default: preferred }: Configuration): RepositoryRow[] {
  return [...repositories.values()].map((configured) => ({
    configured,
    default: configured.name === preferred,
    said: repositoryRows(configured)
      .map(([title, text]) => `${title.toLowerCase()}: ${text}`)
      .join('; '),
  }))
}
