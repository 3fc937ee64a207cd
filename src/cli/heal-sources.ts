import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { UsageError } from '../base/errors.ts'
import { folderSource } from '../engine/repair/folder-source.ts'
import type { HealSource } from '../engine/repair/heal-source.ts'
import { repositorySource } from '../engine/repair/repository-source.ts'
import type { Repository } from '../repository/repository.ts'
import type { CliContext } from './context.ts'
import { openSession } from './open-session.ts'
import { placeOf } from './open-store.ts'
import { contextOfOther } from './other-repository.ts'

export interface HealFlags {
  /** Folders and repositories. */
  readonly healFrom?: readonly string[]
  /** Holds the password of those repositories, where it is another one. */
  readonly healPasswordFile?: string
}

/** Places where lost bytes may still be. Disposing of them closes the repositories among them. */
export interface HealSources extends AsyncDisposable {
  readonly sources: readonly HealSource[]
}

/**
 * Opens what --heal-from names: a folder, unless a repository is there.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is neither. @throws as `openSession` of a repository.
 */
export async function openHealSources(
  context: CliContext,
  healed: Repository,
  { healFrom = [], healPasswordFile }: HealFlags,
): Promise<HealSources> {
  await using opening = new AsyncDisposableStack()
  const sources: HealSource[] = []
  for (const given of healFrom) {
    const place = await placeOf(context, given)
    const { url } = place
    if (url.startsWith('/') && !(await isRepository(url))) {
      sources.push(folderSource(await existing(url)))
      continue
    }
    const session = await openSession(contextOfOther(context, place, { passwordFile: healPasswordFile }), given)
    opening.use(session)
    const ids = { repository: healed.id, realm: healed.realm.realm }
    // A copy of the repository has its cache: what is there must not count as seen in the one to be healed.
    const other = (await session.repository).over(session.driver)
    sources.push(await repositorySource(other, ids))
  }
  const opened = opening.move()
  return { sources, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Tells whether a folder looks like a repository: its password then decides. */
async function isRepository(folder: string): Promise<boolean> {
  const found = await Promise.all(['config', 'keys'].map((kind) => stat(join(folder, kind)).catch(() => undefined)))
  return found.every((info) => info?.isDirectory() === true)
}

async function existing(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isDirectory() === true) return path
  throw new UsageError('BAD_ARGUMENT', `--heal-from takes a folder or a repository, and ${path} is neither`, {
    context: { path },
    hint: 'Name a folder below which files have the paths that they have in the points, `/` for this machine.',
  })
}
