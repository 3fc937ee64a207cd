import { mkdirSync } from 'node:fs'
import { type ByteString, bytesOf, display, joinPath } from '../../base/byte-string.ts'
import { UsageError, errnoOf } from '../../base/errors.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { openDirectory, openDirectoryAt, readDirectory } from '../../base/posix/directory.ts'
import { type FileStatus, statusAt, statusOf } from '../../base/posix/statx.ts'
import { readXattrs } from '../../base/posix/xattr.ts'
import { DirectoryHandles } from './directory-handles.ts'
import { targetError } from './target-errors.ts'

const CANNOT_BE_MADE = 'cannot be made: nobody can make folders there, or a link leads nowhere'

/** A directory of the target, perhaps one that is yet to be made. */
export interface TargetDirectory {
  readonly parent: TargetDirectory | undefined
  readonly name: ByteString
  /** Relative to the target; the target itself is ''. */
  readonly path: ByteString
  /** It is there now. */
  exists: boolean
  /** This restore made it: it holds nothing else. */
  isNew: boolean
  /** It gives new files a group or an access control list of its own. */
  inherits: boolean
  /** Nothing below it can be restored. */
  failed: boolean
}

export function childDirectory(parent: TargetDirectory, name: ByteString, exists: boolean): TargetDirectory {
  const path = joinPath(parent.path, name)
  return { parent, name, path, exists, isNew: false, inherits: parent.inherits, failed: false }
}

/** Makes a directory and its parents. Node's way of doing so never ends where nobody can make any, as below `/proc`. */
function makeDirectories(path: ByteString): void {
  try {
    makeDirectory(path)
  } catch (error) {
    const parent = path.slice(0, Math.max(1, path.lastIndexOf('/'))) as ByteString
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error
    makeDirectories(parent)
    makeDirectory(path)
  }
}

function makeDirectory(path: ByteString): void {
  try {
    mkdirSync(bytesOf(path))
  } catch (error) {
    // Perhaps of another process; what else is in its place is told when it is opened.
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

function unsuitable(path: ByteString, what: string, cause: unknown): UsageError {
  return new UsageError('BAD_ARGUMENT', `${display(path)} ${what}`, {
    context: { path: display(path) },
    cause,
    hint: 'Name a folder, or a path where one can be made.',
  })
}

export interface OpenTarget {
  readonly create: boolean
  readonly gone?: ReadonlySet<ByteString> | undefined
}

interface TargetState extends Pick<OpenTarget, 'gone'> {
  readonly isNew: boolean
}

/** The directory that a restore lands in. */
export class TargetTree implements Disposable {
  /** Absolute. */
  readonly path: ByteString
  readonly root: TargetDirectory
  /** -1 where a preview has none. */
  readonly fd: number
  readonly handles: DirectoryHandles

  /** Absolute paths of what is planned to be gone by then. */
  readonly #gone: ReadonlySet<ByteString> | undefined

  private constructor(path: ByteString, fd: number, { isNew, gone }: TargetState) {
    this.path = path
    this.#gone = gone
    this.fd = fd
    this.handles = new DirectoryHandles(fd)
    const name = '' as ByteString
    this.root = { parent: undefined, name, path: name, exists: fd >= 0, isNew, inherits: false, failed: false }
    if (fd >= 0) this.root.inherits = givesAttributes(fd)
  }

  /**
   * Opens the directory at `path`, an absolute path; symbolic links that lead to it are followed.
   *
   * @param create it is made, with its parents, when it is not there; otherwise the tree is one without a descriptor.
   * @param gone absolute paths of what a plan is to pass over, as it is planned to be gone by then.
   * @throws {UsageError} BAD_ARGUMENT: it is no directory, and none can be made there.
   * @throws {TargetError} TARGET_DENIED, TARGET_FULL, TARGET_FAILED
   */
  static open(path: ByteString, { create, gone }: OpenTarget): TargetTree {
    try {
      return new TargetTree(path, openDirectory(path), { isNew: false, gone })
    } catch (error) {
      if (errnoOf(error) === 'ENOTDIR') throw unsuitable(path, 'is not a folder, or lies below a file', error)
      if (errnoOf(error) !== 'ENOENT') throw targetError(path, error)
    }
    if (!create) return new TargetTree(path, -1, { isNew: true, gone })
    try {
      makeDirectories(path)
      return new TargetTree(path, openDirectory(path), { isNew: true, gone })
    } catch (error) {
      // Every parent is there or was made: what says so takes no new folders, as /proc does not, or is no folder.
      if (errnoOf(error) === 'ENOENT') throw unsuitable(path, CANNOT_BE_MADE, error)
      throw targetError(path, error)
    }
  }

  /** Tells whether the target is the root of all files, where nothing is ever deleted. */
  get isFileSystemRoot(): boolean {
    if (this.fd < 0) return false
    const fd = openDirectory('/' as ByteString)
    try {
      const [a, b] = [statusOf(fd), statusOf(this.fd)]
      return a.ino === b.ino && a.devMajor === b.devMajor && a.devMinor === b.devMinor
    } finally {
      closeDescriptor(fd)
    }
  }

  /** Returns the absolute path of an entry of a directory. */
  pathOf(directory: TargetDirectory, name: ByteString): ByteString {
    const relative = name === '' ? directory.path : joinPath(directory.path, name)
    return relative === '' ? this.path : joinPath(this.path, relative)
  }

  /** Returns the names in a directory that is there, and finds out what it gives to new files. @throws {PosixError} */
  list(directory: TargetDirectory): ByteString[] {
    return this.withDescriptor(directory.path, (fd) => {
      directory.inherits = givesAttributes(fd)
      const names = readDirectory(fd)
      const gone = this.#gone
      return gone === undefined ? names : names.filter((name) => !gone.has(this.pathOf(directory, name)))
    })
  }

  /** @throws {PosixError} */
  status(directory: TargetDirectory, name: ByteString): FileStatus {
    return statusAt(this.handles.fd(directory.path), name)
  }

  /** Calls `use` with a descriptor that can do all that a directory's can; `path` is relative. @throws {PosixError} */
  withDescriptor<T>(path: ByteString, use: (fd: number) => T): T {
    if (path === '') return use(this.fd)
    const slash = path.lastIndexOf('/')
    const parent = path.slice(0, Math.max(slash, 0)) as ByteString
    const fd = openDirectoryAt(this.handles.fd(parent), path.slice(slash + 1) as ByteString)
    try {
      return use(fd)
    } finally {
      closeDescriptor(fd)
    }
  }

  [Symbol.dispose](): void {
    this.handles[Symbol.dispose]()
    if (this.fd >= 0) closeDescriptor(this.fd)
  }
}

const SET_GROUP_ID = 0o2000

function givesAttributes(fd: number): boolean {
  if ((statusOf(fd).mode & SET_GROUP_ID) !== 0) return true
  return readXattrs(fd).some(({ name }) => name === 'system.posix_acl_default')
}
