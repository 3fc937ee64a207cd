import { nearestWord } from '../../base/nearest-word.ts'
import { type ConfigurationText, LocatedYaml, mapOf, type Mistake } from '../located-yaml.ts'
import { isRepositoryName } from '../repository-name.ts'
import type { Plan } from './plan.ts'
import { plansSchema } from './plan-schema.ts'
import { mistakesOf } from './schema-parts.ts'

export interface PlansText extends ConfigurationText {
  /** What `~` stands for: the user's folder. */
  readonly home: string
}

type Written = Readonly<Record<string, unknown>>

/**
 * Decodes the plans of a configuration file, in its order; what else the file says is left to others.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key of every mistake.
 */
export function decodePlans({ home, ...input }: PlansText): Plan[] {
  return LocatedYaml.decode(input, (yaml) => plansIn(yaml, home))
}

/** As `decodePlans`; notes what is wrong. */
export function plansIn(yaml: LocatedYaml, home: string): Plan[] {
  const whole = mapOf(yaml.plainValue())
  const written = whole['plans']
  if (written === undefined || written === null) return []
  const { plans, mistakes } = judge(written, { whole, home })
  yaml.note(mistakes.map((mistake) => ({ ...mistake, path: ['plans', ...mistake.path] })))
  return plans
}

export interface JudgedPlans {
  /** None where the schema finds a mistake. */
  readonly plans: Plan[]
  /** Their paths begin at the plans: with the name of one. */
  readonly mistakes: readonly Mistake[]
}

/**
 * Judges plans as if they stood in a configuration file in place of its own.
 *
 * @throws {UsageError} BAD_CONFIGURATION: the text is no YAML.
 */
export function judgePlans({ home, ...input }: PlansText, written: Written): JudgedPlans {
  return judge(written, { whole: mapOf(LocatedYaml.parse(input).plainValue()), home })
}

function judge(written: unknown, { whole, home }: { readonly whole: Written; readonly home: string }): JudgedPlans {
  const preferred = whole['default']
  const defaultRepository = typeof preferred === 'string' ? preferred : undefined
  const result = plansSchema({ home, defaultRepository }).safeParse(written)
  const mistakes = [
    ...(result.error?.issues ?? []).flatMap((issue) => mistakesOf(issue, written)),
    ...Object.entries(mapOf(written)).flatMap(([name, plan]) => unknownNames([name], mapOf(plan), whole)),
  ]
  return { plans: result.data ?? [], mistakes }
}

/** Says which repositories and channels, named by a plan as it was written at `path`, the file does not know. */
function unknownNames(path: readonly string[], plan: Written, whole: Written): Mistake[] {
  const repositories = Object.keys(mapOf(whole['repositories']))
  const channels = Object.keys(mapOf(whole['channels']))
  const repositoryAt = (map: Written, key: string, at: readonly string[]): Mistake[] => {
    const given = map[key]
    // A word that names no repository would be taken for a folder, somewhere.
    if (typeof given !== 'string' || !isRepositoryName(given)) return []
    return unknown('repository', given, { known: repositories, path: [...at, key] })
  }
  const { notify, steps } = plan
  const { to } = mapOf(notify)
  return [
    ...repositoryAt(plan, 'repository', path),
    ...listed(steps).flatMap((step, at) => {
      const inStep = [...path, 'steps', `${at}`]
      return ['copy', 'repository'].flatMap((key) => repositoryAt(mapOf(step), key, inStep))
    }),
    ...listed(to).flatMap((channel, at) => {
      if (typeof channel !== 'string' || !isRepositoryName(channel)) return []
      return unknown('channel', channel, { known: channels, path: [...path, 'notify', 'to', `${at}`] })
    }),
  ]
}

/** One value alone is a short form of a list. */
function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function unknown(
  kind: string,
  given: string,
  { known, path }: { readonly known: readonly string[]; readonly path: readonly string[] },
): Mistake[] {
  if (known.includes(given)) return []
  const near = nearestWord(given, known)
  return [{ path, what: `no ${kind} is called "${given}"${near === undefined ? '' : `; is "${near}" meant?`}` }]
}
