import { present } from '../../base/assert.ts'
import { type ByteString, joinPath } from '../../base/byte-string.ts'
import { errnoOf } from '../../base/errors.ts'
import { DEEP_PATH_BYTES_MAX } from '../../base/limits.ts'
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, S_IFDIR, S_IFMT, S_IFREG } from '../../base/posix/constants.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { openDirectory, openDirectoryAt, readDirectory } from '../../base/posix/directory.ts'
import { errno, errnoName, lastError } from '../../base/posix/errno.ts'
import { kindOfMode } from '../../base/posix/statx.ts'
import type { Trouble } from '../backup-types.ts'
import { chooseRoots } from './choose-roots.ts'
import { type EntryExtras, readExtrasAt, readExtrasOf } from './entry-extras.ts'
import { EntryStatus } from './entry-status.ts'
import {
  EntryTable,
  ROW_COUNT,
  ROW_FIRST,
  ROW_FLAG_ABSENT,
  ROW_FLAG_UNSURE,
  ROW_FLAG_VIRTUAL,
  ROW_FLAGS,
  ROW_GID,
  ROW_ID_COUNT,
  ROW_INO,
  ROW_MODE,
  ROW_NAME,
  ROW_UID,
} from './entry-table.ts'
import { FileSystems } from './file-systems.ts'
import { readCacheTag } from './read-cache-tag.ts'
import { type RootNode, rootTree } from './root-tree.ts'
import { RowStates } from './row-states.ts'
import { isMissing, reasonOf, tooDeep, unreadableRoot } from './scan-errors.ts'
import type { ScannedDirectory, ScanOptions } from './scan-options.ts'
import { isDevice, sameAsRow, setRow } from './stat-row.ts'
import { isUnsure } from './unsure.ts'

interface Frame {
  readonly row: number
  readonly fd: number
  readonly path: ByteString
  /** Path below the root that it belongs to; '' for the root. */
  readonly relative: ByteString
  readonly device: string
  next: number
  end: number
}

/**
 * Walks directories and records every entry in a table, comparing it with a base as it goes.
 *
 * A directory that is as the base says is not listed again: the kernel changes its times whenever an entry comes or goes.
 * Its entries are still looked at one by one. Everything is opened relative to its parent and no link is followed.
 */
export class Scanner {
  readonly table = new EntryTable()
  readonly states = new RowStates()
  /** Link targets and extended attributes of entries that are new or changed and are not files. */
  readonly extras = new Map<number, EntryExtras>()
  /** Roots that cannot be read now: the table says nothing of what lies below them. */
  unreadableRoots: readonly ByteString[] = []
  /** What was left out, for the next scan's `baseSkips`. */
  readonly skips = new Map<ByteString, Trouble[]>()
  readonly #options: ScanOptions
  readonly #status = new EntryStatus()
  readonly #fileSystems = new FileSystems()
  readonly #leftOut: ReadonlySet<string>
  readonly #stack: Frame[] = []

  constructor(options: ScanOptions) {
    this.#options = options
    if (options.base !== undefined) this.table.startFrom(options.base)
    this.#leftOut = new Set(options.leaveOut.flatMap((path) => this.#identityOf(path)))
  }

