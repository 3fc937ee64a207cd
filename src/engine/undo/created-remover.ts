import type { ByteString } from '../../base/byte-string.ts'
import { compareTimespec } from '../../base/clock.ts'
import { errnoOf } from '../../base/errors.ts'
import { removeAt } from '../../base/posix/files.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { CreatedEntry } from '../../format/created-codec.ts'
import type { RestoreItem } from '../restore-types.ts'
import { targetError } from '../restore/target-errors.ts'
import { childDirectory, type TargetDirectory, type TargetTree } from '../restore/target-tree.ts'

/** One entry that a restore created, and what becomes of it; `delete` or `keep`. */
export interface Removal {
  readonly item: RestoreItem
  /** Takes it away; does nothing for one that is kept. @throws {TidemarkError} TARGET_DENIED, TARGET_FAILED. */
  readonly remove: () => void
}

/**
 * Yields what becomes of entries that a restore created, children before parents: those that are as they were restored
 * go, those that somebody changed since stay, and so do directories with anything in them that stays.
 *
 * What is not there, or does not lie in the target, is passed over. No symbolic link is followed.
 */
export function* removalsOf(target: TargetTree, created: readonly CreatedEntry[]): Generator<Removal> {
  const gone = new Set<ByteString>()
  for (const entry of created.toReversed()) {
    const place = placeOf(target, entry.path)
    const status = place === undefined ? undefined : statusIfThere(target, place)
    if (place === undefined || status === undefined) continue
    const goes = isAsRestored(status, entry) && (entry.kind !== 'dir' || isEmptied(target, place, gone))
    if (goes) gone.add(entry.path)
    const { path, kind, size } = entry
    const action = goes ? 'delete' : 'keep'
    yield {
      item: { path, action, kind, bytes: size, entry: undefined, existing: status, onlyMetadata: false, owner: status },
      remove: () => {
        if (goes) remove(target, place, { path, isDirectory: kind === 'dir' })
      },
    }
  }
}

interface Place {
  readonly directory: TargetDirectory
  readonly name: ByteString
}

function placeOf(target: TargetTree, path: ByteString): Place | undefined {
  const above = target.path === '/' ? '/' : `${target.path}/`
  if (!path.startsWith(above)) return undefined
  const names = path.slice(above.length).split('/') as ByteString[]
  const name = names.pop()
  if (name === undefined || name === '') return undefined
  const directory = names.reduce((parent, each) => childDirectory(parent, each, true), target.root)
  return { directory, name }
}

function statusIfThere(target: TargetTree, { directory, name }: Place): FileStatus | undefined {
  try {
    return target.status(directory, name)
  } catch (error) {
    const code = errnoOf(error)
    // A directory on the way is gone, or something else by now.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw targetError(target.pathOf(directory, name), error)
  }
}

function isAsRestored(status: FileStatus, { kind, size, mtime }: CreatedEntry): boolean {
  if (status.kind !== kind) return false
  // Whatever comes into a directory changes its time.
  if (kind === 'dir') return true
  return compareTimespec(status.mtime, mtime) === 0 && (kind !== 'file' || status.size === size)
}

function isEmptied(target: TargetTree, { directory, name }: Place, gone: ReadonlySet<ByteString>): boolean {
  const itself = childDirectory(directory, name, true)
  try {
    return target.list(itself).every((child) => gone.has(target.pathOf(itself, child)))
  } catch (error) {
    throw targetError(target.pathOf(directory, name), error)
  }
}

function remove(
  target: TargetTree,
  { directory, name }: Place,
  { path, isDirectory }: { readonly path: ByteString; readonly isDirectory: boolean },
): void {
  try {
    removeAt(target.handles.fd(directory.path), name, { directory: isDirectory })
    if (isDirectory) target.handles.forget(childDirectory(directory, name, false).path)
  } catch (error) {
    throw targetError(path, error)
  }
}
