import { type core, z } from 'zod'

import { UsageError } from '../../base/errors.ts'
import { nearestWord } from '../../base/nearest-word.ts'
import type { Mistake } from '../located-yaml.ts'

/** No text of a plan is longer: that of a path. */
const TEXT_LENGTH_MAX = 4096
/** No list of a plan is longer. */
const LIST_LENGTH_MAX = 1000

export const text = z.string().max(TEXT_LENGTH_MAX, `at most ${TEXT_LENGTH_MAX} characters are expected`)

/** Returns the check of a text by a parser that throws a UsageError about what is wrong with it. */
export function parsedBy<T>(parse: (text: string) => T) {
  return z.unknown().transform((value, context): T => {
    if ((typeof value !== 'string' && typeof value !== 'number') || `${value}`.length > TEXT_LENGTH_MAX) {
      context.addIssue({ code: 'custom', message: `a text of at most ${TEXT_LENGTH_MAX} characters is expected` })
      return z.NEVER
    }
    try {
      return parse(`${value}`)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      context.addIssue({ code: 'custom', message: sentences(error) })
      return z.NEVER
    }
  })
}

function sentences({ message, hint }: UsageError): string {
  return hint === undefined
    ? message
    : `${message}; ${hint.slice(0, 1).toLowerCase()}${hint.slice(1).replace(/\.$/, '')}`
}

/** Returns the check of a list, of which one value alone is a short form. */
export function listOf<T extends z.ZodType>(item: T) {
  const list = z.array(item, 'a value or a list of them is expected')
  const bounded = list.max(LIST_LENGTH_MAX, `at most ${LIST_LENGTH_MAX} are expected`)
  // What was left out is not a list of nothing: nobody knows what was meant.
  const isOne = (value: unknown): boolean => value !== undefined && value !== null && !Array.isArray(value)
  return z.preprocess((value): unknown => (isOne(value) ? [value] : value), bounded)
}

/** Returns the check of a map with these keys and no others. */
export function settings<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      // A line for each, in their order: `mistakesOf` takes them apart.
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => noSuch(key, known)).join('\n')
      return issue.code === 'invalid_type' ? 'a map of settings is expected' : undefined
    },
  })
}

function noSuch(key: string, known: readonly string[]): string {
  const near = nearestWord(key, known)
  return `there is no such setting${near === undefined ? `; known are ${known.join(', ')}` : `; is "${near}" meant?`}`
}

/** Returns what is wrong by an issue of a value: of each unknown key apart. */
export function mistakesOf(issue: core.$ZodIssue, value: unknown): Mistake[] {
  const { path, missing } = pathWithin(value, issue.path.map(String))
  if (missing !== undefined) return [{ path, what: `${missing} is missing` }]
  if (issue.code === 'unrecognized_keys') {
    const lines = issue.message.split('\n')
    return issue.keys.map((key, at) => ({ path: [...path, key], what: lines[at] ?? issue.message, isKey: true }))
  }
  if (issue.code === 'invalid_key') return [{ path, what: issue.issues[0]?.message ?? 'no name', isKey: true }]
  const isKey = issue.code === 'custom' && issue.params?.['isKey'] === true
  return [{ path, what: issue.message, isKey }]
}

interface PathWithin {
  readonly path: readonly string[]
  /** The key that a map lacks. */
  readonly missing?: string
}

/** Returns as much of a path as leads to something. One value in place of a list has no number. */
function pathWithin(value: unknown, path: readonly string[]): PathWithin {
  let inside = value
  const found: string[] = []
  for (const name of path) {
    if (!Array.isArray(inside) && /^\d+$/.test(name)) continue
    if (typeof inside !== 'object' || inside === null || (Array.isArray(inside) && !Object.hasOwn(inside, name))) break
    if (!Object.hasOwn(inside, name)) return { path: found, missing: name }
    inside = (inside as Record<string, unknown>)[name]
    found.push(name)
  }
  return { path: found }
}
