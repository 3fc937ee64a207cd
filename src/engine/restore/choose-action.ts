import type { ByteString } from '../../base/byte-string.ts'
import { compareTimespec } from '../../base/clock.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { OverwriteMode, RestoreAction } from '../restore-types.ts'
import type { PlanStep } from './plan-step.ts'

export interface Meeting {
  readonly entry: TreeEntry
  /** What has its name in the target. */
  readonly existing: FileStatus
  /** Where it points, when it is a symbolic link. */
  readonly existingTarget: ByteString | undefined
  /** Whom the entry would belong to here, or `undefined` where owners cannot be set. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

/** Returns what happens to an entry whose name is taken in the target. */
export function chooseAction(meeting: Meeting, mode: OverwriteMode): RestoreAction {
  const { entry, existing } = meeting
  // Whether a file's content is the same is only known once it is read.
  if (isSame(meeting) && !(mode === 'always' && entry.kind === 'file')) return 'unchanged'
  switch (mode) {
    case 'never':
      return 'keep'
    case 'if-newer':
      return compareTimespec(entry.mtime, existing.mtime) > 0 ? 'overwrite' : 'keep'
    case 'if-changed':
    case 'always':
      return 'overwrite'
  }
}

/** Returns what happens to a further name of a file that is restored, which is taken in the target. */
export function chooseForLink(
  { entry, existing, linkTo }: { entry: TreeEntry; existing: FileStatus; linkTo: PlanStep },
  mode: OverwriteMode,
): RestoreAction {
  const first = linkTo.action === 'unchanged' ? linkTo.existing : undefined
  const isLinked = first?.ino === existing.ino && first.devMajor === existing.devMajor
  if (isLinked && first.devMinor === existing.devMinor) return 'unchanged'
  if (mode === 'never') return 'keep'
  if (mode === 'if-newer' && compareTimespec(entry.mtime, existing.mtime) <= 0) return 'keep'
  return 'overwrite'
}

function isSame(meeting: Meeting): boolean {
  const { entry, existing, owner } = meeting
  if (!isContentSame(meeting)) return false
  if (owner !== undefined && (existing.uid !== owner.uid || existing.gid !== owner.gid)) return false
  // Symbolic links have no mode of their own.
  return entry.kind === 'symlink' || existing.mode === entry.mode
}

/** Tells whether it is of the same kind, size and time of change: then its content counts as the same. */
export function isContentSame({ entry, existing, existingTarget }: Meeting): boolean {
  if (entry.kind !== existing.kind || compareTimespec(entry.mtime, existing.mtime) !== 0) return false
  switch (entry.kind) {
    case 'file':
      return entry.size === existing.size
    case 'symlink':
      return entry.target === existingTarget
    case 'char':
    case 'block':
      return entry.major === existing.rdevMajor && entry.minor === existing.rdevMinor
    default:
      return true
  }
}
