import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf } from '../../base/errors.ts'
import { readSlots } from '../../repository/slots.ts'
import { resolveRepository } from '../../service/resolve-repository.ts'
import { cachesDirectory } from '../../service/session.ts'
import type { CliContext } from '../context.ts'
import { openDriver } from '../drivers.ts'
import { formatBytes } from '../format.ts'

/** What was seen of a repository: removed, a store that shows an older state would no longer be noticed. */
const KEPT: readonly string[] = ['heads', 'revision']

/** Removes what is kept on this machine to save time. It is filled again as it is needed. */
export async function clearCache(context: CliContext, flags: { readonly all?: boolean }): Promise<undefined> {
  const { output, paths } = context
  const directory = cachesDirectory(paths)
  const folders = flags.all === true ? await namesIn(directory) : await foldersOfRepository(context)
  let bytes = 0
  for (const folder of folders) bytes += await clearFolder(join(directory, folder))
  if (output.json) output.document({ bytes, repositories: folders })
  else output.message(`Removed ${formatBytes(bytes)} from ${directory}.`)
}

async function foldersOfRepository({
  paths,
  repository,
  surroundings,
  workingDirectory,
}: CliContext): Promise<string[]> {
  const question = { given: repository, configFile: paths.configFile, workingDirectory }
  await using driver = await openDriver((await resolveRepository(question)).url, surroundings)
  // A slot tells, without any password, which repository it belongs to.
  const ids = (await readSlots(driver)).flatMap(({ slot }) => (slot === undefined ? [] : [slot.header.repository]))
  return [...new Set(ids)]
}

async function clearFolder(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await namesIn(folder)) {
    if (KEPT.includes(name)) continue
    const path = join(folder, name)
    bytes += (await stat(path).catch(() => undefined))?.size ?? 0
    await rm(path, { force: true, recursive: true })
  }
  return bytes
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
