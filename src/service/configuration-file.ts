import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml'
import { type core, z } from 'zod'

import { UsageError } from '../base/errors.ts'
import type { Configuration, ConfiguredRepository } from './configuration.ts'
import { isRepositoryName } from './repository-name.ts'

interface ConfigurationText {
  /** Its path, for messages. */
  readonly file: string
  readonly text: string
}

const LOCATION = /^(?:\/|[a-z][a-z0-9+.-]*:.)/i

const schema = z
  .strictObject({
    default: z.string().optional(),
    repositories: z
      .record(
        z.string().refine(isRepositoryName, 'a name has letters, digits, ".", "_" and "-" only, at most 64'),
        z.strictObject({ url: z.string().max(4096).regex(LOCATION, 'an absolute path or a URL is expected') }),
      )
      .nullish(),
  })
  .nullish()

/**
 * Decodes the text of a configuration file.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line and key.
 */
export function decodeConfiguration({ file, text }: ConfigurationText): Configuration {
  const lines = new LineCounter()
  const document = parse({ file, text }, lines)
  const result = schema.safeParse(plainValue(file, document))
  if (!result.success) throw badValue(file, { document, lines, issue: result.error.issues[0] })
  const repositories = new Map<string, ConfiguredRepository>()
  for (const [name, { url }] of Object.entries(result.data?.repositories ?? {})) repositories.set(name, { name, url })
  const preferred = result.data?.default
  if (preferred !== undefined && !repositories.has(preferred)) {
    const line = lineOf(['default'], { document, lines })
    throw bad(file, line, `default: no repository is called "${preferred}"`)
  }
  return { repositories, default: preferred }
}

/** Returns the text with a repository added, all else as it was. */
export function withRepository(
  input: ConfigurationText,
  repository: ConfiguredRepository & { readonly makeDefault: boolean },
): string {
  const before = decodeConfiguration(input)
  const { name, url } = repository
  if (!isRepositoryName(name)) {
    throw new UsageError('BAD_ARGUMENT', `"${name}" cannot be the name of a repository`, {
      hint: 'Use letters, digits, ".", "_" and "-", at most 64.',
    })
  }
  const taken = before.repositories.get(name)
  if (taken !== undefined && taken.url !== url) {
    throw new UsageError('BAD_ARGUMENT', `the name "${name}" stands for ${taken.url} already`, {
      hint: 'Choose another name, or remove that one first with `tidemark repo remove`.',
    })
  }
  const document = parse(input, new LineCounter())
  if (!isMap(document.contents)) document.contents = document.createNode({})
  document.setIn(['repositories', name, 'url'], url)
  if (repository.makeDefault || before.default === undefined) document.set('default', name)
  return document.toString()
}

/** Returns the text without the repository `name`, all else as it was; a default that named it is gone, too. */
export function withoutRepository(input: ConfigurationText, name: string): string {
  const before = decodeConfiguration(input)
  if (!before.repositories.has(name)) {
    throw new UsageError('BAD_ARGUMENT', `no repository is called "${name}"`, {
      hint: '`tidemark repo list` shows their names.',
    })
  }
  const document = parse(input, new LineCounter())
  document.deleteIn(['repositories', name])
  if (before.default === name) document.delete('default')
  return document.toString()
}

function parse({ file, text }: ConfigurationText, lines: LineCounter): Document {
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error === undefined) return document
  // The first line of the message says it all; what follows is an excerpt of the file.
  const [message = ''] = error.message.split('\n')
  throw bad(file, error.linePos?.[0].line, message.replace(/ at line \d+, column \d+:?$/, ''))
}

function plainValue(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // Aliases that lead nowhere, or that unfold to more than any memory holds.
    throw bad(file, undefined, error instanceof Error ? error.message : String(error))
  }
}

interface Located {
  readonly document: Document
  readonly lines: LineCounter
}

function badValue(file: string, found: Located & { readonly issue: core.$ZodIssue | undefined }): UsageError {
  const { issue } = found
  const path = (issue?.path ?? []).map(String)
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    const whole = [...path, key]
    return bad(file, lineOf(whole, found), `${whole.join('.')}: there is no such setting`)
  }
  const reason = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message
  const where = path.length === 0 ? '' : `${path.join('.')}: `
  return bad(file, lineOf(path, found), `${where}${reason ?? 'not as expected'}`)
}

/** Returns the line of the value at `path`, or of the nearest thing around it. */
function lineOf(path: readonly string[], { document, lines }: Located): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

function bad(file: string, line: number | undefined, what: string): UsageError {
  const place = line === undefined ? file : `${file}, line ${line}`
  return new UsageError('BAD_CONFIGURATION', `${place}: ${what}`, {
    context: line === undefined ? { file } : { file, line },
    hint: 'Correct the file, or name another with --config.',
  })
}
