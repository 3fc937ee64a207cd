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

export interface SourceChoice {
  readonly source: Source
  /** Absolute paths of this machine that are backed up; none for a stream. */
  readonly roots: readonly string[]
}

/**
 * Returns the source that the command line describes.
 *
 * @throws {UsageError} BAD_ARGUMENT: options that do not go together; a file of patterns that cannot be read.
 */
export async function chooseSource(
  context: CliContext,
  words: readonly string[],
  flags: BackupSourceFlags,
): Promise<SourceChoice> {
  if (flags.stdin === true) {
    if (words.length > 0) throw wrong('--stdin goes with no PATH', 'Back up files with a command of their own.')
    const { streamSource } = await import('../engine/sources/stream-source.ts')
    const { path, name } = streamName(flags)
    return { source: streamSource({ path, label: name, open: readStandardInput }), roots: [] }
  }
  if (flags.fromCommand === true) {
    if (words.length === 0) {
      throw wrong('--from-command needs a command', 'Write it after --, such as `-- pg_dump mydb`.')
    }
    const { commandSource } = await import('../engine/sources/command-source.ts')
    return { source: commandSource({ path: streamName(flags).path, command: [...words] }), roots: [] }
  }
  if (flags.name !== undefined) {
    throw wrong('--name goes with --stdin and --from-command only', 'Files keep the names they have.')
  }
  if (words.length === 0) throw wrong('nothing to back up was named', 'Name files or folders, or use --stdin.')
  return directories(context, words, flags)
}

async function directories(
  { workingDirectory }: CliContext,
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
  const source = directorySource({
    roots: roots.map(byteStringOf),
    rules: {
      patterns,
      excludeCaches: flags.excludeCaches === true,
      excludeIfPresent: (flags.excludeIfPresent ?? []).map(byteStringOf),
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

function streamName({ name }: BackupSourceFlags): { readonly path: ByteString; readonly name: ByteString } {
  if (name === undefined) throw wrong('the file needs a name', 'Give it with --name FILE.')
  const bytes = byteStringOf(name)
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || bytes.length > NAME_BYTES_MAX) {
    throw wrong(`"${name}" cannot be the name of a file`, 'Give a name without a slash, such as dump.sql.')
  }
  return { path: `/${bytes}` as ByteString, name: bytes }
}

function wrong(message: string, hint: string): UsageError {
  return new UsageError('BAD_ARGUMENT', message, { hint })
}
