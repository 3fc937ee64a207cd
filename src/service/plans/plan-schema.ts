import { z } from 'zod'

import { UsageError } from '../../base/errors.ts'
import { NAME_BYTES_MAX } from '../../base/limits.ts'
import { checkTag } from '../../engine/point-words.ts'
import { checkPattern } from '../../engine/scan/exclude-pattern.ts'
import type { CommandSource, Hook, Hooks, NotifyCause, Plan, PlanSource, Step } from './plan.ts'
import { NOTIFY_CAUSES } from './plan.ts'
import { listOf, parsedBy, settings, text } from './schema-parts.ts'
import { place, planWord, stepSchema, type WrittenStep } from './step-schema.ts'
import { parseDuration } from './time-text.ts'
import { absolutePath, isTimeZone, parseTrigger } from './trigger-text.ts'

const PLANS_MAX = 1000
const STEPS_MAX = 50
const WORDS_MAX = 1000
const DESCRIPTION_LENGTH_MAX = 500
/** What a hook may take that says nothing of it. */
const HOOK_LIMIT_MS = 10 * 60_000

const yesNo = z.boolean('true or false is expected').default(false)
const NOTIFIED: readonly NotifyCause[] = NOTIFY_CAUSES.filter((cause) => cause !== 'success')
/** What only files and folders have. */
const PATH_KEYS = [
  'exclude',
  'exclude-file',
  'exclude-if-present',
  'exclude-caches',
  'cross-filesystems',
  'strict',
] as const

export interface PlanSchemaOptions {
  /** What `~` stands for. */
  readonly home: string
  /** The repository of plans that name none. */
  readonly defaultRepository: string | undefined
}

/** What the section `plans` may say. */
export function plansSchema(options: PlanSchemaOptions) {
  return z
    .record(planWord, planSchema(options), 'a map of plans by their names is expected')
    .refine((plans) => Object.keys(plans).length <= PLANS_MAX, `at most ${PLANS_MAX} plans are expected`)
    .transform((plans): Plan[] => Object.entries(plans).map(([name, plan]) => ({ name, ...plan })))
}

function planSchema({ home, defaultRepository }: PlanSchemaOptions) {
  const path = parsedBy((value) => absolutePath(value, home))
  return settings({
    sources: listOf(path).optional(),
    'from-command': listOf(text).optional(),
    file: parsedBy(parseFileName).optional(),
    exclude: listOf(parsedBy(checkPattern)).default([]),
    'exclude-file': listOf(path).default([]),
    'exclude-if-present': listOf(text).default([]),
    'exclude-caches': yesNo,
    'cross-filesystems': yesNo,
    strict: yesNo,
    repository: place.optional(),
    tags: listOf(parsedBy(checkTag)).default([]),
    description: z.string().max(DESCRIPTION_LENGTH_MAX).default(''),
    trigger: listOf(parsedBy((value) => parseTrigger(value, home))),
    'time-zone': z
      .string()
      .refine(isTimeZone, 'the IANA name of a time zone is expected, such as Europe/Berlin')
      .optional(),
    paused: yesNo,
    hooks: hooksSchema.optional(),
    notify: notifySchema.optional(),
    promise: promiseSchema.optional(),
    steps: z
      .array(stepSchema, 'a list of steps is expected, such as - incremental: 1 day')
      .min(1, 'at least one step is expected')
      .max(STEPS_MAX, `at most ${STEPS_MAX} steps are expected`),
  }).transform((written, context): Omit<Plan, 'name'> => {
    const source = sourceOf(written)
    const repository = written.repository ?? defaultRepository
    if (typeof source === 'string') context.addIssue(source)
    if (repository === undefined) context.addIssue('repository is missing, and there is no default one')
    if (typeof source === 'string' || repository === undefined) return z.NEVER
    const steps = stepsOf(written.steps, repository)
    for (const { at, key, what } of stepMistakes(steps))
      context.addIssue({ code: 'custom', path: ['steps', at, ...key], message: what })
    return {
      paused: written.paused,
      source,
      repository,
      tags: written.tags,
      description: written.description,
      triggers: written.trigger,
      timeZone: written['time-zone'],
      hooks: written.hooks ?? { before: [], after: [], onFailure: [] },
      notify: { on: written.notify?.on ?? NOTIFIED, to: written.notify?.to },
      promise: { recoveryMs: written.promise?.recovery, noSuccessMs: written.promise?.['no-success-since'] },
      steps,
    }
  })
}

