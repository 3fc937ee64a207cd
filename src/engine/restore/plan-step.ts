import type { ByteString } from '../../base/byte-string.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { RestoreAction } from '../restore-types.ts'
import type { TargetDirectory } from './target-tree.ts'

/**
 * What a restore does with one entry, with all it needs to know to do it.
 *
 * Steps live no longer than the batch that they are part of, unless other entries need them: there may be millions.
 */
export interface PlanStep {
  readonly action: RestoreAction
  /** The directory of the target that it lies in; of the target itself, that itself. */
  readonly directory: TargetDirectory
  /** '' for the target itself. */
  readonly name: ByteString
  readonly kind: string
  readonly bytes: number
  /** Nothing when it is deleted. */
  readonly entry: TreeEntry | undefined
  /** What has its name in the target. */
  readonly existing: FileStatus | undefined
  /** The directory that it is, or becomes. */
  readonly itself: TargetDirectory | undefined
  /** Whom it belongs to here. */
  readonly uid: number
  readonly gid: number
  /** The step that restores another name of the same file; this one becomes a link to it. */
  readonly linkTo: PlanStep | undefined
  /** Size and time are as wanted, so that the content is taken to be. */
  readonly isContentSame: boolean
  /** The content of what is there is compared all the same. */
  readonly comparesContent: boolean
  /** Set when it could not be done. */
  failed: boolean
}
