import { z } from 'zod'

import { UsageError } from '../../base/errors.ts'
import { nearestWord } from '../../base/nearest-word.ts'
import { parseCalendarDuration } from '../../base/parse-quantity.ts'
import type { RetentionPolicy } from '../../engine/care-types.ts'
import { keepsAnything } from '../../engine/forget/policy.ts'
import { checkTag } from '../../engine/point-words.ts'
import { locationMistake } from '../repository-location.ts'
import { isRepositoryName } from '../repository-name.ts'
import type { AfterStep, Step, StepAction, StepKind, StepTiming } from './plan.ts'
import { listOf, mistakesOf, parsedBy, settings } from './schema-parts.ts'
import { parseDuration, parseInterval, parseWindow } from './time-text.ts'

const NAME = 'a name has letters, digits, ".", "_" and "-" only, at most 64'
const PROVE_FILES = 20
const PROVE_FILES_MAX = 10_000

/** A name as those of repositories are, for plans and steps. */
export const planWord = z.string(NAME).refine(isRepositoryName, NAME)

/** Where a repository is: its configured name, an absolute path or a URL. */
export const place = parsedBy((value) => {
  const mistake = isRepositoryName(value) ? undefined : locationMistake(value)
  if (mistake === undefined) return value
  throw new UsageError('BAD_ARGUMENT', mistake === NO_PLACE ? `${mistake}, or a configured name` : mistake)
})
const NO_PLACE = locationMistake('')

const timing = {
  name: planWord.optional(),
  between: parsedBy(parseWindow).optional(),
  after: parsedBy(parseAfter).optional(),
  limit: parsedBy(parseDuration).optional(),
}
/** For steps whose own value is another one; for the rest it is the interval. */
const apart = { ...timing, every: parsedBy(parseInterval).optional() }
const interval = parsedBy(parseInterval).nullish()

const count = parsedBy(parseCount)
const policy = settings({
  'keep-last': count.optional(),
  'keep-hourly': count.optional(),
  'keep-daily': count.optional(),
  'keep-weekly': count.optional(),
  'keep-monthly': count.optional(),
  'keep-yearly': count.optional(),
  'keep-within': parsedBy((value) => parseCalendarDuration(value, 'keep-within')).optional(),
  'keep-tag': listOf(parsedBy(checkTag)).optional(),
  'all-instances': z.boolean('true or false is expected').optional(),
}).transform((rules, context) => {
  const given = {
    last: rules['keep-last'],
    hourly: rules['keep-hourly'],
    daily: rules['keep-daily'],
    weekly: rules['keep-weekly'],
    monthly: rules['keep-monthly'],
    yearly: rules['keep-yearly'],
    within: rules['keep-within'],
    tags: rules['keep-tag'],
  }
  const kept: RetentionPolicy = Object.fromEntries(Object.entries(given).filter(([, rule]) => rule !== undefined))
  if (!keepsAnything(kept)) context.addIssue('nothing would be kept; write rules such as keep-daily: 7')
  return { policy: kept, allInstances: rules['all-instances'] === true }
})

/** What a step says of when it runs, without what follows from its kind. */
type WrittenTiming = { readonly [K in keyof typeof apart]?: z.output<(typeof apart)[K]> }

/** A step as far as the text tells: where no repository is named, it is the plan's. */
export type WrittenStep = (plansOwn: string) => Step

type StepSchema = z.ZodType<WrittenStep>

