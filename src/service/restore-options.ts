import { type ByteString, byteStringOf, display } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'
import { commonFolder } from '../engine/restore/path-selection.ts'
import type { RestoreOptions } from '../engine/restore-types.ts'
import type { PointInfo } from '../repository/point-info.ts'
import { readPointDetail } from '../repository/read-point-detail.ts'
import type { Repository } from '../repository/repository.ts'
import type { Paths } from './directories.ts'
import type { RestoreSelection } from './restore-selection.ts'

/** Where a restore goes, and what it may do there. */
export interface RestoreDestination {
  /** `undefined`: in place. */
  readonly target: ByteString | undefined
  readonly delete: boolean
  readonly verify: boolean
}

/**
 * Returns how a selection is restored: in place, or into a target, where each path lies below it as it lay below the
 * deepest folder that holds all of them.
 *
 * Preview and restore both start from here, so that one does what the other showed.
 */
export function selectionOptions(
  { selections, without }: RestoreSelection,
  destination: RestoreDestination,
): RestoreOptions {
  const path = commonFolder(selections.map((each) => each.path))
  return { ...destination, path, selections, without, include: [], exclude: [], overwrite: 'never' }
}

/** What of this installation, and of the point, a restore keeps its hands from. */
export interface RestorePlace {
  readonly repository: Repository
  readonly point: PointInfo
  readonly paths: Pick<Paths, 'cacheDirectory' | 'stateDirectory'>
}

/**
 * Returns `options` made safe: what a restore must not delete is left alone by it.
 *
 * @throws {UsageError} TARGET_UNSAFE: it would delete from the root of all files, or go into the repository itself.
 * @throws {IntegrityError} it shall delete in place, and what the point left out there cannot be read.
 */
export async function safeOptions(options: RestoreOptions, place: RestorePlace): Promise<RestoreOptions> {
  refuseDeletingRoot(options)
  refuseRepository(place.repository, options)
  return { ...options, leaveAlone: await leftAlone(place, options) }
}

function refuseDeletingRoot(options: RestoreOptions): void {
  const where = options.target ?? options.path
  const isWhole = options.selections?.some(({ path }) => path === '/') !== false
  if (!options.delete || where !== '/' || !isWhole) return
  throw new UsageError('TARGET_UNSAFE', `--delete is refused on ${display(where)}`, {
    hint: 'Restore a folder below it, or leave out --delete.',
  })
}

/** A restore into the repository would mix its objects with files, or delete them. */
function refuseRepository({ driver }: Repository, { target }: RestoreOptions): void {
  if (target === undefined || !driver.location.startsWith('/')) return
  const repository = byteStringOf(driver.location)
  if (target !== repository && !target.startsWith(`${repository}/`)) return
  throw new UsageError('TARGET_UNSAFE', `${display(target)} lies in the repository itself`, {
    hint: 'Restore to a folder outside it.',
  })
}

/** What --delete leaves alone: the repository, Tidemark's own folders and, in place, all that the point left out. */
async function leftAlone({ repository, point, paths }: RestorePlace, options: RestoreOptions): Promise<ByteString[]> {
  const own = [repository.driver.location, paths.cacheDirectory, paths.stateDirectory].filter((path) =>
    path.startsWith('/'),
  )
  const left = own.map(byteStringOf)
  if (!options.delete || options.target !== undefined) return left
  const { omissions } = await readPointDetail(repository, point)
  return [...left, ...omissions.map(({ path }) => path as ByteString)]
}
