import { z } from 'zod'

import { UsageError } from '../../base/errors.ts'
import type { Hooks } from '../plans/plan.ts'
import type { Json } from './job.ts'

/** The kind of jobs that run a command of this program. */
export const COMMAND_KIND = 'command'

export const WORDS_MAX = 10_000
export const WORD_CHARACTERS_MAX = 1 << 17

/** What a job of the kind `command` is asked to do. */
export interface CommandMessage {
  /** The command line, with `--json`. */
  readonly words: readonly string[]
  /** What the command reads on standard input; nothing when absent. */
  readonly input?: string
  readonly hooks?: Hooks
  /** What each hook reads on standard input; nothing when absent. */
  readonly hookInput?: string
}

const word = z
  .string()
  .max(WORD_CHARACTERS_MAX)
  .refine((text) => !text.includes('\0'))
const hook = z.object({ command: z.array(word).min(1).max(WORDS_MAX), limitMs: z.int().positive() })
const hooks = z.array(hook).max(WORDS_MAX)

const message: z.ZodType<CommandMessage> = z.object({
  words: z.array(word).min(1).max(WORDS_MAX),
  input: z.string().exactOptional(),
  hooks: z.object({ before: hooks, after: hooks, onFailure: hooks }).exactOptional(),
  hookInput: z.string().exactOptional(),
})

/** Returns what a store keeps of `message`. */
export function encodeCommandMessage(message: CommandMessage): Json {
  return { ...message } as unknown as Json
}

/**
 * Returns what a store kept.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is no message of a command.
 */
export function decodeCommandMessage(kept: Json): CommandMessage {
  const result = message.safeParse(kept)
  if (result.success) return result.data
  const why = result.error.issues[0]
  throw new UsageError('BAD_ARGUMENT', `the job says nothing that can be run (${why?.path.join('.') ?? ''})`, {
    cause: result.error,
    hint: 'Queue it again: another version of Tidemark may have added it.',
  })
}
