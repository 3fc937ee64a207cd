import { addRepository, type Configuration, readConfiguration, removeRepository } from '../../service/configuration.ts'
import { normalizeLocation } from '../../service/resolve-repository.ts'
import type { CliContext } from '../context.ts'
import { driverKindOf } from '../drivers.ts'
import { table } from '../table.ts'

/** Gives a repository a name in the configuration. */
export async function addRepo(
  context: CliContext,
  request: { readonly name: string; readonly place: string; readonly default?: boolean },
): Promise<undefined> {
  const { name } = request
  const url = normalizeLocation(request.place, context.workingDirectory)
  driverKindOf(url)
  const makeDefault = request.default === true
  const configuration = await addRepository(context.paths.configFile, { name, url, makeDefault })
  const isDefault = configuration.default === name
  if (context.output.json) context.output.document({ name, url, default: isDefault })
  else context.output.message(`"${name}" is ${url}${isDefault ? ', and used when no repository is named' : ''}.`)
}

/** Lists the configured repositories. */
export async function listRepos({ output, paths }: CliContext): Promise<undefined> {
  const configuration = await readConfiguration(paths.configFile)
  const rows = rowsOf(configuration)
  if (output.json) {
    output.document(rows)
    return
  }
  if (rows.length === 0) {
    output.message('No repository is configured: `tidemark init -r PATH` makes one.')
    return
  }
  const lines = table(
    [
      { title: 'Name', value: ({ name }) => name },
      { title: 'Location', value: ({ url }) => url },
      { title: '', value: (row) => (row.default ? 'default' : '') },
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
  readonly name: string
  readonly url: string
  readonly default: boolean
}

function rowsOf(configuration: Configuration): RepositoryRow[] {
  return [...configuration.repositories.values()].map(({ name, url }) => ({
    name,
    url,
    default: name === configuration.default,
  }))
}
