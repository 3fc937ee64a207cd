import { present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { TargetError, errnoOf } from '../../base/errors.ts'
import { O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import { makeLinkAt, removeAt, renameAt } from '../../base/posix/files.ts'
import { setFlags } from '../../base/posix/flags.ts'
import type { PlanStep } from './plan-step.ts'
import type { TargetTree } from './target-tree.ts'

/** Gives a file that was restored one more of its names. @throws {PosixError | TargetError} */
export function linkFile(target: TargetTree, step: PlanStep, temporaryName: ByteString): void {
  const first = present(step.linkTo, 'the first name of the file')
  if (first.failed) {
    throw new TargetError('TARGET_FAILED', 'the file that it is another name of could not be restored', {
      hint: 'See why that one failed, and restore again.',
    })
  }
  const fromDirfd = target.handles.ownFd(first.directory.path)
  try {
    const toDirfd = target.handles.fd(step.directory.path)
    const to = step.existing === undefined ? step.name : temporaryName
    makeLinkAt({ fromDirfd, from: first.name, toDirfd, to })
    if (to === step.name) return
    try {
      renameAt({ fromDirfd: toDirfd, from: to, toDirfd, to: step.name })
    } finally {
      // Renaming over another name of the same file does nothing.
      removeIfThere(toDirfd, to)
    }
  } finally {
    closeDescriptor(fromDirfd)
  }
}

/** Sets the flags of a file with several names, which may keep it from getting more of them. @throws {PosixError} */
export function setLinkedFlags(target: TargetTree, step: PlanStep, flags: number): void {
  const fd = openAt(target.handles.fd(step.directory.path), step.name, { flags: O_RDONLY | O_NONBLOCK })
  try {
    setFlags(fd, flags)
  } finally {
    closeDescriptor(fd)
  }
}

function removeIfThere(dirfd: number, name: ByteString): void {
  try {
    removeAt(dirfd, name)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
