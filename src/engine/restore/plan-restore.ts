import { type ByteString, display } from '../../base/byte-string.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { TargetError, type TidemarkError, UsageError } from '../../base/errors.ts'
import type { RepositoryId } from '../../base/ids.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { RealmKeys } from '../../repository/key-ring.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { Driver } from '../../storage/driver.ts'
import type { DirectoryListing } from '../point-view-directory.ts'
import type { OpenPointView } from '../point-view.ts'
import type { RestoreItem, RestoreOptions } from '../restore-types.ts'
import type { PlanStep } from './plan-step.ts'
import { processRights } from './process-rights.ts'
import { RestorePlanner } from './restore-planner.ts'
import { type OpenTarget, TargetTree } from './target-tree.ts'

/** What a restore needs of a repository. */
export interface RestoreRepository {
  readonly id: RepositoryId
  readonly driver: Driver
  readonly realm: Pick<RealmKeys, 'idKey'>
  index(): Promise<RepositoryIndex>
}

export interface PlanRestoreInput {
  readonly view: OpenPointView
  readonly repository?: RestoreRepository
  readonly options: RestoreOptions
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock
  /** Absolute paths of what is gone before the restore begins. */
  readonly gone?: ReadonlySet<ByteString>
  /** Told of what could not be restored because it cannot be read, here or in the point. */
  readonly onFailure?: (path: ByteString, error: TidemarkError) => void
  /** Told, at the end, what the user should know although nothing failed. */
  readonly onWarning?: (message: string) => void
}

/**
 * Yields what a restore would do with each entry, parents before children, and changes nothing.
 *
 * It is the very plan that `restore` carries out.
 * @throws {UsageError} UNKNOWN_PATH, BAD_PATTERN; BAD_ARGUMENT: the target is no directory.
 * @throws {TargetError} TARGET_UNSAFE: it would delete from the root of all files; TARGET_DENIED, TARGET_FAILED.
 */
export async function* planRestore(input: PlanRestoreInput): AsyncGenerator<RestoreItem> {
  const { options, signal } = input
  const start = await findStart(input.view, options)
  using target = openTarget(start.entry, options, { create: false, gone: input.gone })
  const planner = new RestorePlanner({
    view: input.view,
    target,
    options,
    canSetOwners: processRights().uid === 0,
    nowMs: (input.clock ?? systemClock).nowMs(),
    onFailure: input.onFailure ?? (() => undefined),
  })
  for await (const steps of planner.plan(start)) {
    signal?.throwIfAborted()
    for (const step of steps) yield itemOf(target, step)
  }
  for (const warning of planner.warnings()) input.onWarning?.(warning)
}

/** What the user named of a point, and the listing of the directory it lies in, which names its owners. */
export interface RestoreStart {
  readonly entry: TreeEntry
  readonly siblings: DirectoryListing
}

/** Returns what the user named of a point. @throws {UsageError} UNKNOWN_PATH: that, or what was selected of it. */
export async function findStart(
  view: OpenPointView,
  { path, selections = [] }: Pick<RestoreOptions, 'path' | 'selections'>,
): Promise<RestoreStart> {
  for (const selected of selections) if ((await view.lookup(selected.path)) === undefined) throw notThere(selected.path)
  const entry = await view.lookup(path)
  const parent = await view.lookup(parentOf(path))
  if (entry !== undefined && parent !== undefined) return { entry, siblings: await view.listing(parent) }
  throw notThere(path)
}

function notThere(path: ByteString): UsageError {
  return new UsageError('UNKNOWN_PATH', `the point has no ${display(path)}`, {
    context: { path: display(path) },
    hint: 'Look with `tidemark ls` what it has.',
  })
}

/** Opens the directory that a restore of `start` lands in. @throws {UsageError | TargetError} as `TargetTree.open`; TARGET_UNSAFE */
export function openTarget(start: TreeEntry, options: RestoreOptions, how: OpenTarget): TargetTree {
  const target = TargetTree.open(targetPath(start, options), how)
  // What is selected below the root may have lost files; the root itself never has.
  const isSelectedBelow = options.selections?.every(({ path }) => path !== '/') === true
  if (!options.delete || isSelectedBelow || !target.isFileSystemRoot) return target
  target[Symbol.dispose]()
  throw new TargetError('TARGET_UNSAFE', 'nothing is deleted in the root of all files', {
    hint: 'Restore a folder below it, or leave out --delete.',
  })
}

/** Returns the absolute path of the directory that a restore of `start` lands in. */
export function targetPath(start: TreeEntry, options: RestoreOptions): ByteString {
  return options.target ?? homeOf(start, options.path)
}

function itemOf(target: TargetTree, step: PlanStep): RestoreItem {
  const { action, kind, bytes, entry, existing, uid, gid } = step
  const path = target.pathOf(step.directory, step.name)
  return { path, action, kind, bytes, entry, existing, onlyMetadata: isOnlyMetadata(step), owner: { uid, gid } }
}

function isOnlyMetadata({ action, kind, existing, linkTo, isContentSame, comparesContent }: PlanStep): boolean {
  if (action !== 'overwrite' || existing?.kind !== kind || linkTo !== undefined) return false
  return kind === 'dir' || (kind === 'file' && isContentSame && !comparesContent)
}

/** The directory where something was when it was backed up. */
function homeOf(start: TreeEntry, path: ByteString): ByteString {
  if (start.kind !== 'dir') return parentOf(path)
  const home = path.replace(/\/+$/, '')
  return (home === '' ? '/' : home) as ByteString
}

function parentOf(path: ByteString): ByteString {
  const parent = path.replace(/\/+$/, '').replace(/\/*[^/]*$/, '')
  return (parent === '' ? '/' : parent) as ByteString
}
