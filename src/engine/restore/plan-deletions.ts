import type { ByteString } from '../../base/byte-string.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { LeftAlone } from './left-alone.ts'
import type { PlanStep } from './plan-step.ts'
import { type TargetDirectory, type TargetTree, childDirectory } from './target-tree.ts'

export interface DeletionOptions {
  readonly target: TargetTree
  /** What is not deleted whatever its name, nor anything in it. */
  readonly leftAlone: LeftAlone
  /** Tells what is not deleted though it is not in the point, by its path relative to what is restored. */
  readonly protects: (path: ByteString, isDirectory: boolean) => boolean
  /** Told of what stays because it cannot be looked at. */
  readonly onFailure: (directory: TargetDirectory, name: ByteString, error: unknown) => void
}

/**
 * Yields the steps that delete `name` and all below it, what is below first; returns whether nothing of it remains.
 *
 * Never follows a symbolic link, and never enters another file system that is mounted below.
 */
export function* planDeletions(
  options: DeletionOptions,
  directory: TargetDirectory,
  name: ByteString,
): Generator<PlanStep, boolean> {
  const { target, leftAlone, protects, onFailure } = options
  let status: FileStatus
  let names: readonly ByteString[] = []
  const itself = childDirectory(directory, name, true)
  try {
    status = target.status(directory, name)
    if (leftAlone.has(status) || protects(itself.path, status.kind === 'dir')) return false
    if (status.kind === 'dir') {
      if (isMountPoint(target, directory, status)) return false
      names = target.list(itself)
    }
  } catch (error) {
    onFailure(directory, name, error)
    return false
  }
  let isGone = true
  for (const child of names) isGone = (yield* planDeletions(options, itself, child)) && isGone
  if (isGone) yield deletion(directory, name, status)
  return isGone
}

function isMountPoint(target: TargetTree, parent: TargetDirectory, status: FileStatus): boolean {
  const above = target.status(parent, '' as ByteString)
  return above.mountId !== status.mountId || above.devMajor !== status.devMajor || above.devMinor !== status.devMinor
}

/** Returns the step that deletes one entry, of a directory an empty one. */
export function deletion(directory: TargetDirectory, name: ByteString, existing: FileStatus): PlanStep {
  const bytes = existing.kind === 'file' ? existing.size : 0
  const { kind, uid, gid } = existing
  const nothing = {
    entry: undefined,
    itself: undefined,
    linkTo: undefined,
    isContentSame: false,
    comparesContent: false,
    failed: false,
  }
  return { action: 'delete', directory, name, kind, bytes, existing, uid, gid, ...nothing }
}
