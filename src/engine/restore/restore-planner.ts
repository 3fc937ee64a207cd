import { type ByteString, joinPath } from '../../base/byte-string.ts'
import { errnoOf, TargetError, type TidemarkError } from '../../base/errors.ts'
import { DEEP_PATH_BYTES_MAX } from '../../base/limits.ts'
import { readLinkAt } from '../../base/posix/files.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import { entryNameProblem } from '../../format/entry-name.ts'
import type { TreeEntry } from '../../format/tree.ts'
import { type DirectoryListing, findEntry } from '../point-view-directory.ts'
import type { OpenPointView } from '../point-view.ts'
import type { OverwriteMode, RestoreAction, RestoreOptions } from '../restore-types.ts'
import { chooseAction, chooseForLink, isContentSame } from './choose-action.ts'
import { ListingQueue } from './listing-queue.ts'
import { LeftAlone } from './left-alone.ts'
import { deletion, planDeletions } from './plan-deletions.ts'
import type { RestoreStart } from './plan-restore.ts'
import type { PlanStep } from './plan-step.ts'
import { RestoreFilter, type Wanted } from './restore-filter.ts'
import { RestoreOwners } from './restore-owners.ts'
import { targetError } from './target-errors.ts'
import { type TargetDirectory, type TargetTree, childDirectory } from './target-tree.ts'
import { isLeftOver, isTemporaryName } from './temporary-names.ts'

export interface PlannerOptions {
  readonly view: OpenPointView
  readonly target: TargetTree
  readonly options: RestoreOptions
  /** Whether owners can be set, so that they count when entries are compared. */
  readonly canSetOwners: boolean
  /** Wall clock. */
  readonly nowMs: number
  readonly onFailure: (path: ByteString, error: TidemarkError) => void
}

const none: readonly ByteString[] = []

interface Level {
  readonly directory: TargetDirectory
  readonly entry: TreeEntry
  readonly wanted: Wanted
  /** Which existing files in it are overwritten. */
  readonly overwrite: OverwriteMode
  /** Where what is wanted begins: on its file system alone something is deleted. */
  readonly begin: TargetDirectory
}

/** Directories beside each other, which are planned one after the other. */
interface Siblings {
  readonly levels: readonly Level[]
  readonly listings: ListingQueue
  next: number
}

function siblingsOf(view: OpenPointView, levels: readonly Level[]): Siblings {
  const entries = levels.map(({ entry }) => entry)
  return { levels, listings: new ListingQueue(view, entries), next: 0 }
}

/**
 * Decides what a restore does, entry by entry, and does nothing itself.
 *
 * Steps come directory by directory, parents before children. Whoever does them does so before asking for more: what is
 * below a directory depends on whether that was made.
 */
export class RestorePlanner {
  readonly #options: PlannerOptions
  readonly #filter: RestoreFilter
  readonly #owners: RestoreOwners
  readonly #leftAlone: LeftAlone
  /** The first name of each file with several. */
  readonly #links = new Map<string, PlanStep>()
  /** Steps of directories that are only made when something in them is restored. */
  readonly #pending = new Map<TargetDirectory, PlanStep>()

  /** @throws {UsageError} BAD_PATTERN */
  constructor(options: PlannerOptions) {
    this.#options = options
    this.#filter = new RestoreFilter(options.options)
    this.#leftAlone = new LeftAlone(options.options.leaveAlone ?? [])
    this.#owners = new RestoreOwners({ numericIds: options.options.numericIds === true })
  }