  /**
   * Records everything; yields each directory once its entries are in the table, parents before children.
   *
   * @throws {SourceError} SOURCE_NOT_FOUND, SOURCE_UNREADABLE: none of the roots can be read, or one went just now.
   * @throws {UsageError} BAD_ARGUMENT, as `chooseRoots`
   */
  *scan(): Generator<ScannedDirectory> {
    const { roots, unreadable } = chooseRoots(this.#options)
    this.unreadableRoots = unreadable
    const top = rootTree(roots, this.#options.bare)
    this.#statPath('/' as ByteString, 0)
    this.table.addRows(1)
    this.table.addName('' as ByteString)
    this.#record(0, this.#options.base === undefined ? -1 : 0)
    try {
      if (top.isRoot) yield* this.#scanRoot(0, '/' as ByteString)
      else yield* this.#scanVirtual(0, top, '/' as ByteString)
    } finally {
      for (const frame of this.#stack) closeDescriptor(frame.fd)
    }
  }

  /** Records the entries of a directory above the roots that lead to them. */
  *#scanVirtual(row: number, node: RootNode, path: ByteString): Generator<ScannedDirectory> {
    const names = [...node.children.keys()].sort()
    this.table.setWord(row, ROW_FLAGS, this.table.word(row, ROW_FLAGS) | ROW_FLAG_VIRTUAL)
    const first = this.table.addRows(names.length)
    this.table.setWord(row, ROW_FIRST, first)
    this.table.setWord(row, ROW_COUNT, names.length)
    const baseNames = this.#baseEntries(row)
    names.forEach((name, i) => {
      const child = present(node.children.get(name), 'a child')
      // Directories above a root may be links, such as /var/run: what the user named lies behind them.
      this.#statPath(joinPath(path, name), child.isRoot ? AT_SYMLINK_NOFOLLOW : 0)
      this.table.setWord(first + i, ROW_NAME, this.table.addName(name))
      this.#record(first + i, baseNames?.get(name) ?? -1)
      if (!child.isRoot) this.#settleVirtual(first + i)
      else if (this.#isDirectory(first + i) && this.#leftOut.has(this.#status.identity))
        this.#closeRoot(first + i, path, name)
      const isWhole = !child.isRoot && this.#options.bare !== undefined
      if (isWhole || !this.#isDirectory(first + i)) this.#readExtras(AT_FDCWD, first + i, joinPath(path, name))
    })
    yield { row, path }
    for (const [i, name] of names.entries()) {
      const child = present(node.children.get(name), 'a child')
      const childPath = joinPath(path, name)
      if (!child.isRoot) yield* this.#scanVirtual(first + i, child, childPath)
      else if (this.#isDirectory(first + i) && !this.states.isClosed(first + i)) {
        yield* this.#scanRoot(first + i, childPath)
      }
    }
  }

  /** A directory above the roots is the same while it is itself: its times tell of entries that are none of ours. */
  #settleVirtual(row: number): void {
    const { base } = this.#options
    const baseRow = this.states.base(row)
    if (base === undefined || baseRow < 0) return
    const isSame = [ROW_INO, ROW_INO + 1, ROW_MODE, ROW_UID, ROW_GID].every(
      (word) => this.table.word(row, word) === base.word(baseRow, word),
    )
    if (isSame) this.#setSame(row, baseRow, base)
  }

  /** A root that is reached through a link and is the repository, or a folder of ours, stays empty. */
  #closeRoot(row: number, parent: ByteString, name: ByteString): void {
    this.states.close(row)
    this.#options.trouble({ path: joinPath(parent, name), reason: 'repository' })
  }

  *#scanRoot(row: number, path: ByteString): Generator<ScannedDirectory> {
    let fd: number
    try {
      fd = openDirectory(path)
    } catch (cause) {
      throw unreadableRoot(path, cause)
    }
    this.#status.lookAtOpen(fd)
    yield* this.#enter({ row, fd, path, relative: '' as ByteString, device: this.#status.device, next: 0, end: 0 })
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (frame.next === frame.end) {
        closeDescriptor(frame.fd)
        this.#stack.pop()
        continue
      }
      const child = frame.next++
      if (this.#isDirectory(child) && !this.states.isClosed(child)) yield* this.#descend(frame, child)
    }
  }

  *#descend(parent: Frame, row: number): Generator<ScannedDirectory> {
    const name = this.table.name(row)
    const path = joinPath(parent.path, name)
    let fd: number
    try {
      if (path.length > DEEP_PATH_BYTES_MAX) throw tooDeep(path)
      fd = openDirectoryAt(parent.fd, name)
    } catch (error) {
      this.#entryFailed(row, path, error)
      yield { row, path }
      return
    }
    const relative = parent.relative === '' ? name : joinPath(parent.relative, name)
    yield* this.#enter({ row, fd, path, relative, device: parent.device, next: 0, end: 0 })
  }

  /** Records a directory's entries and makes it the one to go on with. */
  *#enter(frame: Frame): Generator<ScannedDirectory> {
    this.#stack.push(frame)
    const { row, fd } = frame
    if (!this.states.isSame(row)) this.#keepExtras(row, frame.path, () => readExtrasOf(fd))
    if (!this.#takeOver(frame)) this.#list(frame)
    frame.next = this.table.word(row, ROW_FIRST)
    frame.end = frame.next + this.table.word(row, ROW_COUNT)
    yield { row, path: frame.path }
  }

