import { z } from 'zod'

import { fromHex } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import { ASKED_COMMANDS } from '../jobs/asked-command.ts'
import { WORD_CHARACTERS_MAX, WORDS_MAX } from '../jobs/command-message.ts'
import { JOBS_PER_PAGE_MAX } from '../jobs/job-store.ts'
import { JOB_STATES } from '../jobs/job.ts'
import { NOTIFICATION_STATES } from '../notifications/notification.ts'
import { NOTIFICATIONS_PER_PAGE_MAX } from '../notifications/notification-store.ts'
import { SELECTION_BYTES_MAX } from '../restore-selection.ts'

const NAME_CHARACTERS_MAX = 256
const LOCATION_CHARACTERS_MAX = 8192

const number = z.coerce.number().pipe(z.int().positive())
const name = z.string().min(1).max(NAME_CHARACTERS_MAX)
const location = z.string().min(1).max(LOCATION_CHARACTERS_MAX)
const hexadecimal = name.transform((text, context) => {
  const bytes = fromHex(text)
  if (bytes === undefined) context.addIssue('hexadecimal digits are expected')
  return bytes ?? z.NEVER
})

/** `states=queued,running` */
function wordsOf<const Word extends string>(known: readonly [Word, ...Word[]]) {
  return z
    .string()
    .max(NAME_CHARACTERS_MAX)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(known)))
}

/** What requests may say; nothing else. */
export const jobsQuery = z.strictObject({
  states: wordsOf(JOB_STATES).optional(),
  plan: name.optional(),
  before: number.optional(),
  limit: number.pipe(z.int().max(JOBS_PER_PAGE_MAX)).default(100),
})
export const notificationsQuery = z.strictObject({
  states: wordsOf(NOTIFICATION_STATES).optional(),
  plan: name.optional(),
  limit: number.pipe(z.int().max(NOTIFICATIONS_PER_PAGE_MAX)).default(100),
})
export const logQuery = z
  .strictObject({ run: number.optional(), line: number.optional() })
  .refine(({ run, line }) => (run === undefined) === (line === undefined), 'run and line go together')
export const numbered = z.object({ id: number })
export const named = z.object({ name })
export const runBody = z.strictObject({ step: name.optional() })
export const askBody = z.strictObject({
  command: z.enum(ASKED_COMMANDS),
  repository: location,
  arguments: z
    .array(z.string().max(WORD_CHARACTERS_MAX))
    .max(WORDS_MAX - 3)
    .default([]),
  input: z.string().max(SELECTION_BYTES_MAX).optional(),
})
export const eventBody = z.strictObject({ name, about: z.json().optional() })
export const locationQuery = z.strictObject({ location })
/** `recipient`: a public key, in hexadecimal. */
export const keyQuery = z.strictObject({ location, recipient: hexadecimal })
export const forgetQuery = z.strictObject({ location: location.optional(), slot: name.optional() })

/** Returns what a part of a request says. @throws {UsageError} BAD_ARGUMENT, naming what is wrong. */
export function decodePart<T>(schema: z.ZodType<T>, part: unknown): T {
  const result = parse(schema, part)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') ?? ''
  throw new UsageError('BAD_ARGUMENT', `${where === '' ? 'the request' : where}: ${issue?.message ?? 'is wrong'}`, {
    hint: 'See docs/control.openapi.yaml.',
  })
}

/** What is nested so deep that nobody can look through it is wrong as well. */
function parse<T>(schema: z.ZodType<T>, part: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(part)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError('BAD_ARGUMENT', 'the request is nested too deep', { hint: 'See docs/control.openapi.yaml.' })
  }
}
