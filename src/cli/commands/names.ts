import { homedir } from 'node:os'

import { UsageError } from '../../base/errors.ts'
import { readConfiguration, readConfigurationText } from '../../service/configuration.ts'
import type { Plan } from '../../service/plans/plan.ts'
import { NAME_KINDS, type NameKind } from '../completion/command-words.ts'
import type { CliContext } from '../context.ts'
import { openDesk } from '../open-desk.ts'

/** As many as somebody looks through. */
const NAMES_MAX = 100

/**
 * Prints what there is of a kind, one name a line: for the shells, whenever somebody wants one completed.
 *
 * @param words that stand before it.
 */
export async function namesCommand(context: CliContext, given: string, words: readonly string[]): Promise<undefined> {
  const kind = NAME_KINDS.find((each) => each === given)
  if (kind === undefined) {
    throw new UsageError('BAD_ARGUMENT', `nothing is completed as "${given}"`, {
      hint: `Name one of ${NAME_KINDS.join(', ')}.`,
    })
  }
  for (const name of await namesOf(context, kind, words)) context.output.line(name)
}

async function namesOf(context: CliContext, kind: NameKind, words: readonly string[]): Promise<readonly string[]> {
  const file = context.paths.configFile
  if (kind === 'repositories') return [...(await readConfiguration(file)).repositories.keys()]
  if (kind === 'events') return [...new Set((await plansOf(file)).flatMap(eventsOf))]
  if (kind === 'steps') return stepsOf(await plansOf(file), words)
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

async function plansOf(file: string): Promise<readonly Plan[]> {
  const { decodePlans } = await import('../../service/plans/decode-plans.ts')
  return decodePlans({ file, home: homedir(), text: (await readConfigurationText(file)) ?? '' })
}

function eventsOf({ triggers }: Plan): string[] {
  return triggers.flatMap((trigger) => (trigger.kind === 'event' ? [trigger.name] : []))
}

/** Steps of the plan that is named, or of all. */
function stepsOf(plans: readonly Plan[], words: readonly string[]): string[] {
  const named = plans.filter(({ name }) => words.includes(name))
  return [...new Set((named.length > 0 ? named : plans).flatMap(({ steps }) => steps.map(({ name }) => name)))]
}