  /** Records the entries of the base for a directory that has not changed since; false when it must be listed. */
  #takeOver(frame: Frame): boolean {
    const { base, trustListings } = this.#options
    const baseRow = this.states.base(frame.row)
    if (base === undefined || !trustListings || baseRow < 0 || !this.states.isSame(frame.row)) return false
    const flags = base.word(baseRow, ROW_FLAGS)
    const hasInode = base.wide(baseRow, ROW_INO) !== 0
    if (!hasInode || (flags & (ROW_FLAG_UNSURE | ROW_FLAG_VIRTUAL)) !== 0) return false
    const { table } = this
    const [rowsBefore, namesBefore] = [table.count, table.namesBytes]
    const count = base.word(baseRow, ROW_COUNT)
    const baseFirst = base.word(baseRow, ROW_FIRST)
    const first = table.copyEntries(base, baseFirst, count)
    for (let i = 0; i < count; i++) {
      const row = first + i
      const name = table.namesAddress + table.word(row, ROW_NAME)
      if (!this.#status.look(frame.fd, name)) {
        table.truncate(rowsBefore, namesBefore)
        // The rows come again, perhaps for other entries.
        for (let left = rowsBefore; left <= row; left++) this.extras.delete(left)
        return false
      }
      this.#compareTaken(frame, row, baseFirst + i)
    }
    table.setWord(frame.row, ROW_FIRST, first)
    table.setWord(frame.row, ROW_COUNT, count)
    for (const trouble of this.#options.baseSkips?.get(frame.path) ?? []) this.#skip(frame, trouble)
    return true
  }

  #compareTaken(frame: Frame, row: number, baseRow: number): void {
    const { table, states } = this
    const isSame = sameAsRow(table.rows, row, this.#status.words)
    const unsure = (table.word(row, ROW_FLAGS) & ROW_FLAG_UNSURE) !== 0
    table.setWord(row, ROW_FIRST, 0)
    table.setWord(row, ROW_COUNT, 0)
    if (isSame && !unsure) {
      states.setSame(row, baseRow)
    } else {
      this.#record(row, baseRow)
    }
    this.#finishEntry(frame, row)
  }

