import { UsageError } from '../../base/errors.ts'
import { readConfiguration } from '../../service/configuration.ts'
import { NAME_KINDS, type NameKind } from '../completion/command-words.ts'
import type { CliContext } from '../context.ts'
import { openDesk } from '../open-desk.ts'

/** As many as somebody looks through. */
const NAMES_MAX = 100

/** Prints what there is of a kind, one name a line: for the shells, whenever somebody wants one completed. */
export async function namesCommand(context: CliContext, given: string): Promise<undefined> {
  const kind = NAME_KINDS.find((each) => each === given)
  if (kind === undefined) {
    throw new UsageError('BAD_ARGUMENT', `nothing is completed as "${given}"`, {
      hint: `Name one of ${NAME_KINDS.join(', ')}.`,
    })
  }
  for (const name of await namesOf(context, kind)) context.output.line(name)
}

async function namesOf(context: CliContext, kind: NameKind): Promise<readonly string[]> {
  if (kind === 'repositories') return [...(await readConfiguration(context.paths.configFile)).repositories.keys()]
  await using opened = await openDesk(context)
  const { desk } = opened
  switch (kind) {
    case 'plans':
      return (await desk.plans()).plans.map(({ name }) => name)
    case 'jobs':
      return (await desk.jobs({ limit: NAMES_MAX })).jobs.map(({ id }) => String(id))
    case 'notifications': {
      const { notifications } = await desk.notifications({ states: ['active'], limit: NAMES_MAX })
      return notifications.map(({ id }) => String(id))
    }
  }
}