const SCHEMAS: Readonly<Record<StepKind, StepSchema>> = {
  full: settings({ ...timing, full: interval }).transform(({ full: every, ...rest }): WrittenStep => {
    return () => step({ kind: 'full' }, { ...rest, every: every ?? undefined })
  }),
  incremental: settings({ ...timing, incremental: interval }).transform(
    ({ incremental: every, ...rest }): WrittenStep => {
      return () => step({ kind: 'incremental' }, { ...rest, every: every ?? undefined })
    },
  ),
  copy: settings({ ...apart, copy: place }).transform(({ copy: to, ...rest }): WrittenStep => {
    return () => step({ kind: 'copy', to }, rest, to)
  }),
  verify: settings({ ...apart, verify: parsedBy(parsePercent), repository: place.optional() }).transform(
    ({ verify: percent, repository, ...rest }): WrittenStep => {
      return (own) => step({ kind: 'verify', percent, repository: repository ?? own }, rest, repository)
    },
  ),
  forget: settings({ ...apart, forget: policy, repository: place.optional() }).transform(
    ({ forget, repository, ...rest }): WrittenStep => {
      return (own) => step({ kind: 'forget', ...forget, repository: repository ?? own }, rest, repository)
    },
  ),
  prune: settings({ ...timing, prune: interval, repository: place.optional() }).transform(
    ({ prune: every, repository, ...rest }): WrittenStep => {
      const when = { ...rest, every: every ?? undefined }
      return (own) => step({ kind: 'prune', repository: repository ?? own }, when, repository)
    },
  ),
  prove: settings({
    ...timing,
    prove: interval,
    repository: place.optional(),
    files: z.int('a number of files is expected').min(1).max(PROVE_FILES_MAX).default(PROVE_FILES),
  }).transform(({ prove: every, repository, files, ...rest }): WrittenStep => {
    const when = { ...rest, every: every ?? undefined }
    return (own) => step({ kind: 'prove', files, repository: repository ?? own }, when, repository)
  }),
}

const KINDS = Object.keys(SCHEMAS) as StepKind[]

/** A step: a map with the word of its kind in it, or that word alone. */
export const stepSchema = z.unknown().transform((written, context): WrittenStep => {
  const value = typeof written === 'string' ? { [written]: null } : written
  const kinds = KINDS.filter((kind) => typeof value === 'object' && value !== null && Object.hasOwn(value, kind))
  const [kind, second] = kinds
  if (kind === undefined || second !== undefined) {
    context.addIssue(kind === undefined ? noKind(value) : `one step is ${kinds.join(' and ')}: write each on its own`)
    return z.NEVER
  }
  const decoded = SCHEMAS[kind].safeParse(value)
  if (decoded.success) return decoded.data
  for (const { path, what, isKey } of decoded.error.issues.flatMap((issue) => mistakesOf(issue, value))) {
    context.addIssue({ code: 'custom', path: [...path], message: what, params: { isKey: isKey === true } })
  }
  return z.NEVER
})

function noKind(value: unknown): string {
  const words = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, 10) : []
  const near = words.map((word) => nearestWord(word, KINDS)).find((kind) => kind !== undefined)
  return `a step is one of ${KINDS.join(', ')}${near === undefined ? '' : `; is "${near}" meant?`}`
}

function step(action: StepAction, written: WrittenTiming, repository?: string): Step {
  const { name, every, between, after, limit } = written
  const named = repository !== undefined && isRepositoryName(repository) ? `${action.kind}-${repository}` : action.kind
  const when: StepTiming = { name: name ?? named, every, window: between, after, limitMs: limit }
  return { ...when, ...action }
}

/** Returns what `incremental` or `incremental + 2 hours` says. */
function parseAfter(value: string): AfterStep {
  const [step = '', delay, ...rest] = value.split('+').map((part) => part.trim())
  if (step !== '' && rest.length === 0) return { step, delayMs: delay === undefined ? 0 : parseDuration(delay) }
  throw new UsageError('BAD_ARGUMENT', `"${value.slice(0, 100)}" names no step`, {
    hint: 'Write the name of an earlier step, and a delay if there is one, such as incremental + 2 hours.',
  })
}

function parseCount(value: string): number {
  if (value === 'unlimited') return Infinity
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new UsageError('BAD_ARGUMENT', `"${value.slice(0, 100)}" is not a number of points`, {
    hint: 'Write a number from 1 on, or unlimited.',
  })
}

function parsePercent(value: string): number {
  const percent = Number(/^(\d{1,3}(?:\.\d{1,6})?)\s*%?$/.exec(value.trim())?.[1])
  if (percent > 0 && percent <= 100) return percent
  throw new UsageError('BAD_ARGUMENT', `"${value.slice(0, 100)}" is not a percentage`, {
    hint: 'Write how much of the data is read, such as 5%.',
  })
}