  #list(frame: Frame): void {
    const { table } = this
    let names: ByteString[]
    try {
      names = readDirectory(frame.fd).sort()
    } catch (error) {
      this.#entryFailed(frame.row, frame.path, error)
      names = []
    }
    const marker = this.#options.filter.markerIn(names, () => readCacheTag(frame.fd))
    if (marker !== undefined) {
      this.#skip(frame, { path: frame.path, reason: marker.reason })
      names = marker.keep === undefined ? [] : [marker.keep]
    }
    const baseNames = names.length === 0 ? undefined : this.#baseEntries(frame.row)
    const first = table.count
    for (const name of names) {
      const namesBefore = table.namesBytes
      const nameAt = table.addName(name)
      const address = table.namesAddress + nameAt
      if (!this.#status.look(frame.fd, address)) {
        table.truncate(table.count, namesBefore)
        this.#statFailed(joinPath(frame.path, name))
      } else if (this.#isLeftOut(frame, name)) {
        table.truncate(table.count, namesBefore)
      } else {
        const row = table.addRows(1)
        table.setWord(row, ROW_NAME, nameAt)
        this.#record(row, baseNames?.get(name) ?? -1)
        this.#finishEntry(frame, row)
      }
    }
    table.setWord(frame.row, ROW_FIRST, first)
    table.setWord(frame.row, ROW_COUNT, table.count - first)
  }

  /** Whether the entry that was just looked at has no place in the point; tells why. */
  #isLeftOut(frame: Frame, name: ByteString): boolean {
    const { filter } = this.#options
    const { mode } = this.#status
    const isDirectory = (mode & S_IFMT) === S_IFDIR
    const path = joinPath(frame.path, name)
    if (kindOfMode(mode) === undefined) {
      this.#skip(frame, { path, reason: 'unsupported' })
      return true
    }
    if (isDirectory && this.#leftOut.size > 0 && this.#leftOut.has(this.#status.identity)) {
      this.#skip(frame, { path, reason: 'repository' })
      return true
    }
    if (!filter.hasPatterns) return false
    const relative = frame.relative === '' ? name : joinPath(frame.relative, name)
    if (!filter.excludes(relative, isDirectory)) return false
    const bytes = isDirectory ? undefined : this.#status.size
    this.#skip(frame, { path, reason: 'excluded', bytes })
    return true
  }

  #skip({ path }: Frame, trouble: Trouble): void {
    const skips = this.skips.get(path)
    if (skips === undefined) this.skips.set(path, [trouble])
    else skips.push(trouble)
    this.#options.trouble(trouble)
  }

  /** Fills a row from the last statx and compares it with a row of the base. */
  #record(row: number, baseRow: number): void {
    const { table, states } = this
    const { base, startedMs } = this.#options
    const isKnown = base !== undefined && baseRow >= 0 && (base.word(baseRow, ROW_FLAGS) & ROW_FLAG_ABSENT) === 0
    const wasUnsure = isKnown && (base.word(baseRow, ROW_FLAGS) & ROW_FLAG_UNSURE) !== 0
    const isSame = isKnown && !wasUnsure && sameAsRow(base.rows, baseRow, this.#status.words)
    table.setWord(row, ROW_FLAGS, 0)
    table.setWord(row, ROW_ID_COUNT, 0)
    setRow(table.rows, row, this.#status.words)
    const unsure = isUnsure(this.#status.words, startedMs) ? ROW_FLAG_UNSURE : 0
    table.setWord(row, ROW_FLAGS, table.word(row, ROW_FLAGS) | unsure | this.#status.deviceBits)
    if (isSame) this.#setSame(row, baseRow, base)
    else if (isKnown) states.setChanged(row, baseRow)
    else states.setNew(row)
  }

  /** A row that is as the base says has the content that the base says. */
  #setSame(row: number, baseRow: number, base: EntryTable): void {
    const { table, states } = this
    states.setSame(row, baseRow)
    table.setWhole(row, base.isWhole(baseRow))
    if (!isDevice(table.word(row, ROW_MODE))) table.takeIds(row, base, baseRow)
  }

  /** What a recorded entry needs while its directory is open: what lies behind it, and its attributes. */
  #finishEntry(frame: Frame, row: number): void {
    const kind = this.table.word(row, ROW_MODE) & S_IFMT
    if (kind === S_IFREG) return
    if (kind === S_IFDIR) {
      if (this.#status.device === frame.device) return
      const name = this.table.name(row)
      const path = joinPath(frame.path, name)
      // Asked about first: a mounted point is read from a store that may be far away.
      if (this.#options.mountedPoints?.has(this.#status.device) === true) {
        this.states.close(row)
        this.#options.trouble({ path, reason: 'mounted-point' })
        return
      }
      if (this.#options.crossFilesystems) return
      if (this.#fileSystems.isSame(frame.fd, frame.device, name, this.#status.device)) return
      this.states.close(row)
      const bytes = this.#fileSystems.bytesUsed(frame.fd, name)
      this.#options.trouble({ path, reason: 'other-file-system', bytes })
      return
    }
    if (!this.states.isSame(row)) this.#readExtras(frame.fd, row, joinPath(frame.path, this.table.name(row)))
  }

  #readExtras(dirfd: number, row: number, path: ByteString): void {
    if (this.states.isSame(row) || (this.table.word(row, ROW_MODE) & S_IFMT) === S_IFREG) return
    const name = dirfd === AT_FDCWD ? path : this.table.name(row)
    this.#keepExtras(row, path, () => readExtrasAt(dirfd, name, this.table.word(row, ROW_MODE)))
  }

  #keepExtras(row: number, path: ByteString, read: () => EntryExtras | undefined): void {
    try {
      const extras = read()
      if (extras !== undefined) this.extras.set(row, extras)
    } catch (error) {
      this.#entryFailed(row, path, error)
    }
  }

  /** An entry that is in the table cannot be read: it is gone, or it stays without what is in it. */
  #entryFailed(row: number, path: ByteString, error: unknown): void {
    const code = errnoOf(error)
    if (code === undefined) throw error
    if (isMissing(code)) this.states.setGone(row)
    this.states.distrust(row)
    this.#options.trouble({ path, reason: reasonOf(code), error: error as Error })
  }

  #statFailed(path: ByteString): void {
    const error = lastError('statx', path)
    this.#options.trouble({ path, reason: reasonOf(errnoName(errno())), error })
  }

  #statPath(path: ByteString, flags: number): void {
    if (!this.#status.lookAt(path, flags)) throw unreadableRoot(path, lastError('statx', path))
  }

  /** Returns the rows of the base for the entries of a directory, by name. */
  #baseEntries(row: number): Map<ByteString, number> | undefined {
    const { base } = this.#options
    const baseRow = this.states.base(row)
    if (base === undefined || baseRow < 0) return undefined
    const names = new Map<ByteString, number>()
    const first = base.word(baseRow, ROW_FIRST)
    for (let i = first; i < first + base.word(baseRow, ROW_COUNT); i++) names.set(base.name(i), i)
    return names
  }

  #isDirectory(row: number): boolean {
    return (this.table.word(row, ROW_MODE) & S_IFMT) === S_IFDIR
  }

  #identityOf(path: ByteString): string[] {
    return this.#status.lookAt(path, 0) ? [this.#status.identity] : []
  }
}
