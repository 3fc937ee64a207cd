import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { removeAt } from '../../base/posix/files.ts'
import type { AttributeWriter } from './attributes.ts'
import { createForParts, makeShape, openExisting, rename } from './file-writer.ts'
import type { RestoreFile } from './restore-file.ts'
import { WAY_IN_PLACE, WAY_REPLACE } from './restore-job.ts'
import { targetError } from './target-errors.ts'
import type { TargetTree } from './target-tree.ts'

/** Files that several jobs write parts of: made ready before the first, finished after the last. */
export class SharedFiles {
  readonly #target: TargetTree
  readonly #attributes: AttributeWriter
  readonly #prepared = new Set<RestoreFile>()

  constructor(target: TargetTree, attributes: AttributeWriter) {
    this.#target = target
    this.#attributes = attributes
  }

  /** Makes a file ready to be written to, once. What fails is noted in the file. */
  prepare(file: RestoreFile): void {
    if (file.problem !== undefined || this.#prepared.has(file)) return
    const { entry, step, temporaryName } = file
    try {
      const dirfd = this.#target.handles.fd(step.directory.path)
      if (file.way === WAY_IN_PLACE) {
        const fd = openExisting(dirfd, step.name)
        try {
          makeShape(fd, entry)
        } finally {
          closeDescriptor(fd)
        }
      } else {
        closeDescriptor(createForParts(dirfd, temporaryName ?? step.name, entry.size))
      }
      this.#prepared.add(file)
    } catch (error) {
      this.#fail(file, error)
    }
  }

  /** Gives a file that is whole its attributes and its name, and takes one that failed away. */
  finish(file: RestoreFile): void {
    if (!this.#prepared.delete(file)) return
    const { entry, step, temporaryName } = file
    const { mode, mtime, xattrs, link } = entry
    const { uid, gid } = step
    try {
      const dirfd = this.#target.handles.fd(step.directory.path)
      const name = temporaryName ?? step.name
      if (file.problem !== undefined) {
        // What was there before keeps its name: it can be mended by restoring again.
        if (file.way !== WAY_IN_PLACE) removeAt(dirfd, name)
        return
      }
      const fd = openExisting(dirfd, name)
      try {
        const flags = link === undefined ? entry.flags : 0
        const wanted = { name, mode, uid, gid, seconds: mtime.seconds, nanoseconds: mtime.nanoseconds, xattrs, flags }
        const isUsed = file.way === WAY_IN_PLACE || step.directory.inherits
        this.#attributes.apply(fd, wanted, { isOwn: false, isUsed })
      } finally {
        closeDescriptor(fd)
      }
      if (temporaryName !== undefined) rename(dirfd, temporaryName, step.name, file.way === WAY_REPLACE)
    } catch (error) {
      this.#fail(file, error)
    }
  }

  /** Takes away what nobody will finish and nobody could go on with: files under temporary names. */
  abandon(): void {
    for (const { step, temporaryName } of this.#prepared) {
      if (temporaryName === undefined) continue
      try {
        removeAt(this.#target.handles.fd(step.directory.path), temporaryName)
      } catch {
        // The restore has failed for a better reason.
      }
    }
    this.#prepared.clear()
  }

  #fail(file: RestoreFile, error: unknown): void {
    file.problem ??= targetError(this.#target.pathOf(file.step.directory, file.step.name), error)
  }
}