const hook = z
  .preprocess(
    // One line is for the shell; a list would be several hooks.
    (value) => (typeof value === 'string' ? { command: value } : value),
    settings({
      command: z.union(
        [text, z.array(text).min(1).max(WORDS_MAX)],
        'one line for the shell, or a list of words, is expected',
      ),
      limit: parsedBy(parseDuration).optional(),
    }),
  )
  .transform(({ command, limit }): Hook => {
    return {
      command: typeof command === 'string' ? ['/bin/sh', '-c', command] : command,
      limitMs: limit ?? HOOK_LIMIT_MS,
    }
  })

const hooksSchema = settings({
  before: listOf(hook).default([]),
  after: listOf(hook).default([]),
  'on-failure': listOf(hook).default([]),
}).transform(({ before, after, 'on-failure': onFailure }): Hooks => ({ before, after, onFailure }))

const notifySchema = settings({
  on: listOf(z.enum(NOTIFY_CAUSES, `one of ${NOTIFY_CAUSES.join(', ')} is expected`)).optional(),
  to: listOf(planWord).optional(),
})

const promiseSchema = settings({
  recovery: parsedBy(parseDuration).optional(),
  'no-success-since': parsedBy(parseDuration).optional(),
})

type WrittenSource = Readonly<
  Record<'exclude' | 'exclude-file' | 'exclude-if-present', readonly string[]> &
    Record<'exclude-caches' | 'cross-filesystems' | 'strict', boolean>
> & {
  readonly sources?: readonly string[] | undefined
  readonly 'from-command'?: readonly string[] | undefined
  readonly file?: string | undefined
}

/** Returns what is backed up, or says what is wrong with it. */
function sourceOf(written: WrittenSource): PlanSource | string {
  const { sources, 'from-command': command, file } = written
  if (command !== undefined) return commandSource(written, command)
  if (file !== undefined) return 'file goes with from-command only'
  if (sources === undefined || sources.length === 0) return 'sources is missing: what is backed up'
  return {
    kind: 'paths',
    paths: [...new Set(sources)],
    exclude: written.exclude,
    excludeFiles: written['exclude-file'],
    excludeCaches: written['exclude-caches'],
    excludeIfPresent: written['exclude-if-present'],
    crossFilesystems: written['cross-filesystems'],
    strict: written.strict,
  }
}

function commandSource(written: WrittenSource, command: readonly string[]): CommandSource | string {
  const { file, sources } = written
  if (sources !== undefined) return 'sources and from-command do not go together: write two plans'
  const other = PATH_KEYS.find((key) => (typeof written[key] === 'boolean' ? written[key] : written[key].length > 0))
  if (other !== undefined) return `${other} goes with sources only`
  if (command.length === 0 || command[0] === '') return 'from-command names no program'
  if (file === undefined) return 'file is missing: the name that the output of from-command is stored as'
  return { kind: 'command', command, file }
}

function parseFileName(value: string): string {
  if (
    value !== '' &&
    value !== '.' &&
    value !== '..' &&
    !/[/\0]/.test(value) &&
    Buffer.byteLength(value) <= NAME_BYTES_MAX
  ) {
    return value
  }
  throw new UsageError('BAD_ARGUMENT', `"${value.slice(0, 100)}" cannot be the name of a file`)
}

function stepsOf(written: readonly WrittenStep[], repository: string): Step[] {
  return written.map((step) => step(repository))
}

interface StepMistake {
  readonly at: number
  readonly key: readonly string[]
  readonly what: string
}

/** Says which steps have the name of another one, or follow one that is not there. */
function stepMistakes(steps: readonly Step[]): StepMistake[] {
  const earlier = new Set<string>()
  const mistakes: StepMistake[] = []
  for (const [at, { name, after }] of steps.entries()) {
    if (after !== undefined && !earlier.has(after.step)) {
      const known = [...earlier].join(', ')
      const what = `no step before this one is called "${after.step}"${known === '' ? '' : `; there are ${known}`}`
      mistakes.push({ at, key: ['after'], what })
    }
    if (earlier.has(name))
      mistakes.push({ at, key: [], what: `two steps are called "${name}": give one a name of its own` })
    earlier.add(name)
  }
  return mistakes
}
