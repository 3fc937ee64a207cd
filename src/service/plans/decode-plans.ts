import { nearestWord } from '../../base/nearest-word.ts'
import { type ConfigurationText, LocatedYaml, type Mistake } from '../located-yaml.ts'
import { isRepositoryName } from '../repository-name.ts'
import type { Plan } from './plan.ts'
import { plansSchema } from './plan-schema.ts'
import { mistakesOf } from './schema-parts.ts'

export interface PlansText extends ConfigurationText {
  /** What `~` stands for: the user's folder. */
  readonly home: string
}

/**
 * Decodes the plans of a configuration file, in its order; what else the file says is left to others.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key of every mistake.
 */
export function decodePlans({ home, ...input }: PlansText): Plan[] {
  const yaml = LocatedYaml.parse(input)
  const whole = mapOf(yaml.plainValue())
  const written = whole['plans']
  if (written === undefined || written === null) return []
  const preferred = whole['default']
  const defaultRepository = typeof preferred === 'string' ? preferred : undefined
  const result = plansSchema({ home, defaultRepository }).safeParse(written)
  const mistakes = result.success
    ? unknownRepositories(result.data, Object.keys(mapOf(whole['repositories'])))
    : result.error.issues.flatMap((issue) => mistakesOf(issue, written))
  if (mistakes.length > 0 || !result.success) {
    throw yaml.mistakes(mistakes.map((mistake) => ({ ...mistake, path: ['plans', ...mistake.path] })))
  }
  return result.data
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** A word that names no repository would be taken for a folder, somewhere. */
function unknownRepositories(plans: readonly Plan[], known: readonly string[]): Mistake[] {
  const mistakeAt = (repository: string, path: readonly string[]): Mistake[] => {
    if (!isRepositoryName(repository) || known.includes(repository)) return []
    const near = nearestWord(repository, known)
    const what = `no repository is called "${repository}"${near === undefined ? '' : `; is "${near}" meant?`}`
    return [{ path, what }]
  }
  return plans.flatMap(({ name, repository, steps }) => [
    ...mistakeAt(repository, [name, 'repository']),
    ...steps.flatMap((step, at) => {
      if (step.kind === 'copy') return mistakeAt(step.to, [name, 'steps', `${at}`, 'copy'])
      // What the plan says is told there.
      if (!('repository' in step) || step.repository === repository) return []
      return mistakeAt(step.repository, [name, 'steps', `${at}`, 'repository'])
    }),
  ])
}
