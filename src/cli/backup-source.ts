import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { type ByteString, byteStringOf } from '../base/byte-string.ts'
import { errnoOf, UsageError } from '../base/errors.ts'
import { NAME_BYTES_MAX } from '../base/limits.ts'
import type { Source } from '../engine/source.ts'
import type { CliContext } from './context.ts'
import { readStandardInput } from './standard-input.ts'

export interface BackupSourceFlags {
  readonly exclude?: readonly string[]
  readonly excludeFile?: readonly string[]
  readonly excludeCaches?: boolean
  readonly excludeIfPresent?: readonly string[]
  readonly crossFilesystems?: boolean
  readonly stdin?: boolean
  readonly fromCommand?: boolean
  readonly name?: string
}

type SourceContext = Pick<CliContext, 'output' | 'workingDirectory'>

export interface SourceChoice {
  readonly source: Source
  /** Absolute paths of this machine that are backed up; none for a stream. */
  readonly roots: readonly string[]
}

/**
 * Returns the source that the command line describes.
 *
 * @throws {UsageError} BAD_ARGUMENT: options that do not go together; names that no file can have; a file of patterns that cannot be read.
 */
export async function chooseSource(
  context: SourceContext,
  words: readonly string[],
  flags: BackupSourceFlags,
): Promise<SourceChoice> {
  if (flags.stdin === true || flags.fromCommand === true) requireNoFileOptions(flags)
  if (flags.stdin === true) {
    if (words.length > 0) throw wrong('--stdin goes with no PATH', 'Back up files with a command of their own.')
    const { streamSource } = await import('../engine/sources/stream-source.ts')
    const { path, name } = streamName(flags)
    return { source: streamSource({ path, label: name, open: readStandardInput }), roots: [] }
  }
  if (flags.fromCommand === true) {
    // An empty first word is a variable that was not set.
    if (words[0] === undefined || words[0] === '') {
      throw wrong('--from-command needs a command', 'Write it after --, such as `-- pg_dump mydb`.')
    }
    const { commandSource } = await import('../engine/sources/command-source.ts')
    return { source: commandSource({ path: streamName(flags).path, command: [...words] }), roots: [] }
  }
  if (flags.name !== undefined) {
    throw wrong('--name goes with --stdin and --from-command only', 'Files keep the names they have.')
  }
  if (words.length === 0) throw wrong('nothing to back up was named', 'Name files or folders, or use --stdin.')
  if (words.includes(''))
    throw wrong('one of the paths is empty', 'Perhaps a variable was not set: name a file or folder.')
  return directories(context, words, flags)
}

/** What a stream cannot have: an option that does nothing was meant to do something. */
function requireNoFileOptions(flags: BackupSourceFlags): void {
  const given = {
    '--exclude': flags.exclude,
    '--exclude-file': flags.excludeFile,
    '--exclude-caches': flags.excludeCaches,
    '--exclude-if-present': flags.excludeIfPresent,
    '--cross-filesystems': flags.crossFilesystems,
  }
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue
    throw wrong(`${option} goes with files and folders only`, 'A stream is stored as it comes: leave the option out.')
  }
}

async function directories(
  { output, workingDirectory }: SourceContext,
  words: readonly string[],
  flags: BackupSourceFlags,
): Promise<SourceChoice> {
  const [{ directorySource }, { parseExcludeFile }] = await Promise.all([
    import('../engine/sources/directory-source.ts'),
    import('../engine/scan/exclude-pattern.ts'),
  ])
  const patterns: string[] = []
  for (const file of flags.excludeFile ?? []) patterns.push(...parseExcludeFile(await readPatterns(file)))
  patterns.push(...(flags.exclude ?? []))
  const roots = [...new Set(words.map((word) => resolve(workingDirectory, word)))]
  for (const pattern of patterns) {
    const meant = relativePattern(pattern, roots)
    if (meant === undefined) continue
    output.warning(
      `the pattern ${JSON.stringify(pattern)} matches nothing: patterns are relative to what is backed up, so ${meant} is meant.`,
    )
  }
  const source = directorySource({
    roots: roots.map(byteStringOf),
    rules: {
      patterns,
      excludeCaches: flags.excludeCaches === true,
      excludeIfPresent: (flags.excludeIfPresent ?? []).map((name) => fileName(name, 'CACHE')),
    },
    crossFilesystems: flags.crossFilesystems === true,
  })
  return { source, roots }
}

async function readPatterns(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new UsageError('BAD_ARGUMENT', `the patterns in ${file} cannot be read (${errnoOf(cause) ?? 'unknown'})`, {
      context: { file },
      cause,
      hint: 'Check the path given to --exclude-file.',
    })
  }
}

/** Returns what was meant by a pattern that begins with the whole path of what is backed up; `undefined` for others. */
function relativePattern(pattern: string, roots: readonly string[]): string | undefined {
  const [, not = '', body = ''] = /^(!?)(.*)$/s.exec(pattern) ?? []
  // Of roots inside each other the outermost is walked.
  const [root] = roots.filter((each) => body.startsWith(each === '/' ? each : `${each}/`)).toSorted()
  return root === undefined || root === '/' ? undefined : JSON.stringify(`${not}${body.slice(root.length)}`)
}

function streamName({ name }: BackupSourceFlags): { readonly path: ByteString; readonly name: ByteString } {
  if (name === undefined) throw wrong('the file needs a name', 'Give it with --name FILE.')
  const bytes = fileName(name, 'dump.sql')
  return { path: `/${bytes}` as ByteString, name: bytes }
}

/** Returns the bytes of what can be the name of a file. */
function fileName(name: string, example: string): ByteString {
  const bytes = byteStringOf(name)
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || bytes.length > NAME_BYTES_MAX) {
    throw wrong(`"${name}" cannot be the name of a file`, `Give a name without a slash, such as ${example}.`)
  }
  return bytes
}

function wrong(message: string, hint: string): UsageError {
  return new UsageError('BAD_ARGUMENT', message, { hint })
}
