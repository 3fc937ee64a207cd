import { dirname } from 'node:path'

import { z } from 'zod'

import { type LocatedYaml, mapOf } from '../located-yaml.ts'
import { listOf, mistakesOf, parsedBy, settings, text } from '../plans/schema-parts.ts'
import { parseDuration } from '../plans/time-text.ts'
import { isRepositoryName } from '../repository-name.ts'
import { decodeSecretSource, type SecretSource } from '../secret-source.ts'
import type { ChannelSettings } from './channel.ts'

const SECURITIES = ['tls', 'starttls', 'none'] as const
/** Submission, RFC 8314. */
const PORTS = { tls: 465, starttls: 587, none: 25 } as const
const PORT_MAX = 65_535
const COMMAND_LIMIT_MS = 60_000
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])
/** A shell understands what was written as one line. */
const SHELL = ['/bin/sh', '-c']

/** Returns the `channels` of a configuration file, by their names; notes what is wrong. What else the file says is left to others. */
export function channelsIn(yaml: LocatedYaml): ReadonlyMap<string, ChannelSettings> {
  const { channels: written } = mapOf(yaml.plainValue())
  if (written === undefined || written === null) return new Map()
  const result = channels(dirname(yaml.file)).safeParse(written)
  if (result.success) return new Map(Object.entries(result.data))
  const mistakes = result.error.issues.flatMap((issue) => mistakesOf(issue, written))
  yaml.note(mistakes.map((mistake) => ({ ...mistake, path: ['channels', ...mistake.path] })))
  return new Map()
}

/** What `channels` of a configuration in `folder` may say. */
function channels(folder: string) {
  const secret = z.unknown().transform((value, context): SecretSource => {
    // As the password of a repository: nothing is there that it could be sealed with.
    const decoded = decodeSecretSource('password', value, folder)
    if (typeof decoded !== 'string') return decoded
    context.addIssue({ code: 'custom', message: decoded })
    return z.NEVER
  })
  const url = z.unknown().transform((value, context): string | SecretSource => {
    const decoded = typeof value === 'string' ? webhookUrl(value) : decodeSecretSource('password', value, folder)
    if (typeof decoded === 'object' || decoded === value) return decoded
    context.addIssue({ code: 'custom', message: decoded })
    return z.NEVER
  })
  const email = settings({
    host: text.min(1),
    port: z.int().min(1).max(PORT_MAX).optional(),
    security: z.enum(SECURITIES).optional(),
    user: text.optional(),
    password: secret.optional(),
    from: text.min(1),
    to: listOf(text.min(1)),
  })
  const channel = settings({
    email: email.optional(),
    webhook: url.optional(),
    command: z
      .union(
        [text.min(1).transform((line) => [...SHELL, line]), z.array(text).min(1)],
        'a line for the shell, or a list of program and arguments, is expected',
      )
      .optional(),
    limit: parsedBy(parseDuration).optional(),
  })
  return z.record(
    z.string().refine(isRepositoryName, 'a name has letters, digits, ".", "_" and "-" only, at most 64'),
    channel.transform((written, context): ChannelSettings => {
      const settings = settingsOf(written)
      if (typeof settings !== 'string') return settings
      context.addIssue({ code: 'custom', message: settings })
      return z.NEVER
    }),
  )
}

interface WrittenChannel {
  readonly email?: WrittenEmail | undefined
  readonly webhook?: string | SecretSource | undefined
  readonly command?: readonly string[] | undefined
  readonly limit?: number | undefined
}

interface WrittenEmail {
  readonly host: string
  readonly port?: number | undefined
  readonly security?: (typeof SECURITIES)[number] | undefined
  readonly user?: string | undefined
  readonly password?: SecretSource | undefined
  readonly from: string
  readonly to: readonly string[]
}

/** Returns what a channel is, or says what is wrong with it. */
function settingsOf({ email, webhook, command, limit }: WrittenChannel): ChannelSettings | string {
  const ways = [email, webhook, command].filter((way) => way !== undefined)
  if (ways.length !== 1) return 'a channel is one of email, webhook or command'
  if (limit !== undefined && command === undefined) return 'limit is the time that a command may take'
  if (command !== undefined) return { kind: 'command', command, limitMs: limit ?? COMMAND_LIMIT_MS }
  if (webhook !== undefined) return { kind: 'webhook', url: webhook }
  return email === undefined ? 'a channel is one of email, webhook or command' : emailOf(email)
}

function emailOf({ security = 'starttls', ...email }: WrittenEmail): ChannelSettings | string {
  if (security === 'none' && !LOOPBACK.has(email.host)) {
    return 'security: none sends everything readable for all; it is for a server of this machine'
  }
  if ((email.user === undefined) !== (email.password === undefined)) return 'user and password go together'
  const { user, password } = email
  return { ...email, kind: 'email', security, port: email.port ?? PORTS[security], user, password }
}

/** Returns a URL as it was written, or says what is wrong with it. */
function webhookUrl(written: string): string {
  const url = URL.parse(written)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname))
  return isSafe ? written : 'a webhook is an https:// URL, or http:// of this machine'
}
