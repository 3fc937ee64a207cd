import { assert, present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { makeDirectoryAt, removeAt } from '../../base/posix/files.ts'
import { statusOf } from '../../base/posix/statx.ts'
import { compareTimespec } from '../../base/clock.ts'
import type { FileEntry } from '../../format/tree.ts'
import type { FileLayout } from '../point-view-layout.ts'
import type { OpenPointView } from '../point-view.ts'
import type { AttributeWriter } from './attributes.ts'
import { DirectoryTable, type DirectoryRow } from './directory-table.ts'
import { linkFile, setLinkedFlags } from './link-files.ts'
import { makeOther, verifyOther } from './other-entries.ts'
import type { PlanStep } from './plan-step.ts'
import { type RestoreFile, isSimple } from './restore-file.ts'
import { WAY_AS_IS, WAY_CREATE, WAY_IN_PLACE, WAY_REPLACE } from './restore-job.ts'
import type { RestoreTally } from './restore-tally.ts'
import { targetError, unlikeWritten } from './target-errors.ts'
import type { TargetDirectory, TargetTree } from './target-tree.ts'
import type { TemporaryNames } from './temporary-names.ts'

export interface RestoreRunOptions {
  readonly view: OpenPointView
  readonly target: TargetTree
  readonly tally: RestoreTally
  readonly attributes: AttributeWriter
  readonly verify: boolean
  readonly trustUnchanged: boolean
  readonly temporaryNames: TemporaryNames
}

/** Carries out the steps of a plan: all but the content of files, which it collects. */
export class RestoreRun {
  readonly #options: RestoreRunOptions
  readonly #directories = new DirectoryTable()
  readonly #links: PlanStep[] = []
  readonly #lockedLinks: PlanStep[] = []
  readonly #pathOf = ({ directory, name }: PlanStep): ByteString => this.#options.target.pathOf(directory, name)
  /** Files whose content is still to be restored, and how many bytes they have; the caller takes them out. */
  files: RestoreFile[] = []
  bytes = 0

  constructor(options: RestoreRunOptions) {
    this.#options = options
  }

  /** Carries out one step, at once where that is possible; what fails is counted and reported. */
  take(step: PlanStep): Promise<void> | undefined {
    this.#options.tally.planned(step)
    try {
      if (!step.directory.failed) return this.#carryOut(step)?.catch((error: unknown) => this.fail(step, error))
      this.#skip(step)
    } catch (error) {
      this.fail(step, error)
    }
    return undefined
  }

  /** Gives files their other names and directories their attributes: when all files are there. */
  finish(): void {
    for (const step of this.#links) this.#try(step, () => this.#link(step))
    for (const step of this.#lockedLinks) {
      this.#try(step, () => setLinkedFlags(this.#options.target, step, step.entry?.flags ?? 0))
    }
    // Parents stand before children: what is done below a directory would change its time.
    for (let row = this.#directories.count - 1; row >= 0; row--) this.#finishDirectory(this.#directories.get(row))
  }

  fail(step: PlanStep, error: unknown): void {
    const { tally } = this.#options
    if (step.itself !== undefined) step.itself.failed = true
    tally.undone(step)
    const path = this.#pathOf(step)
    tally.fail(path, targetError(path, error), step.bytes)
  }

  /** Counts bytes of a file that is not whole yet. */
  partDone(step: PlanStep, bytes: number): void {
    this.#options.tally.partDone(step, bytes, this.#pathOf)
  }

  /** Counts bytes of a file that were compared with the point. */
  verified({ step, way }: RestoreFile, bytes: number): void {
    if (way === WAY_AS_IS) this.partDone(step, bytes)
    else this.#options.tally.readBack(step, bytes, this.#pathOf)
  }

  done(step: PlanStep): void {
    this.#options.tally.done(step, this.#pathOf)
  }

  #carryOut(step: PlanStep): Promise<void> | undefined {
    const { target } = this.#options
    if (step.entry?.link !== undefined && step.linkTo === undefined && step.entry.flags !== 0) {
      if (step.action !== 'keep') this.#lockedLinks.push(step)
    }
    if (step.itself !== undefined) this.#makeDirectory(step, step.itself)
    else if (step.action === 'delete') {
      removeAt(target.handles.fd(step.directory.path), step.name, { directory: step.kind === 'dir' })
      if (step.kind === 'dir') target.handles.forget(this.#relativePath(step))
      this.done(step)
    } else if (this.#isReadUnchanged(step) && step.entry?.kind === 'file') {
      return this.#collect(step, step.entry)
    } else if (step.action === 'unchanged' || step.action === 'keep') this.done(step)
    else return this.#restore(step)
    return undefined
  }

  #isReadUnchanged({ action, linkTo }: PlanStep): boolean {
    const { verify, trustUnchanged } = this.#options
    return action === 'unchanged' && verify && !trustUnchanged && linkTo === undefined
  }

  #restore(step: PlanStep): Promise<void> | undefined {
    const { target } = this.#options
    const entry = present(step.entry, 'what is restored')
    if (step.linkTo !== undefined) this.#links.push(step)
    else if (entry.kind === 'file') return this.#collect(step, entry)
    else {
      assert(entry.kind !== 'dir', 'a directory was handled before')
      const dirfd = target.handles.fd(step.directory.path)
      const { name, uid, gid, existing } = step
      const temporaryName = existing === undefined ? undefined : this.#temporaryName()
      makeOther(entry, { dirfd, name, temporaryName, uid, gid }, (note) => this.#options.tally.note(note))
      if (this.#options.verify) this.#refuse(step, verifyOther(entry, dirfd, name))
      this.done(step)
    }
    return undefined
  }

  /** Collects a file whose content is to be restored, or only to be verified where it is unchanged. */
  #collect(step: PlanStep, entry: FileEntry): Promise<void> | undefined {
    if (isSimple(entry)) this.#addFile(step, entry, undefined)
    else return this.#options.view.layout(entry).then((layout) => this.#addFile(step, entry, layout))
    return undefined
  }

  #addFile(step: PlanStep, entry: FileEntry, layout: FileLayout | undefined): void {
    const way = wayOf(step)
    const isNew = way === WAY_CREATE && !hasParts(layout)
    this.bytes += entry.size
    if (this.#options.verify && way !== WAY_AS_IS) this.#options.tally.toReadBack(entry.size)
    this.files.push({
      step,
      entry,
      way,
      // Under its own name, a file that an interruption left half-written would pass for what was there before.
      temporaryName: isNew || way === WAY_IN_PLACE || way === WAY_AS_IS ? undefined : this.#temporaryName(),
      layout,
      problem: undefined,
      isShared: false,
      isCounted: false,
      bytesVerified: 0,
    })
  }

  #makeDirectory(step: PlanStep, itself: TargetDirectory): void {
    const { target } = this.#options
    if (!itself.exists) {
      const dirfd = target.handles.fd(step.directory.path)
      if (step.existing !== undefined) {
        removeAt(dirfd, step.name)
        target.handles.forget(itself.path)
      }
      // Nobody else looks inside before it is finished.
      makeDirectoryAt(dirfd, step.name, 0o700)
      itself.exists = true
      itself.isNew = true
      itself.inherits = step.directory.inherits
    }
    const { action, entry, uid, gid } = step
    if (action !== 'keep' && entry?.kind === 'dir') {
      const isUsed = !itself.isNew || itself.inherits
      this.#directories.add({ path: itself.path, entry, uid, gid, action, isUsed })
    }
    this.done(step)
  }

  #finishDirectory(row: DirectoryRow): void {
    const { target, attributes, verify, tally } = this.#options
    try {
      target.withDescriptor(row.path, (fd) => {
        attributes.apply(fd, row, { isOwn: false, isUsed: row.isUsed })
        if (verify && compareTimespec(statusOf(fd).mtime, row) !== 0) {
          throw unlikeWritten(target.pathOf(target.root, row.path), 'its time of change differs')
        }
      })
    } catch (error) {
      tally.undone({ action: row.action, bytes: 0, failed: false })
      const path = target.pathOf(target.root, row.path)
      tally.fail(path, targetError(path, error))
    }
  }

  #link(step: PlanStep): void {
    const { target } = this.#options
    linkFile(target, step, this.#temporaryName())
    this.done(step)
  }

  /** What lies in a directory that failed is not named one by one. */
  #skip(step: PlanStep): void {
    if (step.itself !== undefined) step.itself.failed = true
    this.#options.tally.undone(step)
    this.done(step)
  }

  #try(step: PlanStep, action: () => void): void {
    if (step.failed) return
    try {
      action()
    } catch (error) {
      this.fail(step, error)
    }
  }

  #refuse(step: PlanStep, problem: string | undefined): void {
    if (problem !== undefined) throw unlikeWritten(this.#pathOf(step), problem)
  }

  #temporaryName(): ByteString {
    return this.#options.temporaryNames.next()
  }

  #relativePath({ directory, name }: PlanStep): ByteString {
    return (directory.path === '' ? name : `${directory.path}/${name}`) as ByteString
  }
}

function wayOf({ action, existing }: PlanStep): RestoreFile['way'] {
  if (action === 'unchanged') return WAY_AS_IS
  if (existing === undefined) return WAY_CREATE
  // Other names of the file in its place stay what they are.
  return existing.kind === 'file' && existing.nlink === 1 ? WAY_IN_PLACE : WAY_REPLACE
}

/** Tells whether a file may be written by several jobs, and so be half-written for a while. */
function hasParts(layout: FileLayout | undefined): boolean {
  return layout !== undefined && layout.starts.length > 2
}
