import type { ByteString } from '../../base/byte-string.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { RestoreAction } from '../restore-types.ts'
import type { TargetDirectory } from './target-tree.ts'

/** What a restore does with one entry, with all it needs to know to do it. */
export interface PlanStep {
  readonly action: RestoreAction
  /** The directory of the target that it lies in; of the target itself, that itself. */
  readonly directory: TargetDirectory
  /** '' for the target itself. */
  readonly name: ByteString
  readonly kind: string
  readonly bytes: number
  /** Absent when it is deleted. */
  readonly entry?: TreeEntry
  /** What has its name in the target. */
  readonly existing?: FileStatus
  /** The directory that it is, or becomes. */
  readonly itself?: TargetDirectory
  /** Whom it belongs to here. */
  readonly uid: number
  readonly gid: number
  /** The step that restores another name of the same file; this one becomes a link to it. */
  readonly linkTo?: PlanStep
  /** Size and time are as wanted, so that the content is taken to be. */
  readonly isContentSame: boolean
  /** Set when it could not be done. */
  failed?: boolean
}
