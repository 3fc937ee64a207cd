import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { errnoOf } from '../../base/errors.ts'
import { readSlots } from '../../repository/slots.ts'
import { forgetOpenings } from '../../service/opening-memory.ts'
import { cachesDirectory } from '../../service/session.ts'
import type { CliContext } from '../context.ts'
import { openStore } from '../open-store.ts'
import { formatBytes } from '../../base/format.ts'

export interface ClearFlags {
  readonly all?: boolean
  /** Forgets what was seen, too. */
  readonly acceptRollback?: boolean
}

/** What was seen of a repository: removed, a store that shows an older state would no longer be noticed. */
const KEPT: readonly string[] = ['heads', 'removals', 'revision']

/** Removes what is kept on this machine to save time. It is filled again as it is needed. */
export async function clearCache(context: CliContext, flags: ClearFlags): Promise<undefined> {
  const { output, paths } = context
  const directory = cachesDirectory(paths)
  const folders = flags.all === true ? await namesIn(directory) : await foldersOfRepository(context)
  let bytes = 0
  for (const folder of folders) bytes += await clearFolder(join(directory, folder), flags)
  await forgetOpenings(paths.cacheDirectory)
  if (output.json) output.document({ bytes, repositories: folders })
  else output.message(`Removed ${formatBytes(bytes)} from ${directory}.`)
  if (flags.acceptRollback === true) {
    output.message('Whatever state the store shows next is taken for the newest, and remembered from then on.')
  }
}

async function foldersOfRepository(context: CliContext): Promise<string[]> {
  await using driver = await openStore(context)
  // A slot tells, without any password, which repository it belongs to.
  const ids = (await readSlots(driver)).flatMap(({ slot }) => (slot === undefined ? [] : [slot.header.repository]))
  return [...new Set(ids)]
}

async function clearFolder(folder: string, { acceptRollback }: ClearFlags): Promise<number> {
  let bytes = 0
  for (const name of await namesIn(folder)) {
    if (KEPT.includes(name) && acceptRollback !== true) continue
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