  /** Returns, once all is planned, what the user should know about what was asked for. */
  warnings(): string[] {
    return this.#filter.unused.map((pattern) => {
      return `the pattern ${JSON.stringify(pattern)} matched nothing; patterns are relative to what is restored`
    })
  }

  /** Plans the entry that the user named: a directory's content, or a single file. */
  async *plan({ entry: start, siblings }: RestoreStart): AsyncGenerator<readonly PlanStep[]> {
    const { target, view } = this.#options
    const first = this.#firstLevel(start)
    if (start.kind !== 'dir') {
      const listing = { ...siblings, entries: [start] }
      const names = target.root.exists ? target.list(target.root) : none
      const leftOver = this.#planLeftOvers(target.root, names, listing)
      const { steps } = this.#planDirectory({ ...first, wanted: 'yes' }, listing, undefined)
      yield [...leftOver, ...steps]
      return
    }
    if (start.name !== '' && this.#isTargetRestored(first)) yield [this.#rootStep(first, siblings)]
    const stack = [siblingsOf(view, [first])]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const at = top.next++
      const level = top.levels[at]
      if (level === undefined) {
        stack.pop()
        // Nothing below them was wanted, so they are not either.
        for (const { directory } of top.levels) this.#pending.delete(directory)
      } else if (!level.directory.failed) {
        const planned = await this.#read(level, () => top.listings.take(at))
        if (planned === undefined) continue
        if (planned.steps.length > 0) yield this.#withPending(level.directory, planned.steps)
        if (planned.below.length > 0) stack.push(siblingsOf(view, planned.below))
      }
    }
  }

  #firstLevel(entry: TreeEntry): Level {
    const { target, options } = this.#options
    const { wantsRoot: wanted, hasSelections } = this.#filter
    const overwrite = this.#filter.modeOf('' as ByteString) ?? (hasSelections ? 'never' : options.overwrite)
    return { directory: target.root, entry, wanted, overwrite, begin: target.root }
  }

  /** Returns `undefined` when the directory cannot be read, here or in the point. */
  async #read(
    level: Level,
    list: () => Promise<DirectoryListing>,
  ): Promise<{ steps: readonly PlanStep[]; below: readonly Level[] } | undefined> {
    const { directory } = level
    try {
      const listing = await list()
      const names = directory.exists && !directory.isNew ? this.#namesIn(level) : none
      return this.#planDirectory(level, listing, names)
    } catch (error) {
      this.#fail(directory, '' as ByteString, error)
      return undefined
    }
  }

  /** Returns the names in a directory; `undefined` where it only leads to what is wanted, and may not be listed. */
  #namesIn({ directory, wanted }: Level): readonly ByteString[] | undefined {
    try {
      return this.#options.target.list(directory)
    } catch (error) {
      if (wanted === 'below' && errnoOf(error) === 'EACCES') return undefined
      throw error
    }
  }

  #planDirectory(
    level: Level,
    listing: DirectoryListing,
    names: readonly ByteString[] | undefined,
  ): { steps: readonly PlanStep[]; below: readonly Level[] } {
    const { directory, wanted } = level
    const isThere = names && new Set(names)
    const steps: PlanStep[] = names === undefined ? [] : this.#planLeftOvers(directory, names, listing)
    const below: Level[] = []
    for (const entry of listing.entries) {
      const path = this.#filter.asksForPaths ? joinPath(directory.path, entry.name) : undefined
      const entryWanted = path === undefined ? 'yes' : this.#filter.wants(path, entry.kind === 'dir', wanted)
      if (entryWanted === 'no') continue
      try {
        const ownMode = path === undefined ? undefined : this.#filter.modeOf(path)
        const overwrite = ownMode ?? this.#modeBelow(level, entryWanted)
        const step = this.#planEntry(directory, entry, { listing, isThere, steps, overwrite })
        if (entryWanted === 'yes') steps.push(step)
        else this.#refuseOther(step)
        if (step.itself === undefined) continue
        if (step.itself.path.length > DEEP_PATH_BYTES_MAX) throw new Error('its path is too long')
        if (entryWanted === 'below' && !this.#isOnTheWay(step)) this.#pending.set(step.itself, step)
        const begin = ownMode === undefined ? level.begin : step.itself
        below.push({ directory: step.itself, entry, wanted: entryWanted, overwrite, begin })
      } catch (error) {
        this.#fail(directory, entry.name, error)
      }
    }
    // A preview makes no directories: one that is yet to be made has nothing in it that could be deleted.
    if (this.#options.options.delete && directory.exists && names !== undefined && this.#mayDeleteIn(level))
      this.#planDeletions(directory, { wanted, listing, names, steps })
    return { steps, below }
  }

  /** Which existing files are overwritten in what nobody said so of by name. */
  #modeBelow({ overwrite, wanted }: Level, entryWanted: Wanted): OverwriteMode {
    if (!this.#filter.hasSelections) return overwrite
    return wanted === 'yes' && entryWanted === 'yes' ? overwrite : 'never'
  }

  /** Something else must not stand where a directory leads to what was selected: that would get lost without a word. */
  #refuseOther({ entry, itself }: PlanStep): void {
    if (!this.#filter.hasSelections || entry?.kind !== 'dir' || itself !== undefined) return
    throw new TargetError('TARGET_FAILED', 'something else stands where the folder of what was selected was', {
      hint: 'Move it away, or restore to another folder.',
    })
  }

  /** Whether it is a directory that nobody selected, and is there: it is left as it is, and is not worth a word. */
  #isOnTheWay({ existing }: PlanStep): boolean {
    return this.#filter.hasSelections && existing !== undefined
  }

  /** Whether what is not in the point may be deleted from a directory: not on another file system that is mounted there. */
  #mayDeleteIn({ directory, begin, wanted }: Level): boolean {
    if (wanted !== 'yes' && this.#filter.hasSelections) return false
    const { target } = this.#options
    const status = target.status(directory, '' as ByteString)
    if (this.#leftAlone.has(status)) return false
    const root = target.status(begin, '' as ByteString)
    return root.mountId === status.mountId && root.devMajor === status.devMajor && root.devMinor === status.devMinor
  }

  #planEntry(
    directory: TargetDirectory,
    entry: TreeEntry,
    where: {
      listing: DirectoryListing
      isThere: ReadonlySet<ByteString> | undefined
      steps: PlanStep[]
      overwrite: OverwriteMode
    },
  ): PlanStep {
    const problem = entryNameProblem(entry.name)
    // Trees are checked when they are decoded. Nothing but this stands between a name and the target.
    if (problem !== undefined) throw new Error(problem)
    let existing =
      directory.exists && (where.isThere?.has(entry.name) ?? true)
        ? this.#statusIfThere(directory, entry.name)
        : undefined
    const { overwrite } = where
    const uid = this.#owners.uid(entry.uid, where.listing.users)
    const gid = this.#owners.gid(entry.gid, where.listing.groups)
    let action = existing === undefined ? 'create' : this.#choose({ directory, entry, existing, uid, gid, overwrite })
    if (action === 'overwrite' && existing?.kind === 'dir' && entry.kind !== 'dir') {
      if (!this.#clearWay(directory, entry.name, where.steps)) {
        throw new Error('a directory that is not empty stands in its place (--delete replaces it)')
      }
      existing = undefined
    }
    const linkTo = entry.link === undefined || entry.kind === 'dir' ? undefined : this.#links.get(entry.link.group)
    if (linkTo !== undefined && existing !== undefined) {
      action = chooseForLink({ entry, existing, linkTo }, overwrite)
    }
    const isContent =
      existing !== undefined && isContentSame({ entry, existing, existingTarget: undefined, owner: undefined })
    const bytes = entry.kind === 'file' && linkTo === undefined ? entry.size : 0
    const isOtherKept = action === 'keep' && existing?.kind !== 'dir'
    const step: PlanStep = {
      action,
      directory,
      name: entry.name,
      kind: entry.kind,
      bytes,
      entry,
      existing,
      itself:
        entry.kind === 'dir' && !isOtherKept
          ? childDirectory(directory, entry.name, existing?.kind === 'dir')
          : undefined,
      uid,
      gid,
      linkTo,
      isContentSame: isContent,
      comparesContent: overwrite === 'always',
      failed: false,
    }
    if (entry.link !== undefined && linkTo === undefined && action !== 'keep' && entry.kind !== 'dir') {
      this.#links.set(entry.link.group, step)
    }
    return step
  }

  #statusIfThere(directory: TargetDirectory, name: ByteString): FileStatus | undefined {
    try {
      return this.#options.target.status(directory, name)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  #choose(meeting: {
    directory: TargetDirectory
    entry: TreeEntry
    existing: FileStatus
    uid: number
    gid: number
    overwrite: OverwriteMode
  }): RestoreAction {
    const { directory, entry, existing, uid, gid, overwrite } = meeting
    const { target, canSetOwners } = this.#options
    const existingTarget =
      existing.kind === 'symlink' ? readLinkAt(target.handles.fd(directory.path), entry.name) : undefined
    const owner = canSetOwners ? { uid, gid } : undefined
    return chooseAction({ entry, existing, existingTarget, owner }, overwrite)
  }

  /** Plans to delete a directory that is in the way of something else, if that may be done. */
  #clearWay(directory: TargetDirectory, name: ByteString, steps: PlanStep[]): boolean {
    const { target, options } = this.#options
    const isEmpty = target.list(childDirectory(directory, name, true)).length === 0
    return (options.delete || isEmpty) && this.#deleteTree(directory, name, steps)
  }

  #planDeletions(
    directory: TargetDirectory,
    found: { wanted: Wanted; listing: DirectoryListing; names: readonly ByteString[]; steps: PlanStep[] },
  ): void {
    if (found.names.length === 0) return
    const stays = new Set(found.listing.entries.map(({ name }) => name))
    for (const name of [...found.names].sort()) {
      if (stays.has(name) || isTemporaryName(name)) continue
      try {
        const isDirectory = this.#options.target.status(directory, name).kind === 'dir'
        const path = joinPath(directory.path, name)
        if (this.#filter.wants(path, isDirectory, found.wanted) === 'yes')
          this.#deleteTree(directory, name, found.steps)
      } catch (error) {
        this.#fail(directory, name, error)
      }
    }
  }

  /** What a restore that was killed left half-written takes room, and nobody would know it for what it is. */
  #planLeftOvers(directory: TargetDirectory, names: readonly ByteString[], listing: DirectoryListing): PlanStep[] {
    const steps: PlanStep[] = []
    for (const name of names) {
      if (!isTemporaryName(name) || findEntry(listing.entries, name) !== undefined) continue
      const status = this.#statusIfThere(directory, name)
      if (status === undefined || status.kind === 'dir') continue
      if (isLeftOver(name, status.ctime, this.#options.nowMs)) steps.push(deletion(directory, name, status))
    }
    return steps
  }

  #deleteTree(directory: TargetDirectory, name: ByteString, steps: PlanStep[]): boolean {
    const deletions = planDeletions(
      {
        target: this.#options.target,
        leftAlone: this.#leftAlone,
        protects: (path, isDirectory) => this.#filter.protects(path, isDirectory),
        onFailure: (at, failedName, error) => this.#fail(at, failedName, error),
      },
      directory,
      name,
    )
    let next = deletions.next()
    for (; next.done !== true; next = deletions.next()) steps.push(next.value)
    return next.value
  }

  /** A directory that somebody uses already keeps its own mode and owner unless told otherwise. */
  #isTargetRestored({ overwrite, wanted }: Level): boolean {
    const { target, options } = this.#options
    // Where others were selected below it, it is restored only where it is gone from its place.
    if (this.#filter.hasSelections && wanted !== 'yes') return target.root.isNew && options.target === undefined
    if (target.root.isNew || options.target === undefined || overwrite !== 'never') return true
    return target.list(target.root).length === 0
  }

  /** The target itself becomes what lands in it. */
  #rootStep({ entry, overwrite }: Level, { users, groups }: DirectoryListing): PlanStep {
    const { target } = this.#options
    const { root } = target
    const existing = root.isNew ? undefined : target.status(root, '' as ByteString)
    const uid = this.#owners.uid(entry.uid, users)
    const gid = this.#owners.gid(entry.gid, groups)
    const isUnused = existing === undefined || target.list(root).length === 0
    const action = isUnused ? 'create' : this.#choose({ directory: root, entry, existing, uid, gid, overwrite })
    const base = { action, directory: root, name: '' as ByteString, kind: 'dir', bytes: 0, entry, uid, gid }
    const content = { isContentSame: true, comparesContent: false }
    return { ...base, existing, itself: root, linkTo: undefined, ...content, failed: false }
  }

  #withPending(directory: TargetDirectory, steps: readonly PlanStep[]): readonly PlanStep[] {
    const above: PlanStep[] = []
    for (let at: TargetDirectory | undefined = directory; at !== undefined; at = at.parent) {
      const step = this.#pending.get(at)
      if (step === undefined) continue
      this.#pending.delete(at)
      above.unshift(step)
    }
    return above.length === 0 ? steps : [...above, ...steps]
  }

  #fail(directory: TargetDirectory, name: ByteString, error: unknown): void {
    const path = this.#options.target.pathOf(directory, name)
    this.#options.onFailure(path, targetError(path, error))
  }
}
